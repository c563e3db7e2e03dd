/** The errors of the MSK API, and those of Kafka as the API shows them. */
import { KafkaError } from '../../kafka/errors.ts';
import { AwsError } from '../errors.ts';

const NOT_FOUND = 404;
const CONFLICT = 409;
const UNAVAILABLE = 503;

export function badRequest(message: string, invalidParameter?: string): AwsError {
  return new AwsError('BadRequestException', message, undefined, {
    fields: invalidParameter === undefined ? {} : { invalidParameter },
  });
}

export function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message, NOT_FOUND);
}

export function conflict(message: string): AwsError {
  return new AwsError('ConflictException', message, CONFLICT);
}

/** What the cluster answered, in the API's words. https://docs.aws.amazon.com/msk/1.0/apireference/ */
export function fromKafka(thrown: unknown): Error {
  if (thrown instanceof AwsError) return thrown;
  if (!(thrown instanceof KafkaError)) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new AwsError(
      'ServiceUnavailableException',
      `The cluster does not answer: ${message}`,
      UNAVAILABLE,
    );
  }
  const { errorName, message } = thrown;
  if (errorName === 'TOPIC_ALREADY_EXISTS') return new AwsError('TopicExistsException', message, CONFLICT);
  if (errorName === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new AwsError('UnknownTopicOrPartitionException', message, NOT_FOUND);
  }
  return badRequest(message);
}
