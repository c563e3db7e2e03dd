/** What an error of an AWS call means for the events in it. */
export interface EntryFailure {
  readonly code: string;
  readonly message: string;
  /** The event itself is refused: sending it again changes nothing. */
  readonly messageAtFault: boolean;
  /** Worth another try within this call of `send`. */
  readonly retryNow: boolean;
}

/** Codes by which SNS, SQS and EventBridge refuse the content of an entry, as opposed to the caller or the target. */
const MESSAGE_FAULTS = new Set([
  'BatchRequestTooLong',
  'InvalidAttributeValue',
  'InvalidInputException',
  'InvalidMessageContents',
  'InvalidParameter',
  'InvalidParameterException',
  'InvalidParameterValue',
  'InvalidParameterValueException',
  'MalformedDetail',
  'MessageTooLong',
  'ParameterValueInvalid',
  'UnsupportedOperation',
  'ValidationError',
  'ValidationException',
]);

/**
 * An entry that a batch call reports as failed. `senderFault` is the service's word that it is not to blame;
 * a missing permission or key is the sender's fault too, but not the event's.
 */
export function entryFailure(code: string, message: string, senderFault: boolean): EntryFailure {
  return { code, message, messageAtFault: senderFault && MESSAGE_FAULTS.has(code), retryNow: !senderFault };
}

/** A call that failed as a whole. The client has retried it already. */
export function callFailure(error: unknown): EntryFailure {
  const name = error instanceof Error ? error.name : 'UnknownError';
  const code = errorCode(error) ?? name;
  return {
    code,
    message: error instanceof Error ? error.message : String(error),
    messageAtFault: MESSAGE_FAULTS.has(shortCode(code)) || MESSAGE_FAULTS.has(name),
    retryNow: false,
  };
}

function errorCode(error: unknown): string | undefined {
  const { Code, code = Code } = Object(error) as { readonly Code?: unknown; readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** `AWS.SimpleQueueService.BatchRequestTooLong` -> `BatchRequestTooLong`. */
function shortCode(code: string): string {
  return code.slice(code.lastIndexOf('.') + 1);
}
