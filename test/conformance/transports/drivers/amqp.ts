/** Exchanges and quorum queues of RabbitMQ. */
import { connect } from 'amqplib';
import { brokerAt, declareTopology } from '../../../../lambda/runtime/amqp/index.ts';
import { amqpTransport } from '../../../../lambda/runtime/transports/amqp.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import type { BrokerUnderTest } from '../../../local/rabbitmq/brokers.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, KeptEvent, TransportDriver } from '../driver.ts';
import { joinAmqp } from './amqp-member.ts';
import { killWhileHandling } from './killed.ts';
import { NO_ORDER } from './sns-sqs.ts';

export const amqpOn = (start: () => Promise<BrokerUnderTest>, broker: string): TransportDriver => ({
  name: 'AMQP',
  leaseMilliseconds: 1_000,
  claims: {
    sharesWork: true,
    waitsForReaders: true,
    lateGroupsSeeAll: false,
    deduplicates: false,
    ordersByKey: false,
    oneAtATime: false,
    keysAreIndependent: NO_ORDER,
    ordersAll: 'there is no such option: `prefetch: 1` keeps the order of a queue with one reader',
    countsDeliveries: true,
    countsFailuresByEvent: true,
    delaysRetries: true,
    keepsGivenUp: true,
    redrives:
      'a dead letter is a message as it was published: it goes back by publishing it again, or by a shovel',
    marksRedriven:
      'a dead letter is a message as it was published: it goes back by publishing it again, or by a shovel',
    keepsHidden: true,
    stopsGracefully: true,
    survivesCrash: true,
  },
  costs: {
    largestEvent: undefined,
    deduplicationWindow: undefined,
    crash: 'nothing: the broker sees the connection end. One that is half open is seen by its heartbeat',
    reader: '`amqpTransport()` and `pollAmqp()`, quorum queues',
  },
  leftOut: { 'dead-letter-frees-key': NO_ORDER },
  async start() {
    const server = await start();
    let names = 0;
    return {
      broker,
      now: () => Date.now(),
      until: (condition) => until(condition),
      channel: () => openChannel(server.url, `channel-${(names += 1)}`),
      stop: () => server.stop(),
    };
  },
});

async function openChannel(url: string, exchange: string): Promise<Channel> {
  const broker = brokerAt(url);
  await declareTopology(broker, { exchanges: [{ name: exchange, type: 'topic' }] });
  const members: Poller[] = [];
  return {
    transport: amqpTransport({ exchange, broker }),
    async group(group) {
      const queue = `${exchange}-${group}`;
      await declareTopology(broker, {
        exchanges: [{ name: exchange, type: 'topic' }],
        queues: [{ name: queue, bindings: [{ exchange, routingKey: '#' }] }],
      });
      return {
        async start(consumer, { concurrency = 10 } = {}) {
          const member = joinAmqp({ url, queue }, consumer, concurrency);
          members.push(member);
          return { stop: (within = 2_000) => member.stop({ within }) };
        },
        deadLetters: (count) => readDead(url, `${queue}.dead`, count),
        async redrive() {
          throw new Error('not offered');
        },
        crash: () => killWhileHandling({ kind: 'amqp', url, queue }),
      };
    },
    async close() {
      await Promise.all(members.map((member) => member.stop({ within: 100 })));
    },
  };
}

/** Closing the channel gives back what was looked at. */
async function readDead(url: string, queue: string, count: number): Promise<KeptEvent[]> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const found: KeptEvent[] = [];
  await until(async () => {
    const message = await channel.get(queue);
    if (message !== false) {
      const headers = message.properties.headers ?? {};
      found.push({
        reason: headers['deadLetterReason'] as string | undefined,
        receiveCount: headers['deadLetterReceiveCount'] as number | undefined,
        body: message.content.toString(),
      });
    }
    return found.length >= count;
  });
  await connection.close();
  return found;
}
