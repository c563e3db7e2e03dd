/**
 * The errors of the API, with Step Functions' own codes.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
 */
import { AwsError } from '../errors.ts';

export function invalidArn(arn: string): AwsError {
  return new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn}'`);
}

export function wrongArn(kind: string): AwsError {
  return new AwsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${kind}'`);
}

export function invalidName(name: string): AwsError {
  return new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

export function invalidDefinition(problem: string): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${problem}'`);
}

export function invalidInput(problem: string): AwsError {
  return new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${problem}'`);
}

export function invalidOutput(problem: string): AwsError {
  return new AwsError('InvalidOutput', `Invalid Output: '${problem}'`);
}

export function invalidToken(): AwsError {
  return new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
}

export function taskTimedOut(): AwsError {
  return new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
}

export function machineDoesNotExist(arn: string): AwsError {
  return new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}

export function executionDoesNotExist(arn: string): AwsError {
  return new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
}

export function executionAlreadyExists(arn: string): AwsError {
  return new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
}

export function activityDoesNotExist(arn: string): AwsError {
  return new AwsError('ActivityDoesNotExist', `Activity Does Not Exist: '${arn}'`);
}

export function resourceNotFound(arn: string): AwsError {
  return new AwsError('ResourceNotFound', `Resource not found: '${arn}'`, 400, {
    fields: { resourceName: arn },
  });
}

export function typeNotSupported(): AwsError {
  return new AwsError(
    'StateMachineTypeNotSupported',
    'This operation is not supported by this type of state machine',
  );
}

export function validationFailed(message: string, reason?: string): AwsError {
  return new AwsError(
    'ValidationException',
    message,
    400,
    reason === undefined ? {} : { fields: { reason } },
  );
}
