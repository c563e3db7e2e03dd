/** The runbooks that descriptions of alarms lead to: one file per kind of alarm, in docs/runbooks. */
import type { IConstruct } from 'constructs';

/** The context key an application sets: `app.node.setContext(RUNBOOK_BASE_URL_CONTEXT_KEY, 'https://wiki.example.com/runbooks')`. */
export const RUNBOOK_BASE_URL_CONTEXT_KEY = 'waybill:runbookBaseUrl';

export const RUNBOOKS = [
  'account-concurrency',
  'broker',
  'consumer-backlog',
  'consumer-unhealthy',
  'database',
  'dead-letters',
  'event-lost',
  'event-store',
  'event-undelivered',
  'function-errors',
  'http-api',
  'jobs',
  'kafka',
  'outbox-relay',
  'parked-messages',
  'process',
  'recursion',
  'redis',
  'scheduled-function',
  'stream',
  'web-socket',
  'workflow',
] as const;
export type Runbook = (typeof RUNBOOKS)[number];

/** Where they are in this library's repository, for whoever set no base URL. */
const DEFAULT_BASE_URL = 'docs/runbooks';

/** `BASE/NAME.md`. */
export function runbookLink(scope: IConstruct, runbook: Runbook): string {
  const configured: unknown = scope.node.tryGetContext(RUNBOOK_BASE_URL_CONTEXT_KEY);
  const base = typeof configured === 'string' && configured !== '' ? configured : DEFAULT_BASE_URL;
  return `${base.replace(/\/+$/, '')}/${runbook}.md`;
}
