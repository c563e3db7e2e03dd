/** Topics of Kafka and a topic of dead letters: without retry topics, and with one for each delivery after the first. */
import { closeKafkaProducers } from '../../../../lambda/runtime/kafka/producers.ts';
import { kafkaTransport } from '../../../../lambda/runtime/transports/kafka.ts';
import { DEFAULT_MESSAGE_BYTES } from '../../../../lambda/runtime/transports/limits.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import { createTopics, readTopics } from '../../../lambda/runtime/kafka/topics.ts';
import type { KafkaKind } from '../../../support/kafka.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, Claims, RunningTransport, TransportDriver } from '../driver.ts';
import { deadTopicOf, joinKafka, KAFKA_SESSION, retryTopicsOf } from './kafka-member.ts';
import { killWhileHandling } from './killed.ts';

const PARTITIONS = 2;

const NOT_OFFERED = 'a dead letter is a record as it was published: it goes back by publishing it again';
const TRIED_IN_PLACE = 'what fails is tried in its place until it is handled';

const CLAIMS = {
  sharesWork: true,
  waitsForReaders: true,
  lateGroupsSeeAll: true,
  deduplicates: false,
  oneAtATime: true,
  keysAreIndependent: true,
  ordersAll: 'there is no such option: a partition orders what has one key',
  countsDeliveries: true,
  countsFailuresByEvent: true,
  redrives: NOT_OFFERED,
  marksRedriven: NOT_OFFERED,
  keepsHidden: true,
  stopsGracefully: true,
  survivesCrash: true,
} satisfies Partial<Claims>;

const COSTS = {
  largestEvent: DEFAULT_MESSAGE_BYTES,
  deduplicationWindow: undefined,
  crash: '`sessionTimeout`, 45 seconds by default; what was done and not committed is repeated',
};

/** What fails waits in its place: the strict order. */
export const kafkaOn = (kind: KafkaKind, version = ''): TransportDriver => ({
  name: 'Kafka',
  leaseMilliseconds: KAFKA_SESSION,
  claims: {
    ...CLAIMS,
    ordersByKey: true,
    delaysRetries: 'the backoff in place is its own, from half a second',
    keepsGivenUp: TRIED_IN_PLACE,
  },
  costs: { ...COSTS, reader: '`kafkaTransport()` and `pollKafka()` without retry topics' },
  leftOut: {},
  start: () => startKafka(kind, version, false),
});

export const kafkaRetryTopicsOn = (kind: KafkaKind, version = ''): TransportDriver => ({
  name: 'Kafka, retry topics',
  leaseMilliseconds: KAFKA_SESSION,
  claims: { ...CLAIMS, ordersByKey: false, delaysRetries: true, keepsGivenUp: true },
  costs: { ...COSTS, reader: '`kafkaTransport()` and `pollKafka()` with two retry topics' },
  leftOut: { 'failure-holds-key': 'its key is held for the delay of the retry topic, and no longer' },
  start: () => startKafka(kind, version, true),
});

async function startKafka(
  kind: KafkaKind,
  version: string,
  hasRetryTopics: boolean,
): Promise<RunningTransport> {
  const broker = await kind.start();
  let names = 0;
  return {
    broker: `${kind.name} ${version}`.trim(),
    now: () => Date.now(),
    until: (condition) => until(condition),
    channel: () => openChannel(broker.bootstrapServers, `channel-${(names += 1)}`, hasRetryTopics),
    async stop() {
      await closeKafkaProducers();
      await broker.stop();
    },
  };
}

async function openChannel(
  bootstrapServers: string,
  topic: string,
  hasRetryTopics: boolean,
): Promise<Channel> {
  await createTopics(bootstrapServers, [topic], PARTITIONS);
  const members: Poller[] = [];
  const made = new Set<string>();
  return {
    transport: kafkaTransport({ bootstrapServers, topic }),
    async group(group) {
      const address = { bootstrapServers, topic, group, hasRetryTopics };
      if (!made.has(group)) {
        made.add(group);
        await createTopics(bootstrapServers, [...retryTopicsOf(address), deadTopicOf(address)], 1);
      }
      return {
        async start(consumer, { concurrency = 10 } = {}) {
          const member = joinKafka(address, consumer, concurrency);
          members.push(member);
          return { stop: (within = 2_000) => member.stop({ within }) };
        },
        async deadLetters(count) {
          const records = await readTopics(bootstrapServers, [deadTopicOf(address)], count);
          return records.map(({ headers, value }) => ({
            reason: headers['deadLetterReason'],
            receiveCount: Number(headers['deadLetterReceiveCount']),
            body: value,
          }));
        },
        async redrive() {
          throw new Error('not offered');
        },
        crash: () => killWhileHandling({ kind: 'kafka', ...address }),
      };
    },
    async close() {
      await Promise.all(members.map((member) => member.stop({ within: 100 })));
    },
  };
}
