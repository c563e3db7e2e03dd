import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Producer } from '@platformatic/kafka';

import { rootCaller } from '../../../../local/aws/context.ts';
import { createKafkaService, type KafkaService } from '../../../../local/aws/kafka/index.ts';
import type { MappingInput } from '../../../../local/aws/lambda/index.ts';
import { createSqsService, type SqsService } from '../../../../local/aws/sqs/index.ts';
import { startEmbeddedKafka, type EmbeddedKafka } from '../../../../local/kafka/index.ts';
import { lambdaUnderTest, type LambdaUnderTest } from './code.ts';
import { until } from '../../../support/waiting.ts';

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:failed';
let it: LambdaUnderTest;
let kafka: KafkaService;
let sqs: SqsService;
let cluster: EmbeddedKafka;
let producer: Producer;
let clusterArn: string;
let lines: string[];

beforeEach(async () => {
  it = lambdaUnderTest();
  cluster = await startEmbeddedKafka({ topics: { orders: 1, shards: 4 } });
  const { bootstrapServers } = cluster;
  // The service starts, and stops, brokers that are used; here a cluster may have no mapping.
  kafka = createKafkaService(it.context, () => Promise.resolve({ bootstrapServers, stop: async () => {} }));
  sqs = createSqsService(it.context);
  it.context.services.register(kafka);
  it.context.services.register(sqs);
  await sqs.handle('CreateQueue', { QueueName: 'failed' }, rootCaller(it.context));
  const made = await kafka.handle(
    'CreateClusterV2',
    { clusterName: 'analytics', serverless: { vpcConfigs: [] } },
    rootCaller(it.context),
  );
  clusterArn = (made as { clusterArn: string }).clusterArn;
  producer = new Producer({ clientId: 'test', bootstrapBrokers: [cluster.bootstrapServers] });
  lines = [];
  it.lambda.observeLogs(({ stream, text }) => {
    if (stream === 'stdout') lines.push(text);
  });
});
afterEach(async () => {
  await producer.close();
  await it.close();
  await kafka.close?.();
  await cluster.stop();
  await sqs.close?.();
});

const put = (topic: string, partition: number, ...texts: string[]) =>
  producer.send({
    acks: -1,
    messages: texts.map((text) => ({
      topic,
      partition,
      key: Buffer.from(text.charAt(0)),
      value: Buffer.from(text),
    })),
  });

const map = (settings: Partial<MappingInput> = {}) =>
  it.lambda.createEventSourceMapping({
    EventSourceArn: clusterArn,
    FunctionName: 'worker',
    Topics: ['orders'],
    StartingPosition: 'TRIM_HORIZON',
    MaximumBatchingWindowInSeconds: 0,
    AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'sink' },
    ...settings,
  });

const committed = (partition = 0): number | undefined =>
  cluster.lag('sink').find((lag) => lag.partition === partition)?.committed;

/** Prints the values of each batch; fails when one of them holds `bad`. */
const PRINTS = `
  export const handler = async ({ records }) => {
    const texts = Object.values(records).flat().map(({ value }) => Buffer.from(value, 'base64').toString());
    console.log(texts.join(' '));
    if (texts.some((text) => text.includes('bad'))) throw new Error('a bad record');
  };`;

describe('event source mappings of Kafka topics', () => {
  test('records reach the function in Lambda’s shape, and are committed', async () => {
    await producer.send({
      acks: -1,
      messages: [
        {
          topic: 'orders',
          key: Buffer.from('k'),
          value: Buffer.from('v'),
          headers: new Map([[Buffer.from('trace'), Buffer.from([1, 200])]]),
        },
      ],
    });
    await it.create('worker', 'export const handler = async (event) => console.log(JSON.stringify(event));');

    await map();
    await until(() => lines.length === 1);

    const event = JSON.parse(lines[0] ?? '') as { records: Record<string, Record<string, unknown>[]> };
    expect(event).toMatchObject({
      eventSource: 'aws:kafka',
      eventSourceArn: clusterArn,
      bootstrapServers: cluster.bootstrapServers,
    });
    expect(event.records['orders-0']).toEqual([
      {
        topic: 'orders',
        partition: 0,
        offset: 0,
        timestamp: expect.any(Number),
        timestampType: 'CREATE_TIME',
        key: Buffer.from('k').toString('base64'),
        value: Buffer.from('v').toString('base64'),
        headers: [{ trace: [1, -56] }],
      },
    ]);
    await until(() => committed() === 1);
  });

  test('LATEST passes over what was there before, and reads all that comes after', async () => {
    await put('orders', 0, 'before');
    await it.create('worker', PRINTS);
    await map({ StartingPosition: 'LATEST' });
    await put('orders', 0, 'after');
    await until(() => lines.length === 1);
    expect(lines).toEqual(['after']);
  });

  test('batches of a partition run one after the other, each of at most the batch size', async () => {
    await put('orders', 0, 'a1', 'a2', 'a3', 'a4', 'a5');
    await it.create('worker', PRINTS);
    await map({ BatchSize: 2 });
    await until(() => committed() === 5);
    expect(lines.join(' ')).toBe('a1 a2 a3 a4 a5');
    expect(Math.max(...lines.map((line) => line.split(' ').length))).toBe(2);
  });

  test('nothing is committed before it succeeded; what is given up is committed and told of', async () => {
    await put('orders', 0, 'good', 'bad', 'fine');
    await it.create('worker', PRINTS);
    await map({
      BatchSize: 1,
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: QUEUE_ARN } },
    });
    await until(() => lines.includes('bad'));
    expect(committed()).toBeLessThanOrEqual(1);
    await until(() => committed() === 3);

    expect(lines).toEqual(['good', 'bad', 'bad', 'fine']);
    const { Messages } = (await sqs.handle(
      'ReceiveMessage',
      { QueueUrl: sqs.queueUrl(QUEUE_ARN) },
      rootCaller(it.context),
    )) as { Messages: { Body: string }[] };
    expect(JSON.parse(Messages[0]?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      KafkaBatchInfo: {
        batchSize: 1,
        eventSourceArn: clusterArn,
        bootstrapServers: cluster.bootstrapServers,
        recordInfo: { 'orders-0': { firstRecordOffset: '1', lastRecordOffset: '1' } },
      },
    });
  });

  test('a batch that fails is split, until the bad record is alone', async () => {
    await put('orders', 0, 'a', 'bad', 'c', 'd');
    await it.create('worker', PRINTS);
    await map({ BatchSize: 4, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0 });
    await until(() => committed() === 4);
    expect(lines).toEqual(['a bad c d', 'a bad', 'a', 'bad', 'c d']);
  });

  test('a partial answer names partition and offset: what came before is committed', async () => {
    await put('orders', 0, 'a', 'b', 'c');
    await it.create(
      'worker',
      `let failed = false;
       export const handler = async ({ records }) => {
         const all = Object.values(records).flat();
         console.log(all.map(({ value }) => Buffer.from(value, 'base64').toString()).join(' '));
         if (failed) return;
         failed = true;
         return { batchItemFailures: [{ itemIdentifier: { partition: 'orders-0', offset: 1 } }] };
       };`,
    );
    await map({ BatchSize: 3, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    await until(() => committed() === 3);
    expect(lines).toEqual(['a b c', 'b c']);
  });

  test('a filter leaves records out, which count as done', async () => {
    await put('orders', 0, '{"type":"A"}', '{"type":"B"}', 'text');
    await it.create('worker', PRINTS);
    await map({ FilterCriteria: { Filters: [{ Pattern: '{"value":{"type":["B"]}}' }] } });
    await until(() => committed() === 3);
    expect(lines).toEqual(['{"type":"B"}']);
  });

  test('every partition is read, and one that fails does not hold up the others', async () => {
    await it.create('worker', PRINTS);
    await map({
      Topics: ['shards'],
      BatchSize: 1,
      ProvisionedPollerConfig: { MinimumPollers: 4, MaximumPollers: 4 },
    });
    await put('shards', 0, 'bad');
    for (const partition of [1, 2, 3]) await put('shards', partition, `p${partition}`);
    await until(() => ['p1', 'p2', 'p3'].every((text) => lines.includes(text)));
    await until(() => [1, 2, 3].every((partition) => committed(partition) === 1));
    expect(committed(0)).toBe(0);
  });

  test('reading goes on where it ended after the broker cut every connection and the mapping was off', async () => {
    await it.create('worker', PRINTS);
    const { uuid: UUID } = await map();
    await put('orders', 0, 'one');
    await until(() => committed() === 1);
    cluster.disconnectClients();
    await put('orders', 0, 'two');
    await until(() => committed() === 2);
    await it.lambda.handle('UpdateEventSourceMapping', { UUID, Enabled: false }, rootCaller(it.context));
    await put('orders', 0, 'three');
    await it.lambda.handle('UpdateEventSourceMapping', { UUID, Enabled: true }, rootCaller(it.context));
    await until(() => committed() === 3);
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  test('fetches that fail are tried again', async () => {
    it.context.faults.add({
      service: 'kafka',
      action: 'Fetch',
      times: 2,
      effect: { kind: 'fail', code: 'Broken' },
    });
    await it.create('worker', PRINTS);
    await map();
    await put('orders', 0, 'one');
    await until(() => committed() === 1);
    expect(lines).toEqual(['one']);
  });

  test('the lag is a metric', async () => {
    const lags: number[] = [];
    it.context.metrics.observe(({ name, value }) => {
      if (name === 'MaxOffsetLag') lags.push(value);
    });
    await put('orders', 0, 'a', 'b', 'c');
    await it.create('worker', PRINTS);
    await map({ BatchSize: 1, MetricsConfig: { Metrics: ['KafkaMetrics'] } });
    await until(() => committed() === 3);
    expect(lags[0]).toBe(3);
    expect(lags.at(-1)).toBe(0);
  });

  test.each<[string, Partial<MappingInput>]>([
    ['Topics are required', { Topics: [] }],
    ['Only one topic', { Topics: ['a', 'b'] }],
    ['ParallelizationFactor is not supported', { ParallelizationFactor: 2 }],
    ['MinimumPollers and MaximumPollers', { ProvisionedPollerConfig: { MinimumPollers: 0 } }],
  ])('refused: %s', async (message, settings) => {
    await it.create('worker', PRINTS);
    await expect(map(settings)).rejects.toThrow(message);
  });
});
