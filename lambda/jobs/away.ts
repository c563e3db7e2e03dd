/** Tells what can not be reached now, and will be again, from a mistake: DynamoDB, SQS, S3, or the way to them. */
import { isThrottled } from '../runtime/aws/dynamodb.ts';

const NOT_NOW =
  /Throttl|ServiceUnavailable|InternalFailure|InternalServerError|TransactionInProgress|^TimeoutError$|^JobConflictError$/;

/** Told by fields and not by class: an error may come from fetch, from the SDK or from our own calls. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { status, retryable } = error as { readonly status?: unknown; readonly retryable?: unknown };
  // An event that SQS did not take, which it may take later.
  if (error.name === 'PublishError') return retryable === true;
  // What fetch throws is a TypeError with the network's error as its cause.
  if (error instanceof TypeError && error.cause !== undefined) return true;
  return (typeof status === 'number' && status >= 500) || NOT_NOW.test(error.name) || isThrottled(error);
}
