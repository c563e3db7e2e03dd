/** The Kafka transport over the wire, on each broker: D1, D2, D8, order, crashes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { closeKafkaProducers } from '../../../../lambda/runtime/kafka/producers.ts';
import { createPublisher } from '../../../../lambda/runtime/publisher.ts';
import { kafkaTransport } from '../../../../lambda/runtime/transports/kafka.ts';
import type { EncodedMessage } from '../../../../lambda/runtime/types.ts';
import { startRealKafka } from '../../../../local/brokers/kafka.ts';
import type { RealKafka } from '../../../../local/brokers/kafka.ts';
import { describeOnEachKafka, describeOnRealKafka } from '../../../support/kafka.ts';
import type { KafkaBroker } from '../../../support/kafka.ts';
import { encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';
import { createTopics, readTopics } from './topics.ts';

const some = (count: number, customer: (index: number) => string, pad = 0): EncodedMessage[] =>
  Array.from({ length: count }, (_, index) => {
    const envelope = orderPlaced(`o${index}`, customer(index));
    return encoded(envelope, JSON.stringify({ ...envelope, pad: 'x'.repeat(pad) }));
  });

const orderOf = (value: string): number =>
  Number((JSON.parse(value) as { data: { orderId: string } }).data.orderId.slice(1));

afterAll(() => closeKafkaProducers());

describeOnEachKafka('kafkaTransport', (kind) => {
  let broker: KafkaBroker;
  let bootstrapServers: string;
  beforeAll(async () => {
    broker = await kind.start();
    ({ bootstrapServers } = broker);
  });
  afterAll(async () => {
    await closeKafkaProducers();
    await broker.stop();
  });

  test('the record: ordering key, envelope, headers to route by; each event once, in the order of its key', async () => {
    await createTopics(bootstrapServers, ['orders'], 4);
    const publisher = createPublisher({
      contracts: [OrderPlaced],
      transport: kafkaTransport({ bootstrapServers, topic: 'orders' }),
    });
    const sent = Array.from({ length: 300 }, (_, index) => orderPlaced(`o${index}`, `c${index % 11}`));

    expect((await publisher.publishBatch(sent)).failed).toEqual([]);

    const records = await readTopics(bootstrapServers, ['orders'], 300);
    expect(new Set(records.map(({ headers }) => headers['eventId']))).toEqual(
      new Set(sent.map(({ eventId }) => eventId)),
    );
    const first = records.find(({ value }) => orderOf(value) === 0)!;
    expect(first.key).toBe('acme#c0');
    expect(JSON.parse(first.value)).toEqual(sent[0]);
    expect(first.headers).toEqual({
      eventId: sent[0]!.eventId,
      eventType: 'OrderPlaced',
      eventVersion: '1.0',
      tenantId: 'acme',
      priority: 'normal',
    });
    expect(new Set(records.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    for (let key = 0; key < 11; key += 1) {
      const ofKey = records.filter((record) => record.key === `acme#c${key}`);
      expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
      const numbers = ofKey
        .toSorted((a, b) => Number(a.offset - b.offset))
        .map(({ value }) => orderOf(value));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test('D2 batches stay below the limit of the topic', async () => {
    await createTopics(bootstrapServers, ['small-batches'], 1, { 'max.message.bytes': '20000' });
    const transport = kafkaTransport({
      bootstrapServers,
      topic: 'small-batches',
      maximumMessageBytes: 19_000,
    });

    expect(await transport.send(some(60, (index) => `c${index % 3}`, 1_500))).toEqual({ failed: [] });

    const records = await readTopics(bootstrapServers, ['small-batches'], 60);
    expect(records.map(({ value }) => orderOf(value))).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  test('D1 what the broker refuses for its size is found alone; its key is held back, its neighbours pass', async () => {
    await createTopics(bootstrapServers, ['refusing'], 1, { 'max.message.bytes': '4000' });
    const messages = some(6, (index) => `c${index % 2}`);
    const large = { ...messages[2]!, body: JSON.stringify({ pad: 'x'.repeat(5_000) }) };
    const { failed } = await kafkaTransport({ bootstrapServers, topic: 'refusing' }).send(
      messages.with(2, large),
    );

    expect(failed).toEqual([
      expect.objectContaining({ eventId: large.eventId, code: 'MESSAGE_TOO_LARGE', retryable: false }),
      expect.objectContaining({ eventId: messages[4]!.eventId, code: 'WAYBILL_ORDER_HELD', retryable: true }),
    ]);
    const records = await readTopics(bootstrapServers, ['refusing'], 4);
    expect(records.map(({ value }) => orderOf(value))).toEqual([0, 1, 3, 5]);
  });

  test('D1 an event over the limit is not sent at all', async () => {
    await createTopics(bootstrapServers, ['limits'], 1);
    const transport = kafkaTransport({ bootstrapServers, topic: 'limits', maximumMessageBytes: 2_000 });
    const messages = [...some(1, () => 'big', 3_000), ...some(1, () => 'small')];

    const { failed } = await transport.send(messages);

    expect(failed).toEqual([
      expect.objectContaining({ eventId: messages[0]!.eventId, code: 'WAYBILL_EVENT_TOO_LARGE' }),
    ]);
  });

  test('a topic that is not there: every event fails and may be tried again', async () => {
    const messages = some(3, (index) => `c${index}`);
    const { failed } = await kafkaTransport({ bootstrapServers, topic: 'nowhere' }).send(messages);

    expect(failed.map(({ eventId, code, retryable }) => ({ eventId, code, retryable }))).toEqual(
      messages.map(({ eventId }) => ({ eventId, code: 'UNKNOWN_TOPIC_OR_PARTITION', retryable: true })),
    );
  });

  test('callers at the same time share the connection, and each key keeps its order', async () => {
    await createTopics(bootstrapServers, ['shared'], 2);
    const transport = kafkaTransport({ bootstrapServers, topic: 'shared' });

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, caller) => transport.send(some(20, () => `caller-${caller}`))),
    );

    expect(answers.flatMap(({ failed }) => failed)).toEqual([]);
    const records = await readTopics(bootstrapServers, ['shared'], 200);
    for (let caller = 0; caller < 10; caller += 1) {
      const own = records
        .filter(({ key }) => key === `acme#caller-${caller}`)
        .toSorted((a, b) => Number(a.offset - b.offset));
      expect(own.map(({ value }) => orderOf(value))).toEqual(Array.from({ length: 20 }, (_, n) => n));
    }
  });
});

test('no broker answers: every event fails, and may be tried again', async () => {
  const messages = some(2, (index) => `c${index}`);
  const { failed } = await kafkaTransport({ bootstrapServers: '127.0.0.1:1', topic: 'orders' }).send(
    messages,
  );

  expect(failed.map(({ retryable, eventId }) => [eventId, retryable])).toEqual(
    messages.map(({ eventId }) => [eventId, true]),
  );
});

describeOnRealKafka('kafkaTransport while the broker crashes', () => {
  let kafka: RealKafka;
  beforeAll(async () => {
    kafka = await startRealKafka();
  });
  afterAll(async () => {
    await closeKafkaProducers();
    await kafka.stop();
  });

  test('kill -9 and restart half way: what was accepted is there, in order; what failed is told', async () => {
    const { bootstrapServers } = kafka;
    await createTopics(bootstrapServers, ['crash'], 2);
    const transport = kafkaTransport({ bootstrapServers, topic: 'crash' });
    const messages = some(400, (index) => `c${index % 5}`);
    const accepted = new Set<string>();
    let crash: Promise<void> | undefined;

    for (let from = 0; from < messages.length; from += 20) {
      const batch = messages.slice(from, from + 20);
      if (from === 200) crash = kafka.kill().then(() => kafka.restart());
      // As the outbox does: again until it is accepted.
      for (let left: readonly EncodedMessage[] = batch; left.length > 0;) {
        const { failed } = await transport.send(left);
        const failedIds = new Set(failed.map(({ eventId }) => eventId));
        for (const { eventId } of left) if (!failedIds.has(eventId)) accepted.add(eventId);
        expect(failed.every(({ retryable }) => retryable)).toBe(true);
        left = left.filter(({ eventId }) => failedIds.has(eventId));
      }
    }
    await crash;

    expect(accepted.size).toBe(400);
    const records = await readTopics(bootstrapServers, ['crash'], 400);
    const seen = new Map<string, string[]>();
    for (const { key, headers } of records.toSorted((a, b) => Number(a.offset - b.offset))) {
      const ofKey = seen.get(key) ?? [];
      // A batch whose answer was lost can be there twice: the eventId tells.
      if (!ofKey.includes(headers['eventId']!)) ofKey.push(headers['eventId']!);
      seen.set(key, ofKey);
    }
    expect([...seen.values()].flat()).toHaveLength(400);
    for (const [key, ids] of seen) {
      const sent = messages.filter(({ orderingKey }) => orderingKey === key).map(({ eventId }) => eventId);
      expect(ids).toEqual(sent);
    }
  });
});

describe('the transport alone', () => {
  test('nothing to send needs no connection', async () => {
    expect(await kafkaTransport({ bootstrapServers: '127.0.0.1:1', topic: 'x' }).send([])).toEqual({
      failed: [],
    });
  });
});
