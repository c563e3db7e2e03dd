/** The errors of EventBridge. https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html */
import { AwsError } from '../errors.ts';

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

export function alreadyExists(message: string): AwsError {
  return new AwsError('ResourceAlreadyExistsException', message);
}

/** A member of the request has the wrong JSON type. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message);
}

export function limitExceeded(): AwsError {
  return new AwsError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
}

export function policyTooLong(): AwsError {
  return new AwsError(
    'PolicyLengthExceededException',
    'The policy size of the event bus exceeds the maximum allowed.',
  );
}

export function invalidPattern(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}
