/**
 * Clients that write in loops until the server dies under them. Each remembers what was acknowledged, and checks it
 * against what is there in the end. What was under way at a kill may be there or not.
 */
import { expect } from '@jest/globals';
import {
  CreateTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  paginateScan,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateStreamCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { CreateEventSourceMappingCommand, CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';
import { createQueue, drain, eventually, recordsOf } from './drain.ts';
import { zipOf } from './zip.ts';

export interface Writer {
  readonly name: string;
  /** Makes what it writes to. */
  prepare(clients: Clients): Promise<void>;
  /** Writes one thing; called until it fails because the server is gone. */
  write(clients: Clients): Promise<void>;
  check(clients: Clients): Promise<void>;
  /** How much was acknowledged. */
  readonly acknowledged: () => number;
}

const ROLE = 'arn:aws:iam::000000000000:role/anybody';

/** Numbered writes, each acknowledged or not. */
function numbered() {
  let next = 0;
  const acknowledged = new Set<string>();
  return {
    acknowledged,
    count: () => acknowledged.size,
    attempts: () => next,
    async one(write: (name: string, index: number) => Promise<unknown>): Promise<void> {
      const index = next++;
      await write(`n${index}`, index);
      acknowledged.add(`n${index}`);
    },
  };
}

function standardQueue(): Writer {
  const sends = numbered();
  return {
    name: 'SQS standard: every message, once',
    prepare: async (clients) => void (await createQueue(clients, 'standard')),
    write: ({ sqs, endpoint }) =>
      sends.one((MessageBody) =>
        sqs.send(new SendMessageCommand({ QueueUrl: `${endpoint}/000000000000/standard`, MessageBody })),
      ),
    async check(clients) {
      const bodies = await drain(clients, 'standard');
      expect(new Set(bodies)).toEqual(expect.objectContaining({ size: bodies.length }));
      expect([...sends.acknowledged].filter((each) => !bodies.includes(each))).toEqual([]);
    },
    acknowledged: sends.count,
  };
}

/** Sends again, under the same deduplication id, what was not acknowledged. */
function fifoQueue(): Writer {
  const groups = ['a', 'b', 'c'];
  const next = new Map(groups.map((group) => [group, 0]));
  let sent = 0;
  return {
    name: 'SQS FIFO: every message once and in order, what was under way sent again',
    prepare: async (clients) => void (await createQueue(clients, 'orders.fifo', { FifoQueue: 'true' })),
    async write({ sqs, endpoint }) {
      const group = groups[sent % groups.length] ?? '';
      const number = next.get(group) ?? 0;
      const message = {
        MessageBody: `${group}${number}`,
        MessageGroupId: group,
        MessageDeduplicationId: `${group}${number}`,
      };
      await sqs.send(
        new SendMessageCommand({ QueueUrl: `${endpoint}/000000000000/orders.fifo`, ...message }),
      );
      next.set(group, number + 1);
      sent++;
    },
    async check(clients) {
      const bodies = await drain(clients, 'orders.fifo');
      for (const group of groups) {
        const wanted = Array.from({ length: next.get(group) ?? 0 }, (_, number) => `${group}${number}`);
        // The last one may have arrived without its acknowledgement.
        const came = bodies.filter((body) => body.startsWith(group));
        expect(came.slice(0, wanted.length)).toEqual(wanted);
        expect(came.length - wanted.length).toBeLessThanOrEqual(1);
      }
    },
    acknowledged: () => sent,
  };
}

function deletions(): Writer {
  const total = 400;
  const deleted = new Set<string>();
  const tried = new Set<string>();
  return {
    name: 'SQS: a deleted message stays deleted, every other one comes back',
    async prepare(clients) {
      const { url } = await createQueue(clients, 'work', { VisibilityTimeout: '1' });
      for (let first = 0; first < total; first += 10) {
        const Entries = Array.from({ length: 10 }, (_, index) => ({
          Id: `${index}`,
          MessageBody: `m${first + index}`,
        }));
        await clients.sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
      }
    },
    async write({ sqs, endpoint }) {
      const QueueUrl = `${endpoint}/000000000000/work`;
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 4 }),
      );
      // Half of what is received stays in flight.
      const chosen = Messages.slice(0, 2);
      if (chosen.length === 0) return;
      for (const { Body } of chosen) tried.add(String(Body));
      const Entries = chosen.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      for (const { Body } of chosen) deleted.add(String(Body));
    },
    async check(clients) {
      const left = new Set<string>();
      await eventually(async () => {
        for (const body of await drain(clients, 'work')) left.add(body);
        const untouched = Array.from({ length: total }, (_, index) => `m${index}`).filter(
          (body) => !tried.has(body),
        );
        expect(untouched.filter((body) => !left.has(body))).toEqual([]);
      });
      expect([...deleted].filter((body) => left.has(body))).toEqual([]);
    },
    acknowledged: () => deleted.size,
  };
}

function counter(): Writer {
  let value = 0;
  return {
    name: 'DynamoDB: a conditional counter has the acknowledged value',
    async prepare({ dynamoDb }) {
      await dynamoDb.send(
        new CreateTableCommand({
          TableName: 'counters',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        }),
      );
    },
    async write({ dynamoDb }) {
      const Key = { pk: { S: 'counter' } };
      // What the last kill left undecided.
      const { Item } = await dynamoDb.send(
        new GetItemCommand({ TableName: 'counters', Key, ConsistentRead: true }),
      );
      const found = Number(Item?.['n']?.N ?? 0);
      expect([value, value + 1]).toContain(found);
      value = found;
      await dynamoDb.send(
        new UpdateItemCommand({
          TableName: 'counters',
          Key,
          UpdateExpression: 'SET n = :next',
          ConditionExpression: 'attribute_not_exists(n) OR n = :now',
          ExpressionAttributeValues: { ':now': { N: `${value}` }, ':next': { N: `${value + 1}` } },
        }),
      );
      value++;
    },
    async check({ dynamoDb }) {
      const { Item } = await dynamoDb.send(
        new GetItemCommand({ TableName: 'counters', Key: { pk: { S: 'counter' } } }),
      );
      expect([value, value + 1]).toContain(Number(Item?.['n']?.N));
    },
    acknowledged: () => value,
  };
}

function transactions(): Writer {
  const writes = numbered();
  return {
    name: 'DynamoDB: a transaction is there whole or not at all, and its stream has every item',
    prepare: async () => {},
    write: ({ dynamoDb }) =>
      writes.one((name) =>
        dynamoDb.send(
          new TransactWriteItemsCommand({
            TransactItems: ['left', 'right'].map((side) => ({
              Put: { TableName: 'counters', Item: { pk: { S: `${name}/${side}` } } },
            })),
          }),
        ),
      ),
    async check({ dynamoDb, streams }) {
      const keys = new Set<string>();
      for await (const { Items = [] } of paginateScan({ client: dynamoDb }, { TableName: 'counters' })) {
        for (const { pk } of Items) keys.add(String(pk?.S));
      }
      expect([...writes.acknowledged].filter((name) => !keys.has(`${name}/left`))).toEqual([]);
      const halves = [...keys].filter(
        (key) => key.endsWith('/left') && !keys.has(key.replace(/left$/, 'right')),
      );
      expect(halves).toEqual([]);

      const StreamArn = await streamArn(dynamoDb);
      const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
      const streamed = new Set<string>();
      for (const { ShardId } of StreamDescription?.Shards ?? []) {
        const start = await streams.send(
          new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
        );
        for (let iterator = start.ShardIterator; iterator !== undefined;) {
          const { Records = [], NextShardIterator } = await streams.send(
            new GetRecordsCommand({ ShardIterator: iterator }),
          );
          if (Records.length === 0) break;
          for (const { dynamodb } of Records) streamed.add(String(dynamodb?.Keys?.['pk']?.S));
          iterator = NextShardIterator;
        }
      }
      expect([...keys].filter((key) => !streamed.has(key))).toEqual([]);
    },
    acknowledged: writes.count,
  };
}

async function streamArn(dynamoDb: Clients['dynamoDb']): Promise<string> {
  const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName: 'counters' }));
  return String(Table?.LatestStreamArn);
}

/** Five objects that are overwritten again and again, small ones and ones over the megabyte that is kept apart. */
function objects(): Writer {
  const writes = numbered();
  const tried = new Map<string, string>();
  const stored = new Map<string, string>();
  return {
    name: 'S3: the acknowledged object is there whole, also when it was being overwritten',
    prepare: async ({ s3 }) => void (await s3.send(new CreateBucketCommand({ Bucket: 'claims' }))),
    write: ({ s3 }) =>
      writes.one(async (name, index) => {
        const Key = `key-${index % 5}`;
        const large = index % 3 === 0;
        tried.set(Key, name);
        const Body = large ? name.padEnd(1_200_000, '.') : name;
        await s3.send(new PutObjectCommand({ Bucket: 'claims', Key, Body }));
        stored.set(Key, name);
      }),
    async check({ s3 }) {
      for (const [Key, name] of stored) {
        const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: 'claims', Key }));
        const text = (await Body?.transformToString()) ?? '';
        expect(text.length).toBe(ContentLength);
        expect([name, tried.get(Key)]).toContain(text.replace(/\.*$/, ''));
      }
    },
    acknowledged: writes.count,
  };
}

function stream(): Writer {
  const puts = numbered();
  return {
    name: 'Kinesis: every record, in the order of its key',
    prepare: async ({ kinesis }) =>
      void (await kinesis.send(new CreateStreamCommand({ StreamName: 'clicks', ShardCount: 2 }))),
    write: ({ kinesis }) =>
      puts.one((name) =>
        kinesis.send(
          new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'key', Data: Buffer.from(name) }),
        ),
      ),
    async check(clients) {
      const texts = await recordsOf(clients, 'clicks');
      expect(texts.filter((each) => puts.acknowledged.has(each))).toEqual([...puts.acknowledged]);
    },
    acknowledged: puts.count,
  };
}

function topic(): Writer {
  const publishes = numbered();
  return {
    name: 'SNS: everything published and wanted arrives, nothing that the filter keeps away',
    async prepare(clients) {
      const { arn } = await createQueue(clients, 'subscribed');
      const { TopicArn } = await clients.sns.send(new CreateTopicCommand({ Name: 'news' }));
      await clients.sns.send(
        new SubscribeCommand({
          TopicArn,
          Protocol: 'sqs',
          Endpoint: arn,
          Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"kind":["wanted"]}' },
        }),
      );
    },
    write: ({ sns }) =>
      publishes.one((Message, index) =>
        sns.send(
          new PublishCommand({
            TopicArn: 'arn:aws:sns:us-east-1:000000000000:news',
            Message,
            MessageAttributes: {
              kind: { DataType: 'String', StringValue: index % 2 === 0 ? 'wanted' : 'unwanted' },
            },
          }),
        ),
      ),
    async check(clients) {
      const came = new Set<string>();
      await eventually(async () => {
        for (const body of await drain(clients, 'subscribed')) came.add(body);
        const wanted = [...publishes.acknowledged].filter((name) => Number(name.slice(1)) % 2 === 0);
        expect(wanted.filter((name) => !came.has(name))).toEqual([]);
      });
      expect([...came].filter((name) => Number(name.slice(1)) % 2 === 1)).toEqual([]);
    },
    acknowledged: publishes.count,
  };
}

function bus(): Writer {
  const puts = numbered();
  return {
    name: 'EventBridge: every accepted event reaches the target of its rule',
    async prepare(clients) {
      const { arn } = await createQueue(clients, 'matched');
      await clients.events.send(new PutRuleCommand({ Name: 'all', EventPattern: '{"source":["test"]}' }));
      await clients.events.send(new PutTargetsCommand({ Rule: 'all', Targets: [{ Id: 'queue', Arn: arn }] }));
    },
    write: ({ events }) =>
      puts.one((name) =>
        events.send(
          new PutEventsCommand({
            Entries: [{ Source: 'test', DetailType: 'written', Detail: JSON.stringify({ name }) }],
          }),
        ),
      ),
    async check(clients) {
      const came = new Set<string>();
      await eventually(async () => {
        for (const body of await drain(clients, 'matched')) {
          came.add((JSON.parse(body) as { detail: { name: string } }).detail.name);
        }
        expect([...puts.acknowledged].filter((name) => !came.has(name))).toEqual([]);
      });
    },
    acknowledged: puts.count,
  };
}

/** Its function notes each message in a table, through the endpoint that its environment names. */
const HANDLER = `
export const handler = async (event) => {
  for (const { body } of event.Records) {
    const response = await fetch(process.env.AWS_ENDPOINT_URL, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem', 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ TableName: 'handled', Item: { pk: { S: body } } }),
    });
    if (!response.ok) throw new Error(await response.text());
  }
};`;

function mapping(): Writer {
  const sends = numbered();
  return {
    name: 'Lambda: the event source mapping goes on, every message is handled',
    async prepare(clients) {
      const { arn } = await createQueue(clients, 'mapped', { VisibilityTimeout: '5' });
      await clients.dynamoDb.send(
        new CreateTableCommand({
          TableName: 'handled',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
      await clients.lambda.send(
        new CreateFunctionCommand({
          FunctionName: 'noter',
          Role: ROLE,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Code: { ZipFile: zipOf({ 'index.mjs': HANDLER }) },
        }),
      );
      await clients.lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName: 'noter', EventSourceArn: arn, BatchSize: 5 }),
      );
    },
    write: ({ sqs, endpoint }) =>
      sends.one((MessageBody) =>
        sqs.send(new SendMessageCommand({ QueueUrl: `${endpoint}/000000000000/mapped`, MessageBody })),
      ),
    async check({ dynamoDb }) {
      await eventually(async () => {
        const { Items = [] } = await dynamoDb.send(new ScanCommand({ TableName: 'handled' }));
        const handled = new Set(Items.map(({ pk }) => pk?.S));
        expect([...sends.acknowledged].filter((name) => !handled.has(name))).toEqual([]);
      });
    },
    acknowledged: sends.count,
  };
}

function executions(): Writer {
  const starts = numbered();
  const arns = new Map<string, string>();
  return {
    name: 'Step Functions: every started execution ends well',
    async prepare({ states }) {
      const definition = JSON.stringify({
        StartAt: 'Wait',
        States: {
          Wait: { Type: 'Wait', Seconds: 1, Next: 'Note' },
          Note: {
            Type: 'Task',
            Resource: 'arn:aws:states:::dynamodb:putItem',
            Parameters: { TableName: 'handled', Item: { pk: { 'S.$': '$.name' } } },
            End: true,
          },
        },
      });
      await states.send(new CreateStateMachineCommand({ name: 'noting', roleArn: ROLE, definition }));
    },
    write: ({ states }) =>
      starts.one(async (name) => {
        const { executionArn } = await states.send(
          new StartExecutionCommand({
            stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:noting',
            name,
            input: JSON.stringify({ name: `execution ${name}` }),
          }),
        );
        arns.set(name, String(executionArn));
        // A pace at which the executions end before the next kill, some of them.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
    async check({ states, dynamoDb }) {
      await eventually(async () => {
        const statuses = await Promise.all(
          [...starts.acknowledged].map(async (name) => {
            const executionArn = arns.get(name);
            const { status } = await states.send(new DescribeExecutionCommand({ executionArn }));
            return status;
          }),
        );
        expect(statuses.filter((status) => status !== 'SUCCEEDED')).toEqual([]);
      });
      const { Items = [] } = await dynamoDb.send(new ScanCommand({ TableName: 'handled' }));
      const noted = new Set(Items.map(({ pk }) => pk?.S));
      expect([...starts.acknowledged].filter((name) => !noted.has(`execution ${name}`))).toEqual([]);
    },
    acknowledged: starts.count,
  };
}

function parameters(): Writer {
  let version = 0;
  return {
    name: 'SSM: a parameter has the acknowledged version or the one after it',
    prepare: async () => {},
    async write({ json }) {
      const answer = await json('AmazonSSM.PutParameter', {
        Name: '/version',
        Value: `${version}`,
        Type: 'String',
        Overwrite: true,
      });
      version = Number(answer['Version']);
    },
    async check({ json }) {
      const { Parameter } = (await json('AmazonSSM.GetParameter', { Name: '/version' })) as {
        Parameter: { Version: number };
      };
      expect([version, version + 1]).toContain(Parameter.Version);
    },
    acknowledged: () => version,
  };
}

export function createWriters(): readonly Writer[] {
  return [
    standardQueue(),
    fifoQueue(),
    deletions(),
    counter(),
    transactions(),
    objects(),
    stream(),
    topic(),
    bus(),
    mapping(),
    executions(),
    parameters(),
  ];
}
