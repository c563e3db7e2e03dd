import { describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { findKafka } from '../../../local/brokers/kafka-installation.ts';
import { findRabbitmq } from '../../../local/brokers/rabbitmq.ts';
import { prepareBrokers } from '../../../local/run/brokers.ts';

const CLUSTER = { arn: 'arn:aws:kafka:us-east-1:000000000000:cluster/a/b', name: 'a', region: 'us-east-1' };
const USER = { username: 'waybill', password: 'a-password-of-ours' };

describe('brokers of a run', () => {
  test('embedded ones are said to be so, with the way to a real one', async () => {
    const brokers = await prepareBrokers('embedded');

    expect(brokers.describe()).toEqual([
      ['Kafka', expect.stringMatching(/^embedded \(.*--brokers auto/)],
      ['RabbitMQ', expect.stringMatching(/^embedded \(.*--brokers auto/)],
    ]);
    await brokers.stop();
  });

  test('answer nobody while their region is lost, and are there again with it', async () => {
    const region = (await prepareBrokers('embedded')).of();
    const kafka = await region.startKafka!(CLUSTER);
    const rabbitmq = await region.startRabbitmq!({ name: 'legacy', user: USER, port: undefined });
    const kafkaPort = Number(kafka.bootstrapServers.split(':')[1]);
    try {
      region.suspend();
      await Promise.all([isClosed(kafkaPort), isClosed(rabbitmq.port)]);

      region.resume();
      expect([await staysOpen(kafkaPort), await staysOpen(rabbitmq.port)]).toEqual([true, true]);
    } finally {
      await Promise.all([kafka.stop(), rabbitmq.stop()]);
    }
  });

  test('real ones are refused by name where they are not installed', async () => {
    const installed = (await findKafka()) !== undefined && (await findRabbitmq()) !== undefined;
    if (installed) return;

    await expect(prepareBrokers('real')).rejects.toMatchObject({
      code: 'WAYBILL_BROKER_NOT_INSTALLED',
      message: expect.stringContaining('npm run brokers:install'),
    });
  });
});

/** Resolves when a connection is refused or closed, however long this machine takes for it. */
function isClosed(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('close', () => resolve());
    socket.once('error', () => undefined);
  });
}

/** Whether a connection is kept for a moment. */
function staysOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (open: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    const timer = setTimeout(() => end(true), 300);
    socket.once('close', () => end(false));
    socket.once('error', () => end(false));
  });
}
