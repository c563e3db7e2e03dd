/** Topics of SNS into queues of SQS: standard, read by a service, and FIFO, read by functions. */
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import type { StopReport } from '../../../../lambda/runtime/poll.ts';
import { SNS_LIMITS } from '../../../../lambda/runtime/transports/limits.ts';
import { snsTransport } from '../../../../lambda/runtime/transports/sns.ts';
import type { Channel, Claims, Group, TransportDriver } from '../driver.ts';
import { consumerOf } from '../events.ts';
import {
  createQueuePair,
  queueDeadLetters,
  runningOn,
  startAwsUnderTest,
  VISIBILITY,
} from './embedded-aws.ts';
import type { AwsUnderTest, QueuePair } from './embedded-aws.ts';
import { killWhileHandling } from './killed.ts';
import { mapQueue } from './mapping.ts';
import { joinQueue, queueFunction } from './queue-member.ts';

/** Seconds in which FIFO drops a repeated deduplication id. AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
const FIFO_WINDOW = 300;

export const FUNCTION_STOPS =
  'Lambda stops a function by its time limit: test/lambda/runtime/consume-standard.test.ts';
export const NO_ORDER = 'there is no order to hold';

export const QUEUE_CLAIMS = {
  sharesWork: true,
  waitsForReaders: true,
  lateGroupsSeeAll: false,
  ordersAll: 'there is no such option: FIFO orders what has one key',
  countsDeliveries: true,
  countsFailuresByEvent: true,
  delaysRetries: true,
  keepsGivenUp: true,
  redrives: true,
  marksRedriven: false,
  survivesCrash: true,
} satisfies Partial<Claims>;

export const snsSqs: TransportDriver = {
  name: 'SNS and SQS, standard',
  leaseMilliseconds: VISIBILITY * 1_000,
  claims: {
    ...QUEUE_CLAIMS,
    deduplicates: false,
    ordersByKey: false,
    oneAtATime: false,
    keysAreIndependent: NO_ORDER,
    keepsHidden: true,
    stopsGracefully: true,
  },
  costs: {
    largestEvent: SNS_LIMITS.bytes,
    deduplicationWindow: undefined,
    crash: "the queue's visibility timeout",
    reader: '`snsTransport()` and `poll()`',
  },
  leftOut: { 'dead-letter-frees-key': NO_ORDER },
  start: () => startSnsSqs(''),
};

export const snsSqsFifo: TransportDriver = {
  name: 'SNS and SQS, FIFO',
  leaseMilliseconds: VISIBILITY * 1_000,
  claims: {
    ...QUEUE_CLAIMS,
    deduplicates: true,
    ordersByKey: true,
    oneAtATime: true,
    keysAreIndependent: true,
    keepsHidden: "a function's time limit is below its queue's visibility timeout: guard W13",
    stopsGracefully: FUNCTION_STOPS,
  },
  costs: {
    largestEvent: SNS_LIMITS.bytes,
    deduplicationWindow: FIFO_WINDOW,
    crash: "the queue's visibility timeout",
    reader: '`snsTransport()` and `consume()` in a function',
  },
  leftOut: {},
  start: () => startSnsSqs('.fifo'),
};

async function startSnsSqs(suffix: '' | '.fifo') {
  const under = await startAwsUnderTest();
  const sns = new SNSClient(under.settings);
  return {
    ...runningOn(under),
    channel: () => openChannel(under, sns, suffix),
    ...(suffix !== '' && {
      endDeduplication: () => under.clock.advance((FIFO_WINDOW + 1) * 1_000),
    }),
    async stop() {
      sns.destroy();
      await under.stop();
    },
  };
}

async function openChannel(under: AwsUnderTest, sns: SNSClient, suffix: '' | '.fifo'): Promise<Channel> {
  const name = under.name('channel');
  const attributes: Record<string, string> = suffix === '' ? {} : { FifoTopic: 'true' };
  const { TopicArn: topicArn } = await sns.send(
    new CreateTopicCommand({ Name: `${name}${suffix}`, Attributes: attributes }),
  );
  const closing: (() => Promise<unknown>)[] = [];
  return {
    transport: snsTransport({ topicArn: topicArn! }),
    async group(group) {
      const pair = await createQueuePair(under, `${name}-${group}`, suffix);
      await sns.send(
        new SubscribeCommand({
          TopicArn: topicArn!,
          Protocol: 'sqs',
          Endpoint: pair.queue.arn,
          Attributes: { RawMessageDelivery: 'true' },
        }),
      );
      return suffix === '' ? polledGroup(under, pair, closing) : invokedGroup(under, pair, closing);
    },
    async close() {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

export function polledGroup(
  under: AwsUnderTest,
  pair: QueuePair,
  closing: (() => Promise<unknown>)[],
): Group {
  const address = { queueUrl: pair.queue.url, deadLetterQueueUrl: pair.dead.url };
  return {
    ...queueDeadLetters(under, pair),
    async start(consumer, { concurrency = 10 } = {}) {
      const poller = joinQueue(address, consumer, concurrency, under.clock);
      const stop = async (within: number): Promise<StopReport> => {
        let isStopped = false;
        const stopping = poller.stop({ within }).finally(() => (isStopped = true));
        // Its time limit is by the clock that is ours.
        await under.until(() => isStopped);
        return stopping;
      };
      closing.push(() => stop(100));
      return { stop: (within = 2_000) => stop(within) };
    },
    crash: () => killWhileHandling({ kind: 'sqs', ...address, endpoint: under.aws.endpointUrl }),
  };
}

export function invokedGroup(
  under: AwsUnderTest,
  pair: QueuePair,
  closing: (() => Promise<unknown>)[],
): Group {
  const address = { deadLetterQueueUrl: pair.dead.url };
  return {
    ...queueDeadLetters(under, pair),
    async start(consumer, { concurrency = 10 } = {}) {
      const mapping = mapQueue(under, pair.queue, queueFunction(address, consumer, concurrency));
      closing.push(() => mapping.crash());
      return {
        async stop() {
          await mapping.close();
          return { abandoned: 0 };
        },
      };
    },
    async crash() {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const hanging = consumerOf(() => {
        begin();
        return new Promise<void>(() => undefined);
      });
      const mapping = mapQueue(under, pair.queue, queueFunction(address, hanging, 1));
      await begun;
      await mapping.crash();
    },
  };
}
