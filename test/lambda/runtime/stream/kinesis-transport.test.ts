import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KinesisSender, PutRecordsRequest } from '../../../../lambda/runtime/aws/kinesis.ts';
import { publisherFromEnvironment } from '../../../../lambda/runtime/routes.ts';
import { kinesisTransport } from '../../../../lambda/runtime/transports/kinesis.ts';
import type { EncodedMessage } from '../../../../lambda/runtime/types.ts';
import { startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { encoded, OrderPlaced, orderPlaced, testClock } from '../fixtures.ts';

const STREAM = 'arn:aws:kinesis:eu-west-1:111122223333:stream/activity';

const some = (count: number, customer: (index: number) => string): EncodedMessage[] =>
  Array.from({ length: count }, (_, index) => encoded(orderPlaced(`o${index}`, customer(index))));

type Refusal = { readonly ErrorCode: string; readonly ErrorMessage?: string };

interface Scripted extends KinesisSender {
  readonly requests: PutRecordsRequest[];
}

/** Takes every record but those for which the function gives a refusal. */
function sender(refuse: (body: string, call: number) => Refusal | undefined = () => undefined): Scripted {
  const requests: PutRecordsRequest[] = [];
  return {
    requests,
    async putRecords(request) {
      requests.push(request);
      return {
        Records: request.Records.map(
          ({ Data }) => refuse(Buffer.from(Data).toString(), requests.length) ?? { SequenceNumber: '1' },
        ),
      };
    },
  };
}

const orderIdOf = (data: Uint8Array | string): string =>
  (JSON.parse(Buffer.from(data as string).toString()) as { data: { orderId: string } }).data.orderId;

describe('kinesisTransport', () => {
  test('D2 packs by count: at most 500 records, of a key one at a time', async () => {
    const client = sender();
    const transport = kinesisTransport({ streamArn: STREAM, client, tuning: { concurrency: 1 } });

    expect(await transport.send(some(1_200, (index) => `c${index % 700}`))).toEqual({ failed: [] });

    expect(client.requests.map(({ Records }) => Records.length)).toEqual([500, 500, 200]);
    for (const { Records } of client.requests) {
      expect(new Set(Records.map(({ PartitionKey }) => PartitionKey)).size).toBe(Records.length);
    }
  });

  test('D2 packs by bytes: 10 MiB a call, keys counted; a record over 1 MiB goes nowhere and holds up nobody', async () => {
    const client = sender();
    const message = (id: string, bytes: number): EncodedMessage => {
      const envelope = orderPlaced(id, id);
      return encoded(envelope, JSON.stringify({ ...envelope, pad: 'x'.repeat(bytes) }));
    };
    const messages = [
      ...Array.from({ length: 12 }, (_, index) => message(`o${index}`, 1_000_000)),
      message('huge', 1_100_000),
      message('last', 10),
    ];

    const { failed } = await kinesisTransport({
      streamArn: STREAM,
      client,
      tuning: { concurrency: 1 },
    }).send(messages);

    expect(failed).toEqual([
      expect.objectContaining({
        eventId: messages[12]!.eventId,
        code: 'WAYBILL_EVENT_TOO_LARGE',
        retryable: false,
      }),
    ]);
    const sent = client.requests.map(({ Records }) =>
      Records.reduce((sum, { Data, PartitionKey }) => sum + Data.byteLength + PartitionKey.length, 0),
    );
    expect(Math.max(...sent)).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(client.requests.map(({ Records }) => Records.length)).toEqual([10, 2, 1]);
  });

  test('D1 a refused record alone is sent again with jitter, and its key waits for it', async () => {
    const clock = testClock();
    let refused = 0;
    const client = sender((body) =>
      orderIdOf(Buffer.from(body)) === 'o0' && refused++ < 1
        ? { ErrorCode: 'ProvisionedThroughputExceededException' }
        : undefined,
    );
    const transport = kinesisTransport({ streamArn: STREAM, client, tuning: { clock, random: () => 0.5 } });

    const sending = transport.send(some(4, (index) => (index < 2 ? 'c' : `d${index}`)));
    await clock.advance(49);
    const before = client.requests.flatMap(({ Records }) => Records.map(({ Data }) => orderIdOf(Data)));
    await clock.advance(1_000);

    expect(before).toEqual(['o0', 'o2', 'o3']);
    expect(await sending).toEqual({ failed: [] });
    const after = client.requests.slice(1).map(({ Records }) => Records.map(({ Data }) => orderIdOf(Data)));
    expect(after).toEqual([['o0'], ['o1']]);
  });

  test('D1 what stays refused is reported by its eventId, and what is behind it as held', async () => {
    const messages = some(3, (index) => (index < 2 ? 'c' : 'd'));
    const client = sender((body) =>
      orderIdOf(Buffer.from(body)) === 'o0'
        ? { ErrorCode: 'KMSAccessDeniedException', ErrorMessage: 'no key' }
        : undefined,
    );

    const { failed } = await kinesisTransport({ streamArn: STREAM, client }).send(messages);

    expect(failed).toEqual([
      { eventId: messages[0]!.eventId, code: 'KMSAccessDeniedException', message: 'no key', retryable: true },
      expect.objectContaining({ eventId: messages[1]!.eventId, code: 'WAYBILL_ORDER_HELD', retryable: true }),
    ]);
  });

  test('the partition key is the ordering key, hashed behind its tenant where it does not fit', async () => {
    const client = sender();
    await kinesisTransport({ streamArn: STREAM, client }).send([
      encoded(orderPlaced('o1', 'c1')),
      encoded(orderPlaced('o2', 'x'.repeat(200))),
    ]);

    const keys = client.requests[0]!.Records.map(({ PartitionKey }) => PartitionKey);
    expect(keys).toEqual(['acme#c1', expect.stringMatching(/^acme#[0-9a-f]{40}$/)]);
  });
});

describe('against the embedded Kinesis', () => {
  let aws: EmbeddedAws;
  let kinesis: KinesisClient;
  const former = { ...process.env };
  beforeEach(async () => {
    aws = await startEmbeddedAws({ port: 0 });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    kinesis = new KinesisClient({ endpoint: aws.endpointUrl, region: 'us-east-1', credentials });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_KINESIS: aws.endpointUrl,
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
  });
  afterEach(async () => {
    process.env = { ...former };
    kinesis.destroy();
    await aws.close();
  });

  async function createStream(): Promise<string> {
    await kinesis.send(new CreateStreamCommand({ StreamName: 'activity', ShardCount: 3 }));
    for (;;) {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: 'activity' }),
      );
      if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return StreamDescriptionSummary.StreamARN!;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function read(): Promise<string[][]> {
    const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName: 'activity' }));
    const perShard: string[][] = [];
    for (const { ShardId } of Shards!) {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({
          StreamName: 'activity',
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      perShard.push(Records!.map(({ Data }) => orderIdOf(Data!)));
    }
    return perShard;
  }

  test('a route to a stream: calls signed by hand put every event once, in the order of its key', async () => {
    const target = await createStream();
    const routes = [{ source: 'shop', target, events: ['OrderPlaced'] }];
    const publisher = publisherFromEnvironment([OrderPlaced], {
      WAYBILL_PUBLISH_ROUTES: JSON.stringify(routes),
    });
    const sent = Array.from({ length: 90 }, (_, index) => orderPlaced(`o${index}`, `c${index % 9}`));

    const { failed, published } = await publisher.publishBatch(sent);

    expect(failed).toEqual([]);
    expect(published).toHaveLength(90);
    const shards = await read();
    expect(shards.flat()).toHaveLength(90);
    for (const shard of shards) {
      for (let key = 0; key < 9; key += 1) {
        const ofKey = shard.map((id) => Number(id.slice(1))).filter((id) => id % 9 === key);
        expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
      }
    }
  });

  test('entries that fail in part lose nothing', async () => {
    const streamArn = await createStream();
    aws.context.faults.add({
      service: 'kinesis',
      action: 'PutRecords',
      probability: 0.5,
      effect: { kind: 'fail-entries', share: 0.4 },
    });
    const transport = kinesisTransport({ streamArn, tuning: { attempts: 20 } });

    const { failed } = await transport.send(some(60, (index) => `c${index % 6}`));

    expect(failed).toEqual([]);
    expect(new Set((await read()).flat()).size).toBe(60);
  });

  test('a stream that is not there: every event fails with AWS’s code and may be tried again', async () => {
    const messages = some(2, (index) => `c${index}`);
    const { failed } = await kinesisTransport({
      streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/nowhere',
    }).send(messages);

    expect(failed.map(({ code, retryable }) => [code, retryable])).toEqual([
      ['ResourceNotFoundException', true],
      ['ResourceNotFoundException', true],
    ]);
  });
});

test('a Kafka topic without its kind: the fix is in the message', () => {
  const target = 'arn:aws:kafka:eu-west-1:111122223333:topic/shop/b7f3/orders';
  const routes = JSON.stringify([{ source: 'shop', target, events: ['OrderPlaced'] }]);

  expect(() => publisherFromEnvironment([OrderPlaced], { WAYBILL_PUBLISH_ROUTES: routes })).toThrow(
    /\[kafkaTopics\]/,
  );
});
