/** The embedded RabbitMQ beside what conformance.test.ts asks: what takes a real one minutes, or can't be seen in one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel, GetMessage } from 'amqplib';
import { startEmbeddedRabbitmq } from '../../../local/rabbitmq/index.ts';
import type { EmbeddedRabbitmq } from '../../../local/rabbitmq/index.ts';
import { until } from './brokers.ts';

let broker: EmbeddedRabbitmq;
let connection: ChannelModel;

beforeAll(async () => {
  broker = await startEmbeddedRabbitmq({ virtualHosts: ['other'] });
  connection = await connect(broker.url);
  connection.on('error', () => undefined);
});
afterAll(async () => {
  await connection.close().catch(() => undefined);
  await broker.stop();
});

let names = 0;
const fresh = (): string => `test-${(names += 1)}`;
const quorum = (more = {}) => ({ durable: true, arguments: { 'x-queue-type': 'quorum', ...more } });
const get = (channel: ConfirmChannel, queue: string): Promise<GetMessage> => until(() => channel.get(queue));
const send = async (channel: ConfirmChannel, queue: string, body: string): Promise<void> => {
  channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
};

// RabbitMQ tries every three minutes.
test('at-least-once: a dead letter that no queue takes is kept until one does', async () => {
  const channel = await connection.createConfirmChannel();
  const [queue, dead, exchange] = [fresh(), fresh(), fresh()];
  await channel.assertExchange(exchange, 'direct');
  await channel.assertQueue(
    queue,
    quorum({
      'x-dead-letter-exchange': exchange,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    }),
  );
  await send(channel, queue, 'a');
  channel.nack(await get(channel, queue), false, false);

  await channel.assertQueue(dead, { durable: true });
  await channel.bindQueue(dead, exchange, queue);

  expect((await get(channel, dead)).content.toString()).toBe('a');
  await channel.close();
});

test('virtual hosts know nothing of each other, and one that is not there is refused', async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('same', { durable: true });
  const other = await connect(`${broker.url}/other`);
  await (await other.createChannel()).assertQueue('same', { durable: true });
  await send(channel, 'same', 'a');

  expect([broker.queue('same')?.ready, broker.queue('same', 'other')?.ready]).toEqual([1, 0]);
  await expect(connect(`${broker.url}/none`)).rejects.toThrow();
  await other.close();
});

test('broken connections give back what they held', async () => {
  const held = await connect(broker.url);
  held.on('error', () => undefined);
  const channel = await held.createConfirmChannel();
  channel.on('error', () => undefined);
  await channel.assertQueue('held', quorum());
  await send(channel, 'held', 'a');
  await get(channel, 'held');
  expect(broker.queue('held')).toMatchObject({ ready: 0, unacknowledged: 1 });

  broker.closeConnections('forced');

  await until(() => broker.queue('held')?.ready === 1);
  connection = await connect(broker.url);
});
