/** The consumer group outside Lambda, on each broker: order, commits, retries, rebalances, crashes, poison, shutdown. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Consumer } from '@platformatic/kafka';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import type { Clock } from '../../../../lambda/runtime/clock.ts';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { pollKafka } from '../../../../lambda/runtime/kafka/poll-kafka.ts';
import type { PollKafkaOptions } from '../../../../lambda/runtime/kafka/poll-kafka.ts';
import { closeKafkaProducers, recordProducer } from '../../../../lambda/runtime/kafka/producers.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import { kafkaTransport } from '../../../../lambda/runtime/transports/kafka.ts';
import type { Handler } from '../../../../lambda/runtime/types.ts';
import { controllableClock } from '../../../../local/aws/clock.ts';
import type { ControllableClock } from '../../../../local/aws/clock.ts';
import { startRealKafka } from '../../../../local/brokers/kafka.ts';
import type { RealKafka } from '../../../../local/brokers/kafka.ts';
import { describeOnEachKafka, describeOnRealKafka } from '../../../support/kafka.ts';
import type { KafkaBroker } from '../../../support/kafka.ts';
import { capturedLog, encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';
import { createTopics, readTopics } from './topics.ts';
import { until, untilOnClock } from '../../../support/waiting.ts';

const SESSION = 6_000;
let pollers: Poller[] = [];

afterEach(async () => {
  await Promise.all(pollers.map((poller) => poller.stop({ within: 100 })));
  pollers = [];
});

function start(
  bootstrapServers: string,
  topic: string,
  handler: Handler<typeof OrderPlaced>,
  options: Partial<PollKafkaOptions> = {},
): Poller {
  const poller = pollKafka(OrderPlaced, handler, {
    bootstrapServers,
    topics: [topic],
    consumer: `${topic}-consumer`,
    sessionTimeout: SESSION,
    logger: capturedLog().logger,
    ...options,
  });
  pollers.push(poller);
  return poller;
}

async function publish(
  bootstrapServers: string,
  topic: string,
  envelopes: readonly Envelope[],
): Promise<void> {
  const transport = kafkaTransport({ bootstrapServers, topic });
  for (let left = [...envelopes]; left.length > 0;) {
    const { failed } = await transport.send(left.map((envelope) => encoded(envelope)));
    const ids = new Set(failed.map(({ eventId }) => eventId));
    left = left.filter(({ eventId }) => ids.has(eventId));
  }
}

const orders = (count: number, keys: number, from = 0) =>
  Array.from({ length: count }, (_, index) => orderPlaced(`o${from + index}`, `c${(from + index) % keys}`));

const asRuntimeClock = (clock: ControllableClock): Clock => ({
  now: () => clock.now(),
  setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clock.clearTimeout(timer as object),
});

/** What a group has committed, over all partitions. */
async function committed(bootstrapServers: string, groupId: string, topic: string): Promise<number> {
  const consumer = new Consumer({ clientId: 'test', groupId, bootstrapBrokers: [bootstrapServers] });
  consumer.on('error', () => undefined);
  try {
    const { topics } = await consumer.metadata({ topics: [topic] });
    const partitions = Array.from({ length: topics.get(topic)!.partitionsCount }, (_, index) => index);
    const offsets = await consumer.listCommittedOffsets({ topics: [{ topic, partitions }] });
    return offsets.get(topic)!.reduce((sum, offset) => sum + Math.max(0, Number(offset)), 0);
  } finally {
    await consumer.close(true);
  }
}

function expectOrder(ids: readonly string[], keys: number): void {
  for (let key = 0; key < keys; key += 1) {
    const ofKey = ids.map((id) => Number(id.slice(1))).filter((id) => id % keys === key);
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
  }
}

afterAll(() => closeKafkaProducers());

describeOnEachKafka('pollKafka', (kind) => {
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

  test('a consumer that is switched off reads nothing and moves nothing, and goes on where it was', async () => {
    await createTopics(bootstrapServers, ['switched'], 2);
    await publish(bootstrapServers, 'switched', orders(20, 4));
    const handled: string[] = [];
    let asked = 0;
    let isOff = true;
    start(bootstrapServers, 'switched', ({ data }) => void handled.push(data.orderId), {
      controls: {
        admit: async () => ({ kind: 'handle' }),
        settled: async () => true,
        countFailure: async () => 1,
        holdReceives: async () => {
          asked += 1;
          return isOff ? 50 : 0;
        },
      },
    });

    await until(() => asked > 3);
    expect(handled).toEqual([]);
    isOff = false;
    await until(() => handled.length === 20);

    expectOrder(handled, 4);
    expect(new Set(handled).size).toBe(20);
  });

  test('everything once, in the order of each key; committed behind what is done; the next start repeats nothing', async () => {
    await createTopics(bootstrapServers, ['basic'], 3);
    const handled: string[] = [];
    await publish(bootstrapServers, 'basic', orders(150, 7));
    const poller = start(bootstrapServers, 'basic', async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, Number(data.orderId.slice(1)) % 4));
      handled.push(data.orderId);
    });
    await until(() => handled.length >= 150);
    await poller.stop();

    expect(handled).toHaveLength(150);
    expectOrder(handled, 7);
    expect(await committed(bootstrapServers, 'basic-consumer', 'basic')).toBe(150);

    await publish(bootstrapServers, 'basic', orders(10, 7, 150));
    start(bootstrapServers, 'basic', ({ data }) => void handled.push(data.orderId));
    await until(() => handled.length >= 160);
    expect(new Set(handled).size).toBe(160);
    expect(handled).toHaveLength(160);
  });

  test('nothing is committed behind a record that is in work', async () => {
    await createTopics(bootstrapServers, ['held'], 1);
    const handled: string[] = [];
    let finish: () => void = () => undefined;
    await publish(bootstrapServers, 'held', [
      orderPlaced('o0', 'a'),
      orderPlaced('o1', 'slow'),
      orderPlaced('o2', 'b'),
    ]);
    const poller = start(bootstrapServers, 'held', async ({ data }) => {
      if (data.orderId === 'o1') await new Promise<void>((resolve) => (finish = resolve));
      handled.push(data.orderId);
    });
    await until(() => handled.length === 2);
    await until(async () => (await committed(bootstrapServers, 'held-consumer', 'held')) > 0, 100);

    expect(handled).toEqual(['o0', 'o2']);
    expect(await committed(bootstrapServers, 'held-consumer', 'held')).toBe(1);
    finish();
    await until(() => handled.length === 3);
    await poller.stop();
    expect(await committed(bootstrapServers, 'held-consumer', 'held')).toBe(3);
  });

  test('D10 poison, permanent failures and what fails everywhere end in the dead-letter topic; failures pass the retry topics', async () => {
    const topics = ['work', 'work.retry-1', 'work.retry-2', 'work.dead'];
    await createTopics(bootstrapServers, topics, 2);
    const tried: string[] = [];
    const handled: string[] = [];
    start(
      bootstrapServers,
      'work',
      ({ data }, { receiveCount }) => {
        tried.push(`${data.orderId} ${receiveCount}`);
        if (data.orderId === 'never') throw new Error('down');
        if (data.orderId === 'closed') throw new PermanentError('ACCOUNT_CLOSED');
        if (data.orderId === 'twice' && receiveCount < 3) throw new Error('for a moment');
        handled.push(data.orderId);
      },
      {
        retryTopics: [
          { topic: 'work.retry-1', delaySeconds: 1 },
          { topic: 'work.retry-2', delaySeconds: 1 },
        ],
        deadLetterTopic: 'work.dead',
      },
    );
    const sent = ['never', 'closed', 'twice', 'fine'].map((id) => orderPlaced(id, id));
    await publish(bootstrapServers, 'work', sent);
    const producer = await recordProducer({ bootstrapServers });
    await producer.send('work', 0, [{ key: 'p', value: Buffer.from([0xff, 0x00, 0xfe]), headers: {} }]);

    const dead = await readTopics(bootstrapServers, ['work.dead'], 3);
    await until(() => handled.length === 2);

    expect(handled.toSorted()).toEqual(['fine', 'twice']);
    expect(tried.filter((one) => one.startsWith('never'))).toEqual(['never 1', 'never 2', 'never 3']);
    expect(tried.filter((one) => one.startsWith('twice'))).toEqual(['twice 1', 'twice 2', 'twice 3']);
    const byReason = new Map(dead.map((record) => [record.headers['deadLetterReason'], record]));
    expect(new Set(byReason.keys())).toEqual(
      new Set(['HANDLER_FAILED', 'PERMANENT_ERROR', 'WAYBILL_ENVELOPE_NOT_JSON']),
    );
    // Same key, same content, same eventId: it can go back as it is.
    const never = byReason.get('HANDLER_FAILED')!;
    expect(never.key).toBe('acme#never');
    expect(JSON.parse(never.value)).toEqual(sent[0]);
    expect(never.headers).toMatchObject({ deadLetterReceiveCount: '3', eventId: sent[0]!.eventId });
    expect(never.headers).not.toHaveProperty('retryAttempt');
  });

  test('while a retry waits, its key follows it and keeps its order; other keys go on', async () => {
    await createTopics(bootstrapServers, ['order', 'order.retry'], 1);
    const clock = controllableClock();
    const handled: string[] = [];
    let failed = false;
    start(
      bootstrapServers,
      'order',
      ({ data }) => {
        if (data.orderId === 'o0' && !failed) {
          failed = true;
          throw new Error('for a moment');
        }
        handled.push(data.orderId);
      },
      { clock: asRuntimeClock(clock), retryTopics: [{ topic: 'order.retry', delaySeconds: 600 }] },
    );
    await publish(bootstrapServers, 'order', orders(40, 4));
    // Those of other keys are handled, those of its key moved, however long that takes: the delay ends afterwards.
    await until(async () => (await committed(bootstrapServers, 'order-consumer', 'order')) === 40);
    expect(handled).toHaveLength(30);
    await untilOnClock(clock, () => handled.length >= 40, 600_000);

    expect(handled).toHaveLength(40);
    expectOrder(handled, 4);
    expect(handled.indexOf('o0')).toBeGreaterThan(handled.indexOf('o39'));
  });

  test('without retry topics a failure is tried in place: its key waits, the others go on', async () => {
    await createTopics(bootstrapServers, ['strict'], 1);
    const handled: string[] = [];
    let failures = 0;
    start(bootstrapServers, 'strict', ({ data }) => {
      if (data.orderId === 'o1' && failures++ < 2) throw new Error('for a moment');
      handled.push(data.orderId);
    });
    await publish(bootstrapServers, 'strict', orders(30, 3));
    await until(() => handled.length >= 30);

    expect(handled).toHaveLength(30);
    expect(failures).toBe(3);
    expectOrder(handled, 3);
  });

  test('rebalance: members come and go while records are in work; nothing is lost, order per key holds', async () => {
    await createTopics(bootstrapServers, ['group'], 4);
    const handled: string[] = [];
    const byMember: number[] = [];
    let total = 400;
    const member = (): Poller => {
      const number = byMember.push(0) - 1;
      const handler: Handler<typeof OrderPlaced> = async ({ data }) => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        byMember[number]! += 1;
        handled.push(data.orderId);
      };
      return start(bootstrapServers, 'group', handler, { consumer: 'group-consumer' });
    };
    const first = member();
    await publish(bootstrapServers, 'group', orders(200, 8));
    await until(() => handled.length > 20);
    const second = member();
    await publish(bootstrapServers, 'group', orders(200, 8, 200));
    await until(() => byMember[1]! > 10);
    await first.stop();
    const third = member();
    // However long it takes to join: there is work until it has had some.
    while (byMember[2]! <= 10) {
      await publish(bootstrapServers, 'group', orders(40, 8, total));
      total += 40;
      const goal = total - 20;
      await until(() => byMember[2]! > 10 || new Set(handled).size > goal);
    }
    await until(() => new Set(handled).size >= total);
    // What a member had in work when its partition went is done again by the next one, and committed by that.
    await until(async () => (await committed(bootstrapServers, 'group-consumer', 'group')) === total);
    await Promise.all([second.stop(), third.stop()]);

    expect(Math.min(...byMember)).toBeGreaterThan(10);
    expect(new Set(handled).size).toBe(total);
    // A partition that moves is read again from its last commit: repeats, but no first handling out of order.
    const firsts = [...new Set(handled)];
    expectOrder(firsts, 8);
  });

  test('D17 shutdown: what runs is finished and committed, what has not started is left to the next member', async () => {
    await createTopics(bootstrapServers, ['stopping'], 1);
    const handled: string[] = [];
    const poller = start(
      bootstrapServers,
      'stopping',
      async ({ data }) => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        handled.push(data.orderId);
      },
      { concurrency: 1 },
    );
    await publish(bootstrapServers, 'stopping', orders(5, 5));
    await until(() => handled.length === 1);
    const report = await poller.stop();
    const before = [...handled];

    expect(report).toEqual({ abandoned: 0 });
    expect(before.length).toBeLessThan(5);
    expect(await committed(bootstrapServers, 'stopping-consumer', 'stopping')).toBe(before.length);
    start(bootstrapServers, 'stopping', ({ data }) => void handled.push(data.orderId));
    await until(() => handled.length >= 5);
    expect(handled).toEqual(['o0', 'o1', 'o2', 'o3', 'o4']);
  });

  test('D17 a handler that does not stop in time is aborted and counted, and its record comes again', async () => {
    await createTopics(bootstrapServers, ['hanging'], 1);
    const aborted: boolean[] = [];
    let begun = false;
    const poller = start(bootstrapServers, 'hanging', async (_event, { signal }) => {
      begun = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted.push(signal.aborted);
    });
    await publish(bootstrapServers, 'hanging', orders(1, 1));
    await until(() => begun);
    expect(await poller.stop({ within: 50 })).toEqual({ abandoned: 1 });
    expect(aborted).toEqual([true]);
    const handled: string[] = [];
    start(bootstrapServers, 'hanging', ({ data }) => void handled.push(data.orderId));
    await until(() => handled.length === 1);
  });
});

describeOnRealKafka('pollKafka while the broker crashes', () => {
  let kafka: RealKafka;
  beforeAll(async () => {
    kafka = await startRealKafka();
  });
  afterAll(async () => {
    await closeKafkaProducers();
    await kafka.stop();
  });

  test('kill -9 and restart half way: everything is handled, in the order of each key, and committed', async () => {
    const { bootstrapServers } = kafka;
    await createTopics(bootstrapServers, ['crash'], 3);
    const handled: string[] = [];
    const poller = start(bootstrapServers, 'crash', async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      handled.push(data.orderId);
    });
    await publish(bootstrapServers, 'crash', orders(300, 6));
    await until(() => new Set(handled).size > 60);
    await kafka.kill();
    await kafka.restart();
    await publish(bootstrapServers, 'crash', orders(100, 6, 300));
    await until(() => new Set(handled).size >= 400);
    await until(async () => (await committed(bootstrapServers, 'crash-consumer', 'crash')) >= 400);
    await poller.stop();

    expectOrder([...new Set(handled)], 6);
  });
});
