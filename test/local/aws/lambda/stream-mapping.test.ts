import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { rootCaller } from '../../../../local/aws/context.ts';
import { createKinesisService, type KinesisService } from '../../../../local/aws/kinesis/index.ts';
import { createSqsService, type SqsService } from '../../../../local/aws/sqs/index.ts';
import type { MappingInput } from '../../../../local/aws/lambda/index.ts';
import { lambdaUnderTest, type LambdaUnderTest } from './code.ts';
import { until } from '../../../support/waiting.ts';

const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:failed';
let it: LambdaUnderTest;
let kinesis: KinesisService;
let sqs: SqsService;
let lines: string[];

beforeEach(async () => {
  it = lambdaUnderTest({ scaleOutDelayMilliseconds: 5 });
  kinesis = createKinesisService(it.context);
  sqs = createSqsService(it.context);
  it.context.services.register(kinesis);
  it.context.services.register(sqs);
  await call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
  await sqs.handle('CreateQueue', { QueueName: 'failed' }, rootCaller(it.context));
  lines = [];
  it.lambda.observeLogs(({ stream, text }) => {
    if (stream === 'stdout') lines.push(text);
  });
});
afterEach(async () => {
  await it.close();
  await sqs.close?.();
});

const call = (action: string, input: Record<string, unknown>) =>
  kinesis.handle(action, input, rootCaller(it.context)) as Promise<Record<string, unknown>>;

const put = async (...texts: string[]): Promise<void> => {
  const Records = texts.map((text) => ({
    PartitionKey: text.charAt(0),
    Data: Buffer.from(text).toString('base64'),
  }));
  await call('PutRecords', { StreamName: 'orders', Records });
};

const map = (settings: Partial<MappingInput> = {}) =>
  it.lambda.createEventSourceMapping({
    EventSourceArn: STREAM_ARN,
    FunctionName: 'worker',
    StartingPosition: 'TRIM_HORIZON',
    ...settings,
  });

/** Prints the data of each batch; fails when one of them holds `bad`. */
const PRINTS = `
  const textOf = ({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString();
  export const handler = async ({ Records }) => {
    const texts = Records.map(textOf);
    console.log(texts.join(' '));
    if (texts.some((text) => text.includes('bad'))) throw new Error('a bad record');
  };`;

describe('event source mappings of Kinesis', () => {
  test('records reach the function in Lambda’s shape, in order', async () => {
    await put('a1', 'a2');
    await it.create('worker', 'export const handler = async (event) => console.log(JSON.stringify(event));');

    await map();
    await until(() => lines.length === 1);

    const { Records } = JSON.parse(lines[0] ?? '') as { Records: Record<string, unknown>[] };
    expect(Records).toHaveLength(2);
    expect(Records[0]).toMatchObject({
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventName: 'aws:kinesis:record',
      eventSourceARN: STREAM_ARN,
      awsRegion: 'us-east-1',
      kinesis: { kinesisSchemaVersion: '1.0', partitionKey: 'a', data: Buffer.from('a1').toString('base64') },
    });
    const [{ kinesis: record, eventID } = {}] = Records as {
      kinesis?: { sequenceNumber: string };
      eventID?: string;
    }[];
    expect(eventID).toBe(`shardId-000000000000:${record?.sequenceNumber}`);
  });

  test('LATEST passes over what was there before', async () => {
    await put('a-before');
    await it.create('worker', PRINTS);
    await map({ StartingPosition: 'LATEST' });

    await put('a-after');

    await until(() => lines.length > 0);
    expect(lines).toEqual(['a-after']);
  });

  test('a failing batch is bisected until the bad record is alone, and its place goes to the destination', async () => {
    await put('a1', 'a2', 'a-bad', 'a4');
    await it.create('worker', PRINTS);
    await map({
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: QUEUE_ARN } },
    });

    await until(() => sqs.counts(QUEUE_ARN).visible === 1 && lines.at(-1) === 'a4');

    expect(lines).toEqual(['a1 a2 a-bad a4', 'a1 a2', 'a-bad a4', 'a-bad', 'a4']);
    const [message] = sqs.messages(QUEUE_ARN);
    const bad = kinesis.records(STREAM_ARN).find(({ data }) => data.toString() === 'a-bad');
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 3 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: bad?.sequenceNumber,
        endSequenceNumber: bad?.sequenceNumber,
        batchSize: 1,
        streamArn: STREAM_ARN,
      },
    });
  });

  test('a partial answer is tried again from the lowest item it names', async () => {
    await put('a1', 'a2', 'a3', 'a4');
    await it.create(
      'worker',
      `let calls = 0;
       export const handler = async ({ Records }) => {
         console.log(Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64')).join(' '));
         if (calls++ > 0) return;
         const failed = [Records[3], Records[1]];
         return { batchItemFailures: failed.map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })) };
       };`,
    );

    await map({ FunctionResponseTypes: ['ReportBatchItemFailures'] });

    await until(() => lines.length === 2);
    expect(lines).toEqual(['a1 a2 a3 a4', 'a2 a3 a4']);
  });

  test('a filter looks into the data; what does not match is passed over', async () => {
    await put('{"kind":"order"}', '{"kind":"other"}', 'no JSON', '{"kind":"order","n":2}');
    await it.create('worker', PRINTS);

    await map({ FilterCriteria: { Filters: [{ Pattern: '{"data":{"kind":["order"]}}' }] } });

    await until(() => lines.length === 1);
    expect(lines).toEqual(['{"kind":"order"} {"kind":"order","n":2}']);
  });

  test('with a parallelization factor keys run side by side and each stays in order', async () => {
    await put('a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3');
    // Earlier records take longer: in a lane of their own later ones would overtake them.
    await it.create(
      'worker',
      `export const handler = async ({ Records: [{ kinesis }] }) => {
         const text = Buffer.from(kinesis.data, 'base64').toString();
         await new Promise((resolve) => setTimeout(resolve, 60 * (3 - Number(text[1]))));
         console.log(text);
       };`,
    );

    await map({ ParallelizationFactor: 3, BatchSize: 1 });

    await until(() => lines.length === 9);
    for (const key of ['a', 'b', 'c']) {
      expect(lines.filter((line) => line.startsWith(key))).toEqual([1, 2, 3].map((n) => `${key}${n}`));
    }
  });

  test('children of a split shard are read after their parent', async () => {
    await put('a1', 'b1');
    await call('SplitShard', {
      StreamName: 'orders',
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: String(2n ** 127n),
    });
    await put('a2', 'b2');
    await it.create('worker', PRINTS);

    await map({ BatchSize: 1 });

    await until(() => lines.length === 4);
    expect(lines.slice(0, 2)).toEqual(['a1', 'b1']);
    expect(lines.slice(2).toSorted()).toEqual(['a2', 'b2']);
  });

  test('a tumbling window hands its state on and ends with a call of its own', async () => {
    await it.create(
      'worker',
      `export const handler = async (event) => {
         const count = (event.state.count ?? 0) + event.Records.length;
         console.log(JSON.stringify({ count, final: event.isFinalInvokeForWindow }));
         return { state: { count } };
       };`,
    );
    await map({ TumblingWindowInSeconds: 1, BatchSize: 1 });

    await put('a1', 'a2');

    await until(() => lines.some((line) => line.includes('"final":true')));
    const seen = lines.map((line) => JSON.parse(line) as { count: number; final: boolean });
    expect(seen.filter(({ final }) => !final)).toHaveLength(2);
    expect(seen.find(({ final }) => final)?.count).toBeGreaterThanOrEqual(1);
  });

  test('a starting position is required, and AT_TIMESTAMP is not for the future', async () => {
    await it.create('worker', PRINTS);

    await expect(map({ StartingPosition: undefined })).rejects.toMatchObject({
      code: 'InvalidParameterValueException',
    });
    await expect(
      map({ StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: Date.now() / 1000 + 60 }),
    ).rejects.toMatchObject({ code: 'InvalidParameterValueException' });
  });
});
