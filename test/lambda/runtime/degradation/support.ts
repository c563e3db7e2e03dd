/** What the tests of the controls share: an embedded AWS with a controls table, and queues. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws, ManualClock } from '../../../../local/aws/index.ts';
import { dynamoDbClient } from '../../../../lambda/runtime/aws/dynamodb.ts';
import type { DynamoDbClient } from '../../../../lambda/runtime/aws/dynamodb.ts';
import type { Clock } from '../../../../lambda/runtime/clock.ts';

export const TABLE = 'controls';

export interface ControlsUnderTest {
  readonly aws: EmbeddedAws;
  readonly clock: ManualClock;
  /** The same clock, as the runtime takes it. */
  readonly runtimeClock: Clock;
  readonly table: DynamoDbClient;
  readonly sqs: SQSClient;
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface TestQueue {
  readonly url: string;
  readonly arn: string;
}

export async function controlsUnderTest(): Promise<ControlsUnderTest> {
  const clock = manualClock();
  const aws = await startEmbeddedAws({ clock, port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const dynamodb = new DynamoDBClient(settings);
  const created = dynamodb.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  await clock.advance(10_000);
  await created;
  await clock.advance(10_000);
  const sqs = new SQSClient(settings);
  return {
    aws,
    clock,
    runtimeClock: {
      now: () => clock.now(),
      setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds),
      clearTimeout: (timer) => clock.clearTimeout(timer as object),
    },
    table: dynamoDbClient(TABLE, environment),
    sqs,
    environment,
    async close() {
      dynamodb.destroy();
      sqs.destroy();
      await aws.close();
    },
  };
}

export async function createQueue(
  sqs: SQSClient,
  name: string,
  attributes: Record<string, string> = {},
): Promise<TestQueue> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl: url } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url!, AttributeNames: ['QueueArn'] }),
  );
  return { url: url!, arn: Attributes!['QueueArn']! };
}

/** A table that does not answer. */
export const UNREACHABLE_TABLE: DynamoDbClient = {
  call: () => Promise.reject(Object.assign(new Error('no route'), { name: 'TimeoutError' })),
};
