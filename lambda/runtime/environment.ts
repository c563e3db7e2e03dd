/** The variables a deployed function finds, read in one place. The constructs set them. */
import { RuntimeError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Who sets a variable and how to get it, for the error that names it. */
const VARIABLES = {
  WAYBILL_CONSUMER: 'QueueConsumer sets it; elsewhere give consume() a `consumer` name',
  WAYBILL_QUEUE_URL: 'QueueConsumer sets it; elsewhere give poll() a `queueUrl`',
  WAYBILL_PUBLISH_ROUTES:
    'x.grants.publish(fn) of a topic or bus sets it; elsewhere give createPublisher() a transport',
  WAYBILL_SEALING_KEY_ARN:
    'sealingKey.grants.seal(fn) and .open(fn) set it; elsewhere give kmsDataKeys() a `keyArn`',
  WAYBILL_STATE_MACHINE_ARN: 'grants.start(fn) of a TaskMachine sets it',
} as const;

export type RequiredVariable = keyof typeof VARIABLES;

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING naming the variable, who sets it and the fix */
export function requiredVariable(environment: Environment, name: RequiredVariable): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_MISSING',
      `environment variable ${name} is not set: ${VARIABLES[name]}`,
    );
  }
  return value;
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_INVALID when set to something else than a whole number above zero */
export function positiveNumberVariable(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      `environment variable ${name} must be a whole number above zero, received '${text}'`,
    );
  }
  return value;
}
