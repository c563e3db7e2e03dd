/** Topics of Kafka, with a retry topic for each delivery after the first and a topic of dead letters. */
import { closeKafkaProducers } from '../../../../lambda/runtime/kafka/producers.ts';
import { kafkaTransport } from '../../../../lambda/runtime/transports/kafka.ts';
import { DEFAULT_MESSAGE_BYTES } from '../../../../lambda/runtime/transports/limits.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import { createTopics, readTopics } from '../../../lambda/runtime/kafka/topics.ts';
import type { KafkaKind } from '../../../support/kafka.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, TransportDriver } from '../driver.ts';
import { deadTopicOf, joinKafka, KAFKA_SESSION, retryTopicsOf } from './kafka-member.ts';
import { killWhileHandling } from './killed.ts';

const PARTITIONS = 2;

export const kafkaOn = (kind: KafkaKind, version = ''): TransportDriver => ({
  name: 'Kafka',
  leaseMilliseconds: KAFKA_SESSION,
  claims: {
    sharesWork: true,
    waitsForReaders: true,
    lateGroupsSeeAll: true,
    deduplicates: false,
    ordersByKey: true,
    failureHoldsKeyOnly: true,
    ordersAll: 'there is no such option: a partition orders what has one key',
    countsDeliveries: true,
    delaysRetries: true,
    keepsGivenUp: true,
    redrives: 'a dead letter is a record as it was published: it goes back by publishing it again',
    marksRedriven: 'a dead letter is a record as it was published: it goes back by publishing it again',
    keepsHidden: true,
    stopsGracefully: true,
    survivesCrash: true,
  },
  costs: {
    largestEvent: DEFAULT_MESSAGE_BYTES,
    deduplicationWindow: undefined,
    crash: '`sessionTimeout`, 45 seconds by default; what was done and not committed is repeated',
    reader: '`kafkaTransport()` and `pollKafka()` with retry topics',
  },
  leftOut: {},
  async start() {
    const broker = await kind.start();
    let names = 0;
    return {
      broker: `${kind.name} ${version}`.trim(),
      now: () => Date.now(),
      until: (condition) => until(condition),
      channel: () => openChannel(broker.bootstrapServers, `channel-${(names += 1)}`),
      async stop() {
        await closeKafkaProducers();
        await broker.stop();
      },
    };
  },
});

async function openChannel(bootstrapServers: string, topic: string): Promise<Channel> {
  await createTopics(bootstrapServers, [topic], PARTITIONS);
  const members: Poller[] = [];
  const made = new Set<string>();
  return {
    transport: kafkaTransport({ bootstrapServers, topic }),
    async group(group) {
      const address = { bootstrapServers, topic, group };
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
