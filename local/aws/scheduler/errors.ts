/**
 * The errors of EventBridge Scheduler. https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html
 */
import { AwsError } from '../errors.ts';

const NOT_FOUND = 404;
const CONFLICT = 409;
const PAYMENT_REQUIRED = 402;

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function notFound(kind: 'Schedule' | 'Schedule group', name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `${kind} ${name} does not exist.`, NOT_FOUND);
}

export function quotaExceeded(what: string): AwsError {
  return new AwsError('ServiceQuotaExceededException', `The limit of ${what} is reached.`, PAYMENT_REQUIRED);
}

export function conflict(kind: 'Schedule' | 'Schedule group', name: string): AwsError {
  return new AwsError('ConflictException', `${kind} ${name} already exists.`, CONFLICT);
}
