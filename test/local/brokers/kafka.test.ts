import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { findKafka } from '../../../local/brokers/kafka-installation.ts';
import { startRealKafka } from '../../../local/brokers/kafka.ts';
import type { RealKafka } from '../../../local/brokers/kafka.ts';
import { describeOnRealKafka } from '../../support/kafka.ts';

describeOnRealKafka('startRealKafka', () => {
  let kafka: RealKafka;
  let admin: Admin;
  beforeAll(async () => {
    kafka = await startRealKafka();
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrapServers] });
  });
  afterAll(async () => {
    await admin.close();
    await kafka.stop();
    expect(isRunning(kafka.pid)).toBe(false);
  });

  test('what was acknowledged before a kill -9 is read after the restart, at the same address', async () => {
    await admin.createTopics({ topics: ['orders'], partitions: 1, replicas: 1 });
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: [kafka.bootstrapServers],
      serializers: stringSerializers,
    });
    await producer.send({ messages: [{ topic: 'orders', key: 'k', value: 'before' }], acks: -1 });
    const killed = kafka.pid;
    const { bootstrapServers } = kafka;

    await kafka.kill();
    expect(isRunning(killed)).toBe(false);
    await kafka.restart();

    expect(kafka.bootstrapServers).toBe(bootstrapServers);
    expect(kafka.pid).not.toBe(killed);
    const consumer = new Consumer({
      clientId: 'test',
      groupId: 'readers',
      bootstrapBrokers: [kafka.bootstrapServers],
      deserializers: stringDeserializers,
    });
    const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', autocommit: false });
    for await (const { value } of stream) {
      expect(value).toBe('before');
      break;
    }
    await consumer.close(true);
    await producer.close();
  });

  test('a start that fails says why, and leaves nothing behind', async () => {
    const broken = startRealKafka({ properties: { 'process.roles': 'nothing' } });

    await expect(broken).rejects.toMatchObject({
      code: 'WAYBILL_BROKER_FAILED',
      message: expect.stringContaining('process.roles'),
    });
  });
});

test('no Kafka, no start: what to do is said', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-no-kafka-'));
  const before = process.cwd();
  const home = process.env['KAFKA_HOME'];
  delete process.env['KAFKA_HOME'];
  process.chdir(directory);
  try {
    expect(await findKafka({})).toBeUndefined();
    await expect(startRealKafka()).rejects.toMatchObject({
      code: 'WAYBILL_BROKER_NOT_INSTALLED',
      message: expect.stringContaining('brokers:install'),
    });
  } finally {
    process.chdir(before);
    if (home !== undefined) process.env['KAFKA_HOME'] = home;
    await rm(directory, { recursive: true });
  }
});

function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
