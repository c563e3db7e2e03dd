/** The errors of IAM, in its words. IAM/latest/APIReference/CommonErrors.html */
import { AwsError } from '../errors.ts';

export function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntityException', message, 404, { queryCode: 'NoSuchEntity' });
}

export function entityExists(message: string): AwsError {
  return new AwsError('EntityAlreadyExistsException', message, 409, { queryCode: 'EntityAlreadyExists' });
}

export function deleteConflict(message: string): AwsError {
  return new AwsError('DeleteConflictException', message, 409, { queryCode: 'DeleteConflict' });
}

export function malformedPolicy(message: string): AwsError {
  return new AwsError('MalformedPolicyDocumentException', message, 400, {
    queryCode: 'MalformedPolicyDocument',
  });
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}
