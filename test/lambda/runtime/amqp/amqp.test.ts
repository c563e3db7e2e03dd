/** The AMQP runtime over the embedded RabbitMQ and a real one: what is published arrives, what is not says why. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, GetMessage } from 'amqplib';
import {
  AmqpError,
  amqpTransport,
  brokerAt,
  brokerFromEnvironment,
  createAmqpPublisher,
  declareTopology,
  deterministicEventId,
  PermanentError,
  UnavailableError,
  pollAmqp,
} from '../../../../lambda/runtime/index.ts';
import type { AmqpBroker, IncomingMessage, Poller } from '../../../../lambda/runtime/index.ts';
import type { ConsumerAdmission } from '../../../../lambda/runtime/consumer/admission.ts';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import { describeBrokers, until } from '../../../local/rabbitmq/brokers.ts';
import type { BrokerUnderTest } from '../../../local/rabbitmq/brokers.ts';
import { capturedLog, encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';

describeBrokers('AMQP runtime', (start) => {
  let server: BrokerUnderTest;
  let broker: AmqpBroker;
  let direct: ChannelModel;
  let names = 0;
  const pollers: Poller[] = [];

  beforeAll(async () => {
    server = await start();
    broker = brokerAt(server.url);
    direct = await connect(server.url);
    direct.on('error', () => undefined);
  });
  afterAll(async () => {
    await Promise.all(pollers.map((poller) => poller.stop()));
    await direct.close().catch(() => undefined);
    await server.stop();
  });

  /** An exchange with a queue that takes all of it. */
  const topology = async (more = {}) => {
    names += 1;
    const [exchange, queue] = [`exchange-${names}`, `queue-${names}`];
    const bindings = [{ exchange, routingKey: '#' }];
    const declared = {
      exchanges: [{ name: exchange, type: 'topic' as const }],
      queues: [{ name: queue, bindings, ...more }],
    };
    await declareTopology(broker, declared);
    return { exchange, queue, declared };
  };
  const take = async (queue: string): Promise<GetMessage> => {
    const channel = await direct.createChannel();
    const message = await until(() => channel.get(queue, { noAck: true }));
    await channel.close();
    return message;
  };
  const consuming = (queue: string, options = {}) => ({
    queue,
    broker,
    consumer: 'test',
    logger: capturedLog().logger,
    backoff: { base: 1, cap: 1 },
    ...options,
  });

  test('D1: events arrive as envelopes, with their ids and what routing needs', async () => {
    const { exchange, queue } = await topology();
    const order = orderPlaced('o1');

    const { failed } = await amqpTransport({ exchange, broker }).send([encoded(order)]);
    const { content, fields, properties } = await take(queue);

    expect(failed).toEqual([]);
    expect(JSON.parse(content.toString())).toEqual(order);
    expect(fields.routingKey).toBe('OrderPlaced');
    expect(properties).toMatchObject({
      messageId: order.eventId,
      type: 'OrderPlaced',
      appId: 'shop',
      contentType: 'application/json',
      deliveryMode: 2,
      headers: { eventType: 'OrderPlaced', eventVersion: '1.0', tenantId: 'acme', priority: 'normal' },
    });
  });

  test('D1: what no queue takes, what a full queue refuses and what has no exchange is reported by eventId', async () => {
    const { exchange, queue } = await topology({ maxLength: 1 });
    const [first, lost, none] = [orderPlaced('o1'), orderPlaced('o2'), orderPlaced('o3')];
    const tuning = { attempts: 1 };
    const transport = amqpTransport({ exchange, broker, tuning });
    await transport.send([encoded(first)]);

    const full = await until(async () => {
      const sent = orderPlaced('more');
      const { failed } = await transport.send([encoded(sent)]);
      return failed[0] && { failed: failed[0], sent };
    });
    expect(full.failed).toMatchObject({
      eventId: full.sent.eventId,
      code: 'WAYBILL_AMQP_NACKED',
      retryable: true,
    });
    const unbound = amqpTransport({ exchange: 'amq.direct', broker, tuning });
    expect((await unbound.send([encoded(lost)])).failed).toEqual([
      expect.objectContaining({ eventId: lost.eventId, code: 'WAYBILL_AMQP_UNROUTABLE' }),
    ]);
    const missing = amqpTransport({ exchange: 'missing', broker, tuning });
    expect((await missing.send([encoded(none)])).failed).toEqual([
      expect.objectContaining({ eventId: none.eventId, code: 'WAYBILL_AMQP_NOT_FOUND' }),
    ]);
    await take(queue);
  });

  test('a declaration is repeated without harm; another one under the same name is explained', async () => {
    const { queue, declared } = await topology();
    await declareTopology(broker, declared);

    await expect(
      declareTopology(broker, { queues: [{ name: queue, deliveryLimit: 9 }] }),
    ).rejects.toMatchObject({
      code: 'WAYBILL_AMQP_TOPOLOGY_CONFLICT',
      message: expect.stringContaining("inequivalent arg 'x-delivery-limit'"),
    });
    await expect(declareTopology(broker, { queues: [{ name: 'amq.mine' }] })).rejects.toThrow(AmqpError);
  });

  test('D10: a handler that fails is tried again, then its message and poison are dead-lettered with the reason', async () => {
    const { exchange, queue } = await topology();
    const log = capturedLog();
    const seen: string[] = [];
    pollers.push(
      pollAmqp(
        OrderPlaced,
        (event, context) => {
          seen.push(`${event.data.orderId} ${context.receiveCount}`);
          if (event.data.orderId === 'fails') throw new Error('no');
          if (event.data.orderId === 'never') throw new PermanentError('NEVER');
        },
        consuming(queue, { maxReceiveCount: 3, prefetch: 1, logger: log.logger }),
      ),
    );
    const publisher = createAmqpPublisher({ broker });
    for (const order of [orderPlaced('fine'), orderPlaced('never'), orderPlaced('fails')]) {
      await amqpTransport({ exchange, broker }).send([encoded(order)]);
    }
    await publisher.publish({ exchange, routingKey: 'x', messageId: 'poison', body: 'not json' });

    const dead = [await take(`${queue}.dead`), await take(`${queue}.dead`), await take(`${queue}.dead`)];

    expect(seen).toEqual(['fine 1', 'never 1', 'fails 1', 'fails 2', 'fails 3']);
    expect(
      dead.map(({ properties }) => [
        properties.headers?.['deadLetterReason'],
        properties.headers?.['deadLetterReceiveCount'],
      ]),
    ).toEqual([
      ['PERMANENT_ERROR', 1],
      ['HANDLER_FAILED', 3],
      ['WAYBILL_ENVELOPE_NOT_JSON', 1],
    ]);
    expect(dead[2]!.content.toString()).toBe('not json');
    await publisher.close();
  });

  test('a message whose dependency is away keeps its place for as long as that says, and is not delivered meanwhile', async () => {
    const { exchange, queue } = await topology();
    const seen: string[] = [];
    const poller = pollAmqp(
      OrderPlaced,
      ({ data }) => {
        seen.push(data.orderId);
        if (data.orderId === 'waits') throw new UnavailableError('WAYBILL_BREAKER_OPEN', 'warehouse', 600);
      },
      consuming(queue, { prefetch: 2 }),
    );
    const send = (orderId: string) =>
      amqpTransport({ exchange, broker }).send([encoded(orderPlaced(orderId))]);
    await send('waits');
    await until(() => seen.length === 1);
    for (const orderId of ['1', '2', '3']) await send(orderId);
    await until(() => seen.includes('3'));

    await poller.stop();

    expect(seen).toEqual(['waits', '1', '2', '3']);
    const { content } = await take(queue);
    expect(JSON.parse(content.toString())).toMatchObject({ data: { orderId: 'waits' } });
  });

  test('a consumer that is switched off takes nothing, and goes on where it was', async () => {
    const { exchange, queue } = await topology();
    const seen: string[] = [];
    let isOff = true;
    const switches: ConsumerAdmission = {
      admit: async () =>
        isOff ? { kind: 'postpone', seconds: 600, reason: 'CONSUMER_PAUSED' } : { kind: 'handle' },
      settled: async () => true,
      countFailure: async () => 1,
      holdReceives: async () => (isOff ? 50 : 0),
    };
    const { logger, lines } = capturedLog();
    const send = (...ids: string[]) =>
      amqpTransport({ exchange, broker }).send(ids.map((id) => encoded(orderPlaced(id))));
    const handle = ({ data }: { readonly data: { readonly orderId: string } }) =>
      void seen.push(data.orderId);
    await send('1');
    const poller = pollAmqp(
      OrderPlaced,
      handle,
      consuming(queue, { prefetch: 1, controls: switches, logger }),
    );
    pollers.push(poller);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen).toEqual([]);

    isOff = false;
    await until(() => seen.length === 1);
    isOff = true;
    await until(() => lines.some(({ message }) => message.startsWith('the reader waits')));
    await send('2', '3');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen).toEqual(['1']);
    isOff = false;
    await until(() => seen.length === 3);

    expect(seen).toEqual(['1', '2', '3']);
    await poller.stop();
  });

  test('D17: stopping lets the running handler finish, and gives back what it may not start', async () => {
    const { exchange, queue } = await topology();
    let release = (): void => undefined;
    const started: string[] = [];
    const poller = pollAmqp(
      OrderPlaced,
      async (event) => {
        started.push(event.data.orderId);
        await new Promise<void>((resolve) => (release = resolve));
      },
      consuming(queue, { prefetch: 1 }),
    );
    await amqpTransport({ exchange, broker }).send(['1', '2'].map((id) => encoded(orderPlaced(id))));
    await until(() => started.length === 1);

    const stopping = poller.stop();
    release();

    expect(await stopping).toEqual({ abandoned: 0 });
    expect(started).toHaveLength(1);
    const left = JSON.parse((await take(queue)).content.toString()) as { data: { orderId: string } };
    expect([...started, left.data.orderId].toSorted()).toEqual(['1', '2']);
  });

  test('messages of another system become events with the same id each time; our own echo is forgotten', async () => {
    const { exchange, queue } = await topology();
    const ids: string[] = [];
    const toEnvelope = ({ body, appId }: IncomingMessage) => {
      if (appId === 'waybill') return undefined;
      const { NO } = JSON.parse(body) as { NO: string };
      const eventId = deterministicEventId('old', NO, Date.parse('2026-01-01'));
      return createEnvelope(OrderPlaced, {
        tenantId: 'acme',
        eventId,
        data: { orderId: NO, customerId: 'c' },
      });
    };
    pollers.push(
      pollAmqp(
        { contracts: OrderPlaced, toEnvelope },
        (event) => void ids.push(event.eventId),
        consuming(queue),
      ),
    );
    const publisher = createAmqpPublisher({ broker });
    const publish = (messageId: string, body: string, appId = 'old') =>
      publisher.publish({ exchange, routingKey: 'x', messageId, body, appId });
    await publish('echo', '{"NO":"7"}', 'waybill');
    await publish('a', '{"NO":"7"}');
    await publish('b', '{"NO":"7"}');
    await publish('c', 'broken');

    const dead = await take(`${queue}.dead`);
    await until(() => ids.length === 2);

    expect(dead.properties).toMatchObject({ messageId: 'c', headers: { deadLetterReason: 'UNMAPPABLE' } });
    expect(new Set(ids)).toEqual(new Set([deterministicEventId('old', '7', Date.parse('2026-01-01'))]));
    await publisher.close();
  });

  test('a rotated password is read again when the broker refuses the old one', async () => {
    const { exchange, queue } = await topology();
    const { username, password } = new URL(server.url);
    const secret = { username, password };
    let reads = 0;
    const environment = { WAYBILL_BROKER_ENDPOINT: server.url, WAYBILL_BROKER_SECRET_ARN: 'arn:secret' };
    const rotating = brokerFromEnvironment({
      environment,
      readSecret: async () => {
        reads += 1;
        return JSON.stringify(secret);
      },
    });
    const publisher = createAmqpPublisher({ broker: rotating });
    const publish = (messageId: string) =>
      publisher.publish({ exchange, routingKey: 'x', messageId, body: '{}' });
    await publish('before');

    await server.setPassword(username, 'the-rotated-password');
    secret.password = 'the-rotated-password';
    await publisher.close();
    await publish('after');

    expect(reads).toBe(2);
    expect([(await take(queue)).properties.messageId, (await take(queue)).properties.messageId]).toEqual([
      'before',
      'after',
    ]);
    secret.password = 'wrong';
    await server.setPassword(username, 'yet-another-password');
    await publisher.close();
    await expect(publish('refused')).rejects.toMatchObject({ code: 'WAYBILL_AMQP_ACCESS_REFUSED' });
    await server.setPassword(username, decodeURIComponent(password));
    await publisher.close();
  });
});
