/** What `waybill start` says once the system runs: where it is, and what of it does not run here. */
import { styleText } from 'node:util';
import type { Consumer } from '../../local/run/consumers.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import type { RunnableSystem } from '../../local/run/systems/index.ts';

/** Of the labels, two spaces after the longest. */
const LABEL_WIDTH = 13;

export interface BannerProps {
  readonly run: LocalRun;
  readonly system: RunnableSystem;
  readonly consumers: readonly Consumer[];
  readonly logFile: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Of the page that shows the system at work, where it has one. */
  readonly pageUrl?: string | undefined;
}

export function banner({ run, system, consumers, logFile, startedAt, pageUrl }: BannerProps): string {
  const { stacks, resources, notRun, inert } = run.deployed;
  const functions = run.aws.context.services.get('lambda').listFunctions().length;
  const topics = run.deployed.find('AWS::SNS::Topic').length;
  const queues = run.deployed.find('AWS::SQS::Queue').length;
  const followed = consumers.filter(({ carriesEvents }) => carriesEvents).length;
  const byReason = Map.groupBy(inert, ({ reason }) => reason);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const line = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;
  return [
    `${styleText('bold', 'Waybill')}  ${system.name} ready in ${seconds} s`,
    line('environment', `${run.environment}, ${stacks.length} stacks, ${resources.length} resources`),
    line('endpoint', `${run.aws.endpointUrl}   (AWS_ENDPOINT_URL for the CLI and any SDK)`),
    ...(pageUrl === undefined ? [] : [line('page', pageUrl)]),
    line('API', run.apiUrl),
    line('database', `PostgreSQL on port ${new URL(run.databaseUrl).port}`),
    line('logs', logFile),
    line('running', `${topics} topics, ${queues} queues, ${functions} functions, ${followed} consumers`),
    ...system.banner(run).map(([label, text]) => line(label, text)),
    ...[...Map.groupBy(notRun, ({ reason }) => reason)].map(
      ([reason, left]) =>
        `  ${styleText('yellow', 'not run'.padEnd(LABEL_WIDTH))}${countTypes(left)}: ${reason}`,
    ),
    ...[...byReason].map(([reason, left]) => line('left out', `${countTypes(left)}: ${reason}`)),
    '',
    '',
  ].join('\n');
}

function countTypes(resources: readonly { readonly type: string }[]): string {
  return [...Map.groupBy(resources, ({ type }) => type.replace('AWS::', ''))]
    .map(([type, group]) => `${group.length} ${type}`)
    .join(', ');
}
