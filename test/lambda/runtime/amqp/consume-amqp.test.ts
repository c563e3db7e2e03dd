/** `consumeAmqp`: no poison message fails a batch, and no failed one is lost. */
import { expect, test } from '@jest/globals';
import {
  consumeAmqp,
  deterministicEventId,
  PermanentError,
  UnavailableError,
} from '../../../../lambda/runtime/index.ts';
import type { AmazonMqEvent, AmqpPublisher, OutgoingMessage } from '../../../../lambda/runtime/index.ts';
import { isUuid } from '../../../../lib/contracts/index.ts';
import { capturedLog, invocation, OrderPlaced, orderPlaced, testClock } from '../fixtures.ts';

const bytes = (text: string) => ({ bytes: [...Buffer.from(text)] });
const messageOf = (body: string, headers: Record<string, unknown> = {}, messageId = 'm') => ({
  basicProperties: { messageId, type: null, appId: null, correlationId: null, headers },
  redelivered: false,
  data: Buffer.from(body).toString('base64'),
});
const batch = (...messages: ReturnType<typeof messageOf>[]): AmazonMqEvent => ({
  eventSource: 'aws:rmq',
  rmqMessagesByQueue: { 'orders::/': messages },
});

function deadLetters(confirmed = true) {
  const letters: OutgoingMessage[] = [];
  const publisher: AmqpPublisher = {
    async publish(message) {
      if (!confirmed) throw new Error('not confirmed');
      letters.push(message);
    },
    publishAll: async () => [],
    close: async () => undefined,
  };
  return { letters, publisher };
}

const options = (publisher: AmqpPublisher, more = {}) => ({
  consumer: 'test',
  deadLetterPublisher: publisher,
  logger: capturedLog().logger,
  maxReceiveCount: 3,
  ...more,
});

test('D10: poison is dead-lettered with the reason, and its neighbours are handled', async () => {
  const { letters, publisher } = deadLetters();
  const seen: string[] = [];
  const handler = consumeAmqp(OrderPlaced, (event) => void seen.push(event.data.orderId), options(publisher));
  const good = JSON.stringify(orderPlaced('o1'));

  await handler(
    batch(messageOf('not json', { kept: bytes('yes') }), messageOf(good, { tenantId: bytes('acme') })),
  );

  expect(seen).toEqual(['o1']);
  expect(letters).toEqual([
    expect.objectContaining({
      exchange: 'dead-letters',
      routingKey: 'orders',
      messageId: 'm',
      body: 'not json',
      headers: {
        kept: 'yes',
        deadLetterReason: 'WAYBILL_ENVELOPE_NOT_JSON',
        deadLetterDetail: expect.any(String),
        deadLetterConsumer: 'test',
        deadLetterReceiveCount: 1,
        deadLetterQueue: 'orders',
      },
    }),
  ]);
});

test('D18: a header of another tenant than the body is dead-lettered', async () => {
  const { letters, publisher } = deadLetters();
  const handler = consumeAmqp(OrderPlaced, () => undefined, options(publisher));

  await handler(batch(messageOf(JSON.stringify(orderPlaced('o1')), { tenantId: bytes('globex') })));

  expect(letters[0]?.headers).toMatchObject({ deadLetterReason: 'TENANT_MISMATCH' });
});

test('a handler that throws fails the batch, until its last delivery, counted here or by the queue', async () => {
  const { letters, publisher } = deadLetters();
  const handler = consumeAmqp(
    OrderPlaced,
    () => {
      throw new Error('no');
    },
    options(publisher),
  );
  const same = batch(messageOf(JSON.stringify(orderPlaced('o1'))));
  await expect(handler(same)).rejects.toMatchObject({ code: 'WAYBILL_AMQP_BATCH_FAILED' });
  await expect(handler(same)).rejects.toMatchObject({ code: 'WAYBILL_AMQP_BATCH_FAILED' });
  await handler(same);
  expect(letters[0]?.headers).toMatchObject({
    deadLetterReason: 'HANDLER_FAILED',
    deadLetterReceiveCount: 3,
  });

  const counted = messageOf(JSON.stringify(orderPlaced('o2')), { 'x-delivery-count': 2 }, 'other');
  await handler(batch(counted));
  expect(letters[1]).toMatchObject({ messageId: 'other', headers: { deadLetterReceiveCount: 3 } });
});

test('a dead letter that was not confirmed fails the batch: nothing is lost', async () => {
  const { publisher } = deadLetters(false);
  const handler = consumeAmqp(
    OrderPlaced,
    () => {
      throw new PermanentError('NEVER');
    },
    options(publisher),
  );

  await expect(handler(batch(messageOf('not json')))).rejects.toMatchObject({
    code: 'WAYBILL_AMQP_BATCH_FAILED',
  });
  await expect(handler(batch(messageOf(JSON.stringify(orderPlaced('o1')))))).rejects.toThrow('1 of 1');
});

test('D7: near the time limit nothing is started, and the batch comes again', async () => {
  const clock = testClock();
  const { publisher } = deadLetters();
  const seen: string[] = [];
  const handler = consumeAmqp(
    OrderPlaced,
    async (event) => {
      seen.push(event.data.orderId);
      await clock.advance(5_000);
    },
    options(publisher, { clock }),
  );
  const orders = ['o1', 'o2'].map((id) => messageOf(JSON.stringify(orderPlaced(id)), {}, id));

  await expect(handler(batch(...orders), invocation(6_000, clock))).rejects.toThrow(
    '1 of 2 messages are not done',
  );
  expect(seen).toEqual(['o1']);
});

test('an id for a message that has none: the same for the same key, a UUID in the order of its time', () => {
  const id = deterministicEventId('warehouse', 'a/1', 1_700_000_000_000);

  expect(isUuid(id)).toBe(true);
  expect(deterministicEventId('warehouse', 'a/1', 1_700_000_000_000)).toBe(id);
  expect(deterministicEventId('other', 'a/1', 1_700_000_000_000)).not.toBe(id);
  expect(deterministicEventId('warehouse', 'a/2', 1_700_000_000_000)).not.toBe(id);
  expect(deterministicEventId('warehouse', 'a/1', 1_800_000_000_000) > id).toBe(true);
  expect(isUuid(deterministicEventId('warehouse', 'a/1', Number.NaN))).toBe(true);
});

test('D13: a sealer opens the event for the handler; what is put aside stays sealed', async () => {
  const { letters, publisher } = deadLetters();
  const seen: string[] = [];
  const handler = consumeAmqp(
    OrderPlaced,
    ({ data }) => {
      seen.push(data.orderId);
      throw new PermanentError('NO_SUCH_ORDER');
    },
    options(publisher, {
      sealer: {
        open: async (event: ReturnType<typeof orderPlaced>) => ({
          ...event,
          data: { ...Object(event.data), orderId: 'open' },
        }),
      },
    }),
  );

  await handler(batch(messageOf(JSON.stringify(orderPlaced('sealed')))));

  expect(seen).toEqual(['open']);
  expect(letters[0]!.body).toContain('sealed');
  expect(letters[0]!.body).not.toContain('open');
});

test('a message that waits for a dependency fails its batch, is no failure of its own, and is put aside by nobody', async () => {
  const { letters, publisher } = deadLetters();
  let isUp = false;
  const handler = consumeAmqp(
    OrderPlaced,
    () => {
      if (!isUp) throw new UnavailableError('WAYBILL_BREAKER_OPEN', 'warehouse', 30);
    },
    options(publisher),
  );
  const one = batch(messageOf(JSON.stringify(orderPlaced('o1'))));

  for (let turn = 0; turn < 10; turn += 1) {
    await expect(handler(one)).rejects.toMatchObject({ code: 'WAYBILL_AMQP_BATCH_FAILED' });
  }
  isUp = true;
  await handler(one);

  expect(letters).toEqual([]);
});
