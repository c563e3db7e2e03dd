/**
 * The errors of SQS in AWS's words, with the codes of both protocols.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 */
import { AwsError } from '../errors.ts';
import { MAXIMUM_BATCH_ENTRIES, MAXIMUM_MESSAGE_BYTES } from './limits.ts';

/** The errors that SQS does not model come from the framework under it, and say so in their type. */
const FRAMEWORK = 'com.amazon.coral.service';

export function queueDoesNotExist(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', 400, {
    queryCode: 'AWS.SimpleQueueService.NonExistentQueue',
  });
}

export function queueNameExists(attribute: string): AwsError {
  return new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
    400,
    { queryCode: 'QueueAlreadyExists' },
  );
}

export function queueDeletedRecently(): AwsError {
  return modelled(
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  );
}

export function purgeQueueInProgress(name: string): AwsError {
  return modelled(
    'PurgeQueueInProgress',
    `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
    403,
  );
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, 400, {
    queryCode: 'InvalidParameterValue',
    namespace: FRAMEWORK,
  });
}

/** `Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.` */
export function invalidValue(parameter: string, value: unknown, reason: string): AwsError {
  return invalidParameter(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missingParameter(parameter: string): AwsError {
  return new AwsError(
    'MissingRequiredParameterException',
    `The request must contain the parameter ${parameter}.`,
    400,
    { queryCode: 'MissingParameter', namespace: FRAMEWORK },
  );
}

export function invalidAttributeName(name: string): AwsError {
  return new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

export function invalidAttributeValue(name: string, reason = ''): AwsError {
  return new AwsError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason && ` Reason: ${reason}`}`,
  );
}

export function invalidMessageContents(): AwsError {
  return new AwsError(
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  );
}

export function messageTooLong(limit: number): AwsError {
  return invalidParameter(
    `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
  );
}

export function receiptHandleIsInvalid(handle: unknown): AwsError {
  return new AwsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${String(handle)}" is not a valid receipt handle.`,
    400,
    { queryHttpStatus: 404 },
  );
}

export function messageNotInFlight(): AwsError {
  return modelled('MessageNotInflight', 'The specified message is not in flight.');
}

export function emptyBatch(entryType: string): AwsError {
  return modelled('EmptyBatchRequest', `There should be at least one ${entryType} in the request.`);
}

export function tooManyEntries(count: number): AwsError {
  return modelled(
    'TooManyEntriesInBatchRequest',
    `Maximum number of entries per request are ${MAXIMUM_BATCH_ENTRIES}. You have sent ${count}.`,
  );
}

export function batchIdsNotDistinct(id: string): AwsError {
  return modelled('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
}

export function invalidBatchEntryId(): AwsError {
  return modelled(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  );
}

export function batchTooLong(bytes: number): AwsError {
  return modelled(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${MAXIMUM_MESSAGE_BYTES} bytes. You have sent ${bytes} bytes.`,
  );
}

export function overLimit(message: string): AwsError {
  return new AwsError('OverLimit', message, 400, { queryHttpStatus: 403 });
}

export function invalidAddress(address: string): AwsError {
  return new AwsError('InvalidAddress', `The address ${address} is not valid for this endpoint.`, 400, {
    queryHttpStatus: 404,
  });
}

export function unsupportedOperation(message: string): AwsError {
  return modelled('UnsupportedOperation', message);
}

export function resourceNotFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, 400, { queryHttpStatus: 404 });
}

/** The request has a member of another type than the API's. */
export function wrongType(message: string): AwsError {
  return new AwsError('SerializationException', message, 400, {
    queryCode: 'MalformedInput',
    namespace: FRAMEWORK,
  });
}

function modelled(code: string, message: string, queryHttpStatus = 400): AwsError {
  return new AwsError(code, message, 400, {
    queryCode: `AWS.SimpleQueueService.${code}`,
    queryHttpStatus,
  });
}
