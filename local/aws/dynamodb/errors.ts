/**
 * The errors of DynamoDB in AWS's words.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
import { AwsError } from '../errors.ts';
import type { Item } from './model.ts';

export const DYNAMODB_NAMESPACE = 'com.amazonaws.dynamodb.v20120810';

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message, 400, { namespace: 'com.amazon.coral.validate' });
}

/** `One or more parameter values were invalid: ...` */
export function invalidParameters(reason: string): AwsError {
  return validationError(`One or more parameter values were invalid: ${reason}`);
}

/** `1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must ...` */
export function constraintError(value: unknown, member: string, constraint: string): AwsError {
  const shown = value === undefined || value === null ? 'null' : `'${shownValue(value)}'`;
  return validationError(
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shownValue).join(', ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, 400, { namespace: 'com.amazon.coral.service' });
}

/** What calls on items answer when their table is not there. */
export function resourceNotFound(message = 'Requested resource not found'): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

/** What calls on tables answer when the table is not there. */
export function tableNotFound(name: string): AwsError {
  return resourceNotFound(`Requested resource not found: Table: ${name} not found`);
}

export function resourceInUse(message: string): AwsError {
  return new AwsError('ResourceInUseException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

/** `item` is there when ReturnValuesOnConditionCheckFailure asked for it. */
export function conditionalCheckFailed(item?: Item): AwsError {
  return new AwsError('ConditionalCheckFailedException', CONDITION_FAILED, 400, {
    fields: item === undefined ? {} : { Item: item },
  });
}

export const CONDITION_FAILED = 'The conditional request failed';

/** Why one action of a transaction stopped it; `None` when it did not. */
export interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

export function transactionCanceled(reasons: readonly CancellationReason[]): AwsError {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  // The SDKs read `Message` or `message`; AWS sends the capital one here.
  return new AwsError('TransactionCanceledException', message, 400, {
    fields: { Message: message, CancellationReasons: reasons },
  });
}
