/** The errors of Kinesis, by their names in the API reference. */
import { AwsError } from '../errors.ts';

export const invalidArgument = (message: string): AwsError =>
  new AwsError('InvalidArgumentException', message);

export const validation = (message: string): AwsError => new AwsError('ValidationException', message);

export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceededException', message);

export const resourceInUse = (message: string): AwsError => new AwsError('ResourceInUseException', message);

export const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message);

export const streamNotFound = (name: string, accountId: string): AwsError =>
  notFound(`Stream ${name} under account ${accountId} not found.`);

export const shardNotFound = (shardId: string, streamName: string, accountId: string): AwsError =>
  notFound(
    `Could not find shard ${shardId} in stream ${streamName} under account ${accountId}. Does it exist?`,
  );

export const throughputExceeded = (shardId: string, streamName: string, accountId: string): AwsError =>
  new AwsError(
    'ProvisionedThroughputExceededException',
    `Rate exceeded for shard ${shardId} in stream ${streamName} under account ${accountId}.`,
  );
