/** The record of a failed delivery. eventbridge/latest/userguide/eb-custom-bus-retry.html */
import type { DeliveryOutcome, QueueMessage } from '../delivery/index.ts';
import type { AwsError } from '../errors.ts';
import { TRANSFORMATION_FAILURE } from './expressions.ts';
import { MAX_ERROR_MESSAGE_LENGTH } from './limits.ts';
import type { StoredEvent, Subscriber } from './model.ts';

type Failure = DeliveryOutcome & { readonly delivered: false };

/** A message for the dead-letter queue: ids and the error, never the event. */
export function failureRecord(
  { busArn, arn, targetArn, settings: { onFailureArn = '' } }: Subscriber,
  { id, at, groupId, deduplicationId }: StoredEvent,
  { error, exhausted, retries }: Failure,
): QueueMessage {
  const errorCode = errorCodeOf(error);
  const errorMessage = errorMessageOf(errorCode, error, targetArn).slice(0, MAX_ERROR_MESSAGE_LENGTH);
  const body = {
    version: '1.0',
    busArn,
    subscriberArn: arn,
    targetArn,
    errorCode,
    errorMessage,
    exhaustedRetryCondition: exhausted ?? null,
    retryAttempts: retries,
    failedMessages: [
      {
        eventId: id,
        eventGroupId: groupId ?? null,
        deduplicationId: deduplicationId ?? null,
        timestamp: new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
      },
    ],
  };
  const attributes = {
    ERROR_CODE: errorCode,
    ERROR_MESSAGE: errorMessage,
    SUBSCRIBER_ARN: arn,
    TARGET_ARN: targetArn,
    BUS_ARN: busArn,
    ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
    RETRY_ATTEMPTS: String(retries),
  };
  return {
    MessageBody: JSON.stringify(body),
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    ),
    // No deduplication id: AWS says nothing of one, so a FIFO queue has to make it of the content.
    ...(onFailureArn.endsWith('.fifo') ? { MessageGroupId: groupId ?? id } : {}),
  };
}

const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^INPUT_TRANSFORMATION_FAILURE$|^COMPUTE_EXECUTION_ERROR$/, ''],
  [/AccessDenied|NotAuthorized|Authorization|KmsAccess/i, 'ACCESS_DENIED'],
  [/DoesNotExist|NotFound|NonExistent/i, 'RESOURCE_NOT_FOUND'],
  [/KMS.*(?:InvalidState|Disabled)/i, 'KMS_INVALID_STATE'],
  [/Throttl|TooManyRequests/i, 'THROTTLING'],
  [/TooLarge|TooLong/i, 'REQUEST_TOO_LARGE'],
  [/Timeout/i, 'EXECUTION_TIMEOUT'],
  [/Conflict|AlreadyExists/i, 'RESOURCE_CONFLICT'],
];

function errorCodeOf({ code, httpStatus }: AwsError): string {
  const found = CLASSES.find(([pattern]) => pattern.test(code));
  if (found) return found[1] === '' ? code : found[1];
  return httpStatus >= 500 ? 'INVOCATION_DEPENDENCY_INTERNAL' : 'CUSTOMER_VALIDATION';
}

function errorMessageOf(errorCode: string, { message }: AwsError, resource: string): string {
  if (errorCode === 'CUSTOMER_VALIDATION' || errorCode === TRANSFORMATION_FAILURE) return message;
  if (errorCode === 'ACCESS_DENIED' || errorCode === 'RESOURCE_NOT_FOUND') {
    return `EventBridge could not access ${resource}. Check that it exists and that its policy allows the EventBridge service principal access.`;
  }
  return "The delivery failed. Use this record's error code and request id when investigating, and contact AWS Support if the failure persists.";
}
