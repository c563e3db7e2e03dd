/** What RabbitMQ does, asked of the embedded one and of a real one with the same words. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, GetMessage } from 'amqplib';
import { describeBrokers, until } from './brokers.ts';
import type { BrokerUnderTest } from './brokers.ts';

describeBrokers('RabbitMQ', (start) => {
  let broker: BrokerUnderTest;
  let connection: ChannelModel;
  let names = 0;

  beforeAll(async () => {
    broker = await start();
    connection = await connect(broker.url);
    connection.on('error', () => undefined);
  });
  afterAll(async () => {
    await connection.close().catch(() => undefined);
    await broker.stop();
  });

  const fresh = (): string => `test-${(names += 1)}`;
  const open = async (): Promise<ConfirmChannel> => {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    return channel;
  };
  const send = (channel: ConfirmChannel, queue: string, body: string, options = {}) =>
    new Promise<void>((resolve, reject) => {
      channel.sendToQueue(queue, Buffer.from(body), options, (error: unknown) =>
        error ? reject(error as Error) : resolve(),
      );
    });
  const get = (channel: ConfirmChannel, queue: string): Promise<GetMessage> =>
    until(() => channel.get(queue));
  /** The broker's words for why it closed the channel. */
  const refusal = async (work: (channel: ConfirmChannel) => Promise<unknown>): Promise<string> => {
    const channel = await open();
    const closed = new Promise<string>((resolve) => {
      channel.once('error', (error: Error) =>
        resolve(/message "(.*)"$/s.exec(error.message)?.[1] ?? error.message),
      );
    });
    const worked = work(channel).then(
      () => new Promise<string>(() => undefined),
      () => closed,
    );
    return Promise.race([closed, worked]);
  };
  const quorum = (more = {}) => ({ durable: true, arguments: { 'x-queue-type': 'quorum', ...more } });

  test.each([['quorum'], ['classic']])(
    'a message that goes back to a %s queue goes back to its place',
    async (type) => {
      const channel = await open();
      const queue = fresh();
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });
      for (const body of ['a', 'b', 'c']) await send(channel, queue, body);

      channel.nack(await get(channel, queue), false, true);
      const first = await get(channel, queue);
      const second = await get(channel, queue);

      expect([first, second].map(({ content }) => content.toString())).toEqual(['a', 'b']);
      expect([first, second].map(({ fields }) => fields.redelivered)).toEqual([true, false]);
      expect(first.properties.headers).toEqual(type === 'quorum' ? { 'x-delivery-count': 1 } : {});
      await channel.close();
    },
  );

  test('what a closed channel held comes again, counted', async () => {
    const queue = fresh();
    const first = await open();
    await first.assertQueue(queue, quorum());
    await send(first, queue, 'a');
    await get(first, queue);
    await first.close();

    const second = await open();
    const message = await get(second, queue);

    expect(message.fields.redelivered).toBe(true);
    expect(message.properties.headers).toEqual({ 'x-delivery-count': 1 });
    await second.close();
  });

  test('above the delivery limit a message is dead-lettered, with where it came from', async () => {
    const channel = await open();
    const [queue, dead, exchange] = [fresh(), fresh(), fresh()];
    await channel.assertExchange(exchange, 'fanout');
    await channel.assertQueue(dead, { durable: true });
    await channel.bindQueue(dead, exchange, '');
    await channel.assertQueue(queue, quorum({ 'x-delivery-limit': 1, 'x-dead-letter-exchange': exchange }));
    await send(channel, queue, 'a', { messageId: 'm', headers: { mine: 1 } });

    for (let delivery = 0; delivery < 2; delivery += 1) channel.nack(await get(channel, queue), false, true);
    const { fields, properties } = await get(channel, dead);

    expect(fields).toMatchObject({ exchange, routingKey: queue, redelivered: false });
    expect(properties.messageId).toBe('m');
    expect(properties.headers).toEqual({
      mine: 1,
      'x-death': [
        {
          count: 1,
          reason: 'delivery_limit',
          queue,
          time: { '!': 'timestamp', value: expect.any(Number) },
          exchange: '',
          'routing-keys': [queue],
        },
      ],
      'x-first-death-exchange': '',
      'x-first-death-queue': queue,
      'x-first-death-reason': 'delivery_limit',
      'x-last-death-exchange': '',
      'x-last-death-queue': queue,
      'x-last-death-reason': 'delivery_limit',
    });
    await channel.close();
  });

  test('rejected, expired and dropped messages are dead-lettered, each with its reason', async () => {
    const channel = await open();
    const [dead, exchange] = [fresh(), fresh()];
    await channel.assertExchange(exchange, 'fanout');
    await channel.assertQueue(dead, { durable: true });
    await channel.bindQueue(dead, exchange, '');
    const dlx = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': 'gone' };
    const deathOf = async (): Promise<Record<string, unknown>> => {
      const message = await get(channel, dead);
      channel.ack(message);
      expect(message.fields.routingKey).toBe('gone');
      expect(message.properties.expiration).toBeUndefined();
      return ((message.properties.headers ?? {})['x-death'] as unknown as Record<string, unknown>[])[0]!;
    };

    const rejecting = fresh();
    await channel.assertQueue(rejecting, quorum(dlx));
    await send(channel, rejecting, 'a');
    channel.nack(await get(channel, rejecting), false, false);
    expect(await deathOf()).toMatchObject({ reason: 'rejected', queue: rejecting });

    const expiring = fresh();
    await channel.assertQueue(expiring, { durable: true, arguments: dlx });
    await send(channel, expiring, 'a', { expiration: '10' });
    expect(await deathOf()).toMatchObject({ reason: 'expired', 'original-expiration': '10' });

    const aging = fresh();
    await channel.assertQueue(aging, { durable: true, arguments: { ...dlx, 'x-message-ttl': 10 } });
    await send(channel, aging, 'a');
    expect(await deathOf()).toMatchObject({ reason: 'expired', queue: aging });

    const short = fresh();
    await channel.assertQueue(short, { durable: true, arguments: { ...dlx, 'x-max-length': 1 } });
    await send(channel, short, 'first');
    await send(channel, short, 'second');
    expect(await deathOf()).toMatchObject({ reason: 'maxlen', queue: short });
    await channel.close();
  });

  test.each([['classic'], ['quorum']])(
    'a full %s queue that refuses is told to the publisher',
    async (type) => {
      const channel = await open();
      const queue = fresh();
      const more = { 'x-queue-type': type, 'x-max-length': 1, 'x-overflow': 'reject-publish' };
      await channel.assertQueue(queue, { durable: true, arguments: more });

      await send(channel, queue, '1');
      // Quorum queues refuse some messages later than they should.
      const refused = until(async () => {
        const sent = await Promise.allSettled([send(channel, queue, 'more')]);
        return sent[0]?.status === 'rejected' && sent[0];
      });

      expect(await refused).toMatchObject({ reason: { message: 'message nacked' } });
      await channel.close();
    },
  );

  test('a mandatory message that no queue takes is sent back before it is confirmed', async () => {
    const channel = await open();
    const happened: string[] = [];
    channel.on('return', ({ fields, properties }) => {
      const { replyCode } = fields as unknown as { readonly replyCode: number };
      happened.push(`returned ${replyCode} ${properties.messageId}`);
    });

    await send(channel, 'nobody', 'a', { mandatory: true, messageId: 'm' }).then(() =>
      happened.push('confirmed'),
    );

    expect(happened).toEqual(['returned 312 m', 'confirmed']);
    await channel.close();
  });

  test('exchanges of each type route to the queues that match', async () => {
    const channel = await open();
    const bindings = {
      direct: [['a.b', {}, 'a.b'] as const],
      fanout: [['', {}, 'anything'] as const],
      topic: [
        ['a.*', {}, 'a.b'],
        ['a.#', {}, 'a'],
        ['#.z', {}, 'x.y.z'],
        ['#', {}, ''],
      ] as const,
      headers: [['', { 'x-match': 'any', kind: 'order' }, ''] as const],
    };
    for (const [type, each] of Object.entries(bindings)) {
      for (const [pattern, more, key] of each) {
        const [exchange, queue] = [fresh(), fresh()];
        await channel.assertExchange(exchange, type);
        await channel.assertQueue(queue, { durable: true });
        await channel.bindQueue(queue, exchange, pattern, more);
        channel.publish(exchange, key, Buffer.from('yes'), { headers: { kind: 'order' } });
        if (type !== 'fanout' && pattern !== '#') {
          channel.publish(exchange, 'a.b.c.d', Buffer.from('no'), { headers: { kind: 'other' } });
          if (pattern === 'a.#') await get(channel, queue);
        }
        await channel.waitForConfirms();
        const found = await get(channel, queue);
        expect([type, pattern, found.content.toString()]).toEqual([
          type,
          pattern,
          pattern === 'a.#' ? 'no' : 'yes',
        ]);
        expect([type, pattern, await channel.get(queue)]).toEqual([type, pattern, false]);
      }
    }
    await channel.close();
  });

  test('an exchange bound to an exchange, and the alternate of one, get what they should', async () => {
    const channel = await open();
    const [source, middle, spare, queue, other] = [fresh(), fresh(), fresh(), fresh(), fresh()];
    await channel.assertExchange(spare, 'fanout');
    await channel.assertExchange(middle, 'fanout');
    await channel.assertExchange(source, 'direct', { alternateExchange: spare });
    await channel.bindExchange(middle, source, 'known');
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, middle, '');
    await channel.assertQueue(other, { durable: true });
    await channel.bindQueue(other, spare, '');

    channel.publish(source, 'known', Buffer.from('1'));
    channel.publish(source, 'unknown', Buffer.from('2'));
    await channel.waitForConfirms();

    expect((await get(channel, queue)).content.toString()).toBe('1');
    expect((await get(channel, other)).content.toString()).toBe('2');
    await channel.close();
  });

  test('a consumer gets no more than its prefetch before it acknowledges', async () => {
    const channel = await open();
    const queue = fresh();
    await channel.assertQueue(queue, quorum());
    for (const body of ['1', '2', '3']) await send(channel, queue, body);
    const received: ConsumeMessage[] = [];
    await channel.prefetch(2);
    await channel.consume(queue, (message) => void (message && received.push(message)));

    await until(() => received.length === 2);
    const { messageCount } = await channel.checkQueue(queue);
    expect([received.length, messageCount]).toEqual([2, 1]);
    channel.ack(received[0]!);

    await until(() => received.length === 3);
    expect(received.map(({ content }) => content.toString())).toEqual(['1', '2', '3']);
    await channel.close();
  });

  test('consumers of a queue take turns, and one that is cancelled gets nothing more', async () => {
    const channel = await open();
    const queue = fresh();
    await channel.assertQueue(queue, { durable: true });
    const got: string[] = [];
    const take = (name: string) => (message: ConsumeMessage | null) => void (message && got.push(name));
    const first = await channel.consume(queue, take('first'), { noAck: true });
    await channel.consume(queue, take('second'), { noAck: true });

    for (let count = 0; count < 4; count += 1) await send(channel, queue, String(count));
    await until(() => got.length === 4);
    expect(got.toSorted()).toEqual(['first', 'first', 'second', 'second']);

    await channel.cancel(first.consumerTag);
    for (let count = 0; count < 2; count += 1) await send(channel, queue, String(count));
    await until(() => got.length === 6);
    expect(got.slice(4)).toEqual(['second', 'second']);
    await channel.close();
  });

  test('consumers are told when their queue is deleted', async () => {
    const channel = await open();
    const queue = fresh();
    await channel.assertQueue(queue, { durable: true });
    const told = new Promise<boolean>((resolve) => {
      void channel.consume(queue, (message) => resolve(message === null));
    });
    await until(async () => (await channel.checkQueue(queue)).consumerCount === 1);

    const other = await open();
    await other.deleteQueue(queue);

    expect(await told).toBe(true);
  });

  test('headers of every type come as they went', async () => {
    const channel = await open();
    const queue = fresh();
    await channel.assertQueue(queue, { durable: true });
    const headers = {
      text: 'ä',
      small: 1,
      negative: -5,
      large: 2 ** 40,
      fraction: 1.5,
      yes: true,
      nothing: null,
      list: ['a', 1, { inner: 'b' }],
      table: { deep: { deeper: 'c' } },
    };
    const properties = {
      headers,
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      persistent: true,
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      appId: 'app',
    };
    const body = 'x'.repeat(300_000);

    await send(channel, queue, body, properties);
    const message = await get(channel, queue);

    const { persistent: _persistent, ...rest } = properties;
    expect(message.properties).toMatchObject({ ...rest, deliveryMode: 2 });
    expect(message.content.toString()).toBe(body);
    await channel.close();
  });

  test('what is declared again with the same settings is left as it is, with others refused', async () => {
    const channel = await open();
    const [queue, exchange] = [fresh(), fresh()];
    await channel.assertQueue(queue, quorum({ 'x-delivery-limit': 3 }));
    await channel.assertQueue(queue, quorum({ 'x-delivery-limit': 3 }));
    await channel.assertExchange(exchange, 'fanout');
    await channel.close();

    expect(await refusal((at) => at.assertQueue(queue, quorum({ 'x-delivery-limit': 4 })))).toBe(
      `PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue '${queue}' in vhost '/': received '4' but current is '3'`,
    );
    expect(await refusal((at) => at.assertQueue(queue, { durable: false }))).toBe(
      `PRECONDITION_FAILED - inequivalent arg 'durable' for queue '${queue}' in vhost '/': received 'false' but current is 'true'`,
    );
    expect(await refusal((at) => at.assertExchange(exchange, 'topic'))).toBe(
      `PRECONDITION_FAILED - inequivalent arg 'type' for exchange '${exchange}' in vhost '/': received 'topic' but current is 'fanout'`,
    );
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['not durable', { durable: false }, {}, "invalid property 'non-durable' for queue 'x' in vhost '/'"],
    ['exclusive', { exclusive: true }, {}, "invalid property 'exclusive-owner' for queue 'x' in vhost '/'"],
    ['auto-delete', { autoDelete: true }, {}, "invalid property 'auto-delete' for queue 'x' in vhost '/'"],
    [
      'priorities',
      {},
      { 'x-max-priority': 3 },
      "invalid arg 'x-max-priority' for queue 'x' in vhost '/' of queue type rabbit_quorum_queue",
    ],
    [
      'a limit below zero',
      {},
      { 'x-message-ttl': -1 },
      "invalid arg 'x-message-ttl' for queue 'x' in vhost '/': {value_negative,-1}",
    ],
    [
      'an unknown overflow',
      {},
      { 'x-overflow': 'no' },
      "invalid arg 'x-overflow' for queue 'x' in vhost '/': invalid_overflow",
    ],
    [
      'a dead-letter key and no exchange',
      {},
      { 'x-dead-letter-routing-key': 'k' },
      "invalid arg 'x-dead-letter-routing-key' for queue 'x' in vhost '/': routing_key_but_no_dlx_defined",
    ],
  ])('a quorum queue can not be: %s', async (_title, how, more, words) => {
    const declared = { ...quorum(more), ...how };
    expect(await refusal((at) => at.assertQueue('x', declared))).toBe(`PRECONDITION_FAILED - ${words}`);
  });

  test.each<[string, (channel: ConfirmChannel) => Promise<unknown>, string]>([
    ['a queue that is not there', (at) => at.checkQueue('none'), "NOT_FOUND - no queue 'none' in vhost '/'"],
    [
      'an exchange that is not there',
      (at) => at.checkExchange('none'),
      "NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      'a consumer of no queue',
      (at) => at.consume('none', () => undefined),
      "NOT_FOUND - no queue 'none' in vhost '/'",
    ],
    [
      'a reserved name',
      (at) => at.assertQueue('amq.mine'),
      "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ],
    [
      'a binding to the default exchange',
      async (at) => at.bindQueue((await at.assertQueue('')).queue, '', 'k'),
      'ACCESS_REFUSED - operation not permitted on the default exchange',
    ],
    [
      'a publish to no exchange',
      async (at) => {
        at.publish('none', 'k', Buffer.from('a'));
        await at.waitForConfirms();
      },
      "NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      'a delivery tag of nothing',
      async (at) => {
        at.ack({ fields: { deliveryTag: 99 } } as ConsumeMessage);
        await at.checkExchange('amq.direct');
      },
      'PRECONDITION_FAILED - unknown delivery tag 99',
    ],
    [
      'an expiration that is no number',
      async (at) => {
        at.sendToQueue('none', Buffer.from('a'), { expiration: 'soon' });
        await at.waitForConfirms();
      },
      "PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
    ],
  ])('refused: %s', async (_title, work, words) => {
    expect(await refusal(work)).toBe(words);
  });

  test('an exclusive queue is closed to other connections, and ends with its own', async () => {
    const owner = await connect(broker.url);
    const { queue } = await (await owner.createChannel()).assertQueue('', { exclusive: true });

    expect(await refusal((at) => at.checkQueue(queue))).toContain(
      'RESOURCE_LOCKED - cannot obtain exclusive access',
    );
    await owner.close();
    await until(async () => (await refusal((at) => at.checkQueue(queue))).startsWith('NOT_FOUND'));
  });

  test('queues are deleted on conditions, and purged', async () => {
    const channel = await open();
    const queue = fresh();
    await channel.assertQueue(queue, { durable: true });
    await send(channel, queue, 'a');

    expect(await refusal((at) => at.deleteQueue(queue, { ifEmpty: true }))).toBe(
      `PRECONDITION_FAILED - queue '${queue}' in vhost '/' not empty`,
    );
    expect(await channel.purgeQueue(queue)).toEqual({ messageCount: 1 });
    expect(await channel.deleteQueue(queue, { ifEmpty: true })).toEqual({ messageCount: 0 });
    expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 0 });
    await channel.close();
  });

  test('a wrong password is refused, and a changed one counts from the next connection on', async () => {
    const url = new URL(broker.url);
    const wrong = new URL(broker.url);
    wrong.password = 'wrong';
    await expect(connect(wrong.href)).rejects.toThrow(
      'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN',
    );

    await broker.setPassword(url.username, 'another-password');
    await expect(connect(broker.url)).rejects.toThrow('ACCESS_REFUSED');
    wrong.password = 'another-password';
    const changed = await connect(wrong.href);
    await changed.close();
    // The connection from before goes on.
    await (await open()).close();
    await broker.setPassword(url.username, decodeURIComponent(url.password));
  });
});
