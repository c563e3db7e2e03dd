/** What the tests of the jobs system share: an embedded AWS with its table, its queues and its bucket. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';
import { createJobStore } from '../../../lambda/jobs/job-store.ts';
import type { JobStore } from '../../../lambda/jobs/job-store.ts';
import { resultStoreIn } from '../../../lambda/jobs/result-store.ts';
import type { ResultStore } from '../../../lambda/jobs/result-store.ts';
import { s3ClaimStore } from '../../../lambda/runtime/claim-check/s3-claim-store.ts';
import { dynamoDbClient } from '../../../lambda/runtime/aws/dynamodb.ts';
import type { DynamoDbClient } from '../../../lambda/runtime/aws/dynamodb.ts';

export const TABLE = 'jobs';
export const BUCKET = 'claims';
export interface Limits {
  readonly maxRunningPerTenant: number;
  readonly dailyPerTenant: number;
  readonly retentionDays: number;
}

export const LIMITS: Limits = { maxRunningPerTenant: 3, dailyPerTenant: 20, retentionDays: 7 };

export interface JobsUnderTest {
  readonly aws: EmbeddedAws;
  readonly client: DynamoDbClient;
  readonly store: JobStore;
  readonly results: ResultStore;
  readonly sqs: SQSClient;
  readonly environment: Readonly<Record<string, string>>;
  /** The store's time moves by so much ahead of the machine's. */
  skip(milliseconds: number): void;
  now(): number;
  storeWith(limits: Partial<Limits>): JobStore;
  /** The tenant's count of running jobs. */
  running(tenantId: string): Promise<number>;
  queue(name: string): Promise<{ readonly url: string; readonly arn: string }>;
  close(): Promise<void>;
}

export async function jobsUnderTest(): Promise<JobsUnderTest> {
  const aws = await startEmbeddedAws({ port: 0 });
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
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const sqs = new SQSClient(settings);
  await dynamodb.send(new CreateTableCommand(TABLE_INPUT));
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const client = dynamoDbClient(TABLE, environment);
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const storeWith = (limits: Partial<Limits>): JobStore =>
    createJobStore({ client, table: TABLE, now, ...LIMITS, ...limits });
  return {
    aws,
    client,
    sqs,
    environment,
    store: storeWith({}),
    results: resultStoreIn(s3ClaimStore(BUCKET, environment)),
    now,
    storeWith,
    skip(milliseconds) {
      ahead += milliseconds;
    },
    async running(tenantId) {
      const key = { pk: { S: `TENANT#${tenantId}` }, sk: { S: 'RUNNING' } };
      const { Item } = await client.call('GetItem', { Key: key, ConsistentRead: true });
      const count = Item?.['running'];
      return count !== undefined && 'N' in count ? Number(count.N) : 0;
    },
    async queue(name) {
      const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url!, AttributeNames: ['QueueArn'] }),
      );
      return { url: url!, arn: Attributes!['QueueArn']! };
    },
    async close() {
      dynamodb.destroy();
      s3.destroy();
      sqs.destroy();
      await aws.close();
    },
  };
}

const TABLE_INPUT = {
  TableName: TABLE,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk', 'createdKey', 'openShard', 'deadlineAt'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byCreation',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'createdKey', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
    {
      IndexName: 'open',
      KeySchema: [
        { AttributeName: 'openShard', KeyType: 'HASH' },
        { AttributeName: 'deadlineAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
} satisfies ConstructorParameters<typeof CreateTableCommand>[0];

/** An id of a caller whose prefix is sixteen times this digit. */
export function jobId(digit: string, name: string): string {
  return `${digit.repeat(16)}-${name}`;
}
