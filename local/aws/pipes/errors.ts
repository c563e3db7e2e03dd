/** The errors of EventBridge Pipes. https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/CommonErrors.html */
import { AwsError } from '../errors.ts';

export const validation = (message: string): AwsError => new AwsError('ValidationException', message);

export const conflict = (message: string): AwsError => new AwsError('ConflictException', message, 409);

export const notFound = (name: string): AwsError =>
  new AwsError('NotFoundException', `Pipe ${name} does not exist.`, 404);
