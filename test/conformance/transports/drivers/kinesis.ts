/** A stream of Kinesis, read by a function. Retries and what is given up are the mapping's. */
import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import { consumeStream } from '../../../../lambda/runtime/stream/consume-stream.ts';
import type { KinesisBatch } from '../../../../lambda/runtime/stream/kinesis-event.ts';
import { kinesisTransport } from '../../../../lambda/runtime/transports/kinesis.ts';
import { KINESIS_LIMITS } from '../../../../lambda/runtime/transports/limits.ts';
import type { AnyEventContract } from '../../../../lib/contracts/index.ts';
import {
  createCheckpointStore,
  createShardReader,
  startStreamPoller,
} from '../../../../local/aws/polling/index.ts';
import type { Checkpoints } from '../../../../local/aws/polling/checkpoints.ts';
import { MAX_RECEIVES } from '../driver.ts';
import type { Channel, Group, KeptEvent, TransportDriver } from '../driver.ts';
import { consumerOf } from '../events.ts';
import { createQueue, queueDeadLetters, runningOn, startAwsUnderTest } from './embedded-aws.ts';
import type { AwsUnderTest, Queue } from './embedded-aws.ts';
import { mortal, outcomeOf } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { FUNCTION_STOPS } from './sns-sqs.ts';

export const kinesis: TransportDriver = {
  name: 'Kinesis',
  leaseMilliseconds: 0,
  claims: {
    sharesWork: 'Lambda divides a stream by its shards',
    waitsForReaders: true,
    lateGroupsSeeAll: true,
    deduplicates: false,
    ordersByKey: true,
    oneAtATime: true,
    keysAreIndependent: false,
    ordersAll: 'there is no such option: a shard orders what has one key',
    countsDeliveries: false,
    countsFailuresByEvent: false,
    delaysRetries: false,
    keepsGivenUp: false,
    redrives: 'the mapping keeps where the record was, not the record',
    marksRedriven: 'the mapping keeps where the record was, not the record',
    keepsHidden: 'a shard has one reader, which waits for its answer',
    stopsGracefully: FUNCTION_STOPS,
    survivesCrash: true,
  },
  costs: {
    largestEvent: KINESIS_LIMITS.entryBytes,
    deduplicationWindow: undefined,
    crash: 'nothing: the batch is delivered again at once',
    reader: '`kinesisTransport()` and `consumeStream()` in a function, one shard',
  },
  leftOut: {},
  async start() {
    const under = await startAwsUnderTest();
    const client = new KinesisClient(under.settings);
    return {
      ...runningOn(under),
      channel: () => openChannel(under, client),
      async stop() {
        client.destroy();
        await under.stop();
      },
    };
  },
};

async function openChannel(under: AwsUnderTest, client: KinesisClient): Promise<Channel> {
  const name = under.name('channel');
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }));
  let streamArn = '';
  await under.until(async () => {
    const { StreamDescriptionSummary: of } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: name }),
    );
    streamArn = of!.StreamARN!;
    return of!.StreamStatus === 'ACTIVE';
  });
  const closing: (() => Promise<unknown>)[] = [];
  const checkpoints = createCheckpointStore(under.aws.context, `conformance.${name}`);
  return {
    transport: kinesisTransport({ streamArn }),
    async group(group) {
      const dead = await createQueue(under, `${name}-${group}-dead`);
      return streamGroup(under, { streamArn, dead, checkpoints: checkpoints.of(group), closing });
    },
    async close() {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

interface StreamGroup {
  readonly streamArn: string;
  readonly dead: Queue;
  readonly checkpoints: Checkpoints;
  readonly closing: (() => Promise<unknown>)[];
}

function streamGroup(under: AwsUnderTest, stream: StreamGroup): Group {
  /** What the mapping's on-failure destination is told. */
  const discarded: KeptEvent[] = [];
  const queue = queueDeadLetters(under, { queue: stream.dead, dead: stream.dead });
  return {
    async start(consumer, { concurrency = 10 } = {}) {
      const mapping = mapStream(under, stream, consumer, concurrency, discarded);
      stream.closing.push(() => mapping.crash());
      return {
        async stop() {
          await mapping.close();
          return { abandoned: 0 };
        },
      };
    },
    async deadLetters(count) {
      let inQueue: readonly KeptEvent[] = [];
      await under.until(async () => {
        inQueue = await queue.look();
        return inQueue.length + discarded.length >= count;
      });
      return [...discarded, ...inQueue];
    },
    redrive: queue.redrive,
    async crash() {
      let isBegun = false;
      const hanging = consumerOf(() => {
        isBegun = true;
        return new Promise<void>(() => undefined);
      });
      const mapping = mapStream(under, stream, hanging, 1, discarded);
      await under.until(() => isBegun);
      await mapping.crash();
    },
  };
}

function mapStream(
  { aws }: AwsUnderTest,
  { streamArn, dead, checkpoints }: StreamGroup,
  consumer: SqsHandler,
  concurrency: number,
  discarded: KeptEvent[],
): Mapping {
  const { contracts, handler, options } = declarationOf(consumer);
  const invoke = consumeStream<readonly AnyEventContract[]>(contracts, handler, {
    ...options,
    deadLetterQueueUrl: dead.url,
    concurrency,
  });
  const instances = mortal();
  const caller = { accountId: aws.context.accountId, arn: `arn:aws:iam::${aws.context.accountId}:root` };
  const poller = startStreamPoller(aws.context, {
    reader: createShardReader(aws.context, { streamArn, caller, invokeIdentityArn: caller.arn }),
    start: { type: 'TRIM_HORIZON' },
    batchSize: 25,
    batchingWindowSeconds: 0,
    parallelizationFactor: 1,
    maximumRetryAttempts: (options.maxReceiveCount ?? MAX_RECEIVES) - 1,
    maximumRecordAgeSeconds: Infinity,
    bisect: true,
    tumblingWindowSeconds: 0,
    matches: () => true,
    deliver: ({ records }) =>
      outcomeOf(
        instances.invoke(() =>
          invoke({ Records: records.map(({ event }) => event) } as unknown as KinesisBatch),
        ),
        records.map(({ sequenceNumber }) => sequenceNumber),
      ),
    discard: async ({ records, condition }) => {
      for (const _ of records) discarded.push({ reason: condition, receiveCount: undefined, body: '' });
    },
    checkpoints,
    count: () => undefined,
    service: 'lambda',
  });
  return {
    close: () => poller.close(),
    async crash() {
      // No retries of its own: whoever reads next goes on.
      const closed = poller.close();
      instances.die();
      await closed;
    },
  };
}
