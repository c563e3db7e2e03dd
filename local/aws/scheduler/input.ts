/** Reads a schedule of CreateSchedule or UpdateSchedule and refuses what Scheduler refuses. */
import { isTimeZone, readSchedule } from '../schedules/index.ts';
import { validationError } from './errors.ts';
import type { Schedule, ScheduleTarget } from './model.ts';

export type Input = Readonly<Record<string, unknown>>;

/** API_RetryPolicy.html, API_FlexibleTimeWindow.html */
export const MAX_RETRY_ATTEMPTS = 185;
export const MAX_EVENT_AGE_SECONDS = 86_400;
const MIN_EVENT_AGE_SECONDS = 60;
const MAX_WINDOW_MINUTES = 1_440;

const NAME = /^[0-9a-zA-Z\-_.]{1,64}$/;
const ARN = /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$/;

/** The members of a schedule that come from the request. */
export type ScheduleSettings = Omit<Schedule, 'name' | 'arn' | 'groupName' | 'createdAt' | 'modifiedAt'>;

export function readSettings(input: Input): ScheduleSettings {
  const expression = requiredText(input, 'ScheduleExpression');
  const timeZone = optionalText(input, 'ScheduleExpressionTimezone') ?? 'UTC';
  if (!isTimeZone(timeZone)) throw validationError(`Invalid ScheduleExpressionTimezone ${timeZone}.`);
  const due = readSchedule(expression, { oneTime: true, timeZone });
  if (!due) throw validationError(`Invalid Schedule Expression ${expression}.`);
  const state = oneOf(input, 'State', ['ENABLED', 'DISABLED']);
  const completion = oneOf(input, 'ActionAfterCompletion', ['NONE', 'DELETE']);
  return {
    expression,
    due,
    timeZone,
    startDate: optionalTime(input, 'StartDate'),
    endDate: optionalTime(input, 'EndDate'),
    windowMinutes: readWindow(record(input['FlexibleTimeWindow'])),
    enabled: state === 'ENABLED',
    deleteWhenDone: completion === 'DELETE',
    target: readTarget(record(input['Target'])),
    description: optionalText(input, 'Description'),
    kmsKeyArn: optionalText(input, 'KmsKeyArn'),
  };
}

export function readName(input: Input): string {
  const name = requiredText(input, 'Name');
  if (!NAME.test(name)) {
    throw validationError(
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+`,
    );
  }
  return name;
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
  const group = optionalText(record(target['SqsParameters']), 'MessageGroupId');
  if (arn.includes(':sqs:') && arn.endsWith('.fifo') && group === undefined) {
    throw validationError('SqsParameters.MessageGroupId is required for a FIFO queue.');
  }
  if (arn.includes(':event-bus/')) {
    const parameters = record(target['EventBridgeParameters']);
    requiredText(parameters, 'DetailType');
    requiredText(parameters, 'Source');
  }
  checkRange(record(target['RetryPolicy']), 'MaximumRetryAttempts', 0, MAX_RETRY_ATTEMPTS);
  checkRange(
    record(target['RetryPolicy']),
    'MaximumEventAgeInSeconds',
    MIN_EVENT_AGE_SECONDS,
    MAX_EVENT_AGE_SECONDS,
  );
  return { ...target, Arn: arn, RoleArn: roleArn };
}

function checkRange(input: Input, name: string, from: number, to: number): void {
  const value = input[name];
  if (value === undefined || value === null) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
    throw validationError(`RetryPolicy.${name} must be from ${from} to ${to}.`);
  }
}

function oneOf(input: Input, name: string, values: readonly [string, ...string[]]): string {
  const value = optionalText(input, name) ?? values[0];
  if (!values.includes(value)) throw validationError(`${name} must be one of ${values.join(', ')}.`);
  return value;
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw validationError(`${name} must be a string.`);
  return value;
}

function requiredText(input: Input, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined || value === '') throw validationError(`${name} must not be null or empty.`);
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

export function record(value: unknown): Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : {};
}
