/** Reads a schedule of CreateSchedule or UpdateSchedule and refuses what Scheduler refuses. */
import { type Input, inputReader } from '../input.ts';
import { record } from '../json.ts';
import { page } from '../paging.ts';
import { isTimeZone, readSchedule } from '../schedules/index.ts';
import { validationError } from './errors.ts';
import type { Schedule, ScheduleTarget } from './model.ts';
import { checkUniversalTarget } from './universal-target.ts';

export type { Input } from '../input.ts';
export { record } from '../json.ts';

/** API_RetryPolicy.html, API_FlexibleTimeWindow.html */
export const MAX_RETRY_ATTEMPTS = 185;
export const MAX_EVENT_AGE_SECONDS = 86_400;
const MIN_EVENT_AGE_SECONDS = 60;
const MAX_WINDOW_MINUTES = 1_440;
/** Items of a page of a List action. */
const PAGE_SIZE = 100;

const NAME = /^[0-9a-zA-Z\-_.]{1,64}$/;
const ARN = /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$/;
const ROLE_ARN = /^arn:[a-z-]+:iam::\d{12}:role\/.+$/;

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) => validationError(`${name} must not be null or empty.`),
  wrongType: (name, expected) => validationError(`${name} must be ${expected}.`),
  outOfRange: (name, _value, from, to) => validationError(`${name} must be from ${from} to ${to}.`),
});

/** The members of a schedule that come from the request, as they are kept. */
export type ScheduleSettings = Omit<
  Schedule,
  'name' | 'arn' | 'groupName' | 'createdAt' | 'modifiedAt' | 'due' | 'clientToken' | 'lastDue'
>;

export function readSettings(input: Input): ScheduleSettings {
  const expression = requiredText(input, 'ScheduleExpression');
  const timeZone = optionalText(input, 'ScheduleExpressionTimezone') ?? 'UTC';
  if (!isTimeZone(timeZone)) throw validationError(`Invalid ScheduleExpressionTimezone ${timeZone}.`);
  readExpression(expression, timeZone);
  const startDate = optionalTime(input, 'StartDate');
  const endDate = optionalTime(input, 'EndDate');
  if (startDate !== undefined && endDate !== undefined && endDate < startDate) {
    throw validationError('The EndDate you specify must come after the StartDate.');
  }
  const state = oneOf(input, 'State', ['ENABLED', 'DISABLED']);
  const completion = oneOf(input, 'ActionAfterCompletion', ['NONE', 'DELETE']);
  return {
    expression,
    timeZone,
    startDate,
    endDate,
    windowMinutes: readWindow(record(input['FlexibleTimeWindow'])),
    enabled: state === 'ENABLED',
    deleteWhenDone: completion === 'DELETE',
    target: readTarget(record(input['Target'])),
    description: optionalText(input, 'Description'),
    kmsKeyArn: optionalText(input, 'KmsKeyArn'),
  };
}

/** The expression as it is used. */
export function readExpression(expression: string, timeZone: string): Schedule['due'] {
  const due = readSchedule(expression, { oneTime: true, timeZone });
  if (!due) throw validationError(`Invalid Schedule Expression ${expression}.`);
  return due;
}

export function readName(input: Input, member = 'Name'): string {
  const name = requiredText(input, member);
  if (!NAME.test(name)) {
    const at = member.charAt(0).toLowerCase() + member.slice(1);
    const rule =
      name.length > 64
        ? 'have length less than or equal to 64'
        : 'satisfy regular expression pattern: [0-9a-zA-Z-_.]+';
    throw validationError(
      `1 validation error detected: Value '${name}' at '${at}' failed to satisfy constraint: Member must ${rule}`,
    );
  }
  return name;
}

/** The page that `MaxResults` and `NextToken` ask for. Both are text when they come in the query string. */
export function pageOf<Item>(all: readonly Item[], input: Input) {
  const { MaxResults: given } = input;
  const asked = typeof given === 'string' ? { ...input, MaxResults: Number(given) } : input;
  return page(all, {
    size: wholeNumber(asked, 'MaxResults', 1, PAGE_SIZE, PAGE_SIZE),
    token: optionalText(input, 'NextToken'),
    invalidToken: () => validationError('Invalid NextToken.'),
  });
}

function readWindow(window: Input): number {
  const mode = optionalText(window, 'Mode');
  if (mode === undefined) throw validationError('FlexibleTimeWindow.Mode must be OFF or FLEXIBLE.');
  if (mode === 'OFF') return 0;
  const minutes = window['MaximumWindowInMinutes'];
  if (mode !== 'FLEXIBLE' || typeof minutes !== 'number' || minutes < 1 || minutes > MAX_WINDOW_MINUTES) {
    throw validationError(
      `A FLEXIBLE time window needs MaximumWindowInMinutes from 1 to ${MAX_WINDOW_MINUTES}.`,
    );
  }
  return minutes;
}

function readTarget(target: Input): ScheduleTarget {
  const arn = requiredText(target, 'Arn');
  if (!ARN.test(arn)) throw validationError('Provided Arn is not in correct format.');
  const roleArn = requiredText(target, 'RoleArn');
  if (!ROLE_ARN.test(roleArn)) throw validationError('Provided RoleArn is not in correct format.');
  checkUniversalTarget(arn, optionalText(target, 'Input'));
  const group = optionalText(record(target['SqsParameters']), 'MessageGroupId');
  if (arn.includes(':sqs:') && arn.endsWith('.fifo') && group === undefined) {
    throw validationError('SqsParameters.MessageGroupId is required for a FIFO queue.');
  }
  if (arn.includes(':event-bus/')) {
    const parameters = record(target['EventBridgeParameters']);
    requiredText(parameters, 'DetailType');
    requiredText(parameters, 'Source');
  }
  if (arn.includes(':kinesis:')) requiredText(record(target['KinesisParameters']), 'PartitionKey');
  const deadLetterArn = optionalText(record(target['DeadLetterConfig']), 'Arn');
  if (deadLetterArn !== undefined && !/^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w-]+$/.test(deadLetterArn)) {
    throw validationError('DeadLetterConfig.Arn must be the ARN of a standard queue.');
  }
  const policy = record(target['RetryPolicy']);
  const attempts = { 'RetryPolicy.MaximumRetryAttempts': policy['MaximumRetryAttempts'] };
  wholeNumber(attempts, 'RetryPolicy.MaximumRetryAttempts', 0, MAX_RETRY_ATTEMPTS, 0);
  const age = { 'RetryPolicy.MaximumEventAgeInSeconds': policy['MaximumEventAgeInSeconds'] };
  wholeNumber(age, 'RetryPolicy.MaximumEventAgeInSeconds', MIN_EVENT_AGE_SECONDS, MAX_EVENT_AGE_SECONDS, 0);
  return { ...target, Arn: arn, RoleArn: roleArn };
}

function oneOf(input: Input, name: string, values: readonly [string, ...string[]]): string {
  const value = optionalText(input, name) ?? values[0];
  if (!values.includes(value)) throw validationError(`${name} must be one of ${values.join(', ')}.`);
  return value;
}

/** A time in milliseconds since the epoch: seconds on the wire, a Date or ISO text in process. */
function optionalTime(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return value.getTime();
  const time =
    typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw validationError(`${name} is not a time.`);
  return time;
}
