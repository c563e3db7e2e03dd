/**
 * Universal targets: any action of any service, with the schedule's input as its parameters.
 * scheduler/latest/UserGuide/managing-targets-universal.html
 */
import { validationError } from './errors.ts';

/** `arn:aws:scheduler:::aws-sdk:sqs:sendMessage` */
const UNIVERSAL_TARGET = /^arn:[a-z-]+:scheduler:::aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)$/;

/** Services whose name in an SDK is not that of their endpoint. */
const ENDPOINT_NAMES: Readonly<Record<string, string>> = {
  cloudwatchlogs: 'logs',
  eventbridge: 'events',
  sfn: 'states',
};

/** "EventBridge Scheduler does not support read-only API actions", by their prefixes. */
const READ_ONLY =
  /^(get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|translateDocument|isAuthorized|invokeModel)/;

/** The service and action of a universal target, by the names they have here; undefined for any other target. */
export function universalTarget(
  arn: string,
): { readonly service: string; readonly action: string } | undefined {
  const [, sdkName, action] = UNIVERSAL_TARGET.exec(arn) ?? [];
  if (sdkName === undefined || action === undefined) return undefined;
  const service = ENDPOINT_NAMES[sdkName] ?? sdkName;
  return { service, action: action.charAt(0).toUpperCase() + action.slice(1) };
}

export function checkUniversalTarget(arn: string, input: string | undefined): void {
  if (!arn.includes(':scheduler:::')) return;
  const [, , action = ''] = UNIVERSAL_TARGET.exec(arn) ?? [];
  if (action === '' || /^[A-Z]/.test(action) || READ_ONLY.test(action)) {
    throw validationError(`${arn} is not a supported target.`);
  }
  if (input === undefined || input === '') return;
  try {
    JSON.parse(input);
  } catch {
    throw validationError('Invalid Input: it must be JSON for a universal target.');
  }
}
