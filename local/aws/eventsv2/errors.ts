/** The errors of the Custom Event Bus. https://docs.aws.amazon.com/eventbridgev2/latest/APIReference/ */
import { AwsError } from '../errors.ts';

export const invalidInput = (message: string): AwsError => new AwsError('InvalidInputException', message);
export const notFound = (message: string): AwsError =>
  new AwsError('ResourceNotFoundException', message, 404);
export const alreadyExists = (message: string): AwsError =>
  new AwsError('ResourceAlreadyExistsException', message, 409);
export const inUse = (message: string): AwsError => new AwsError('ResourceInUseException', message, 409);
export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceededException', message);
export const policyTooLong = (): AwsError =>
  new AwsError('PolicyLengthExceededException', 'The resource policy is larger than its quota.');
export const publicPolicy = (): AwsError =>
  new AwsError('PublicPolicyException', 'The policy would grant public access to the event bus.');
