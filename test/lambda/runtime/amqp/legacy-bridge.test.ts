/** The bridge to the old warehouse system, over the embedded RabbitMQ: out once, in once, and no echo. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { LegacyStockCounted, OrderConfirmed } from '../../../../catalog/commerce/index.ts';
import { isOurEcho, legacyTopology, sendToLegacy } from '../../../../lambda/commerce/legacy/bridge.ts';
import { pickListOf, sendPickList } from '../../../../lambda/commerce/legacy/pick-list.ts';
import { stockCountFrom } from '../../../../lambda/commerce/legacy/stock-count.ts';
import { consumeAmqp } from '../../../../lambda/runtime/index.ts';
import type { AmazonMqEvent } from '../../../../lambda/runtime/index.ts';
import type { Service } from '../../../../lambda/service/unit-of-work.ts';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import { rabbitmqEvent, rabbitmqRecord } from '../../../../local/aws/polling/rabbitmq-event.ts';
import { startEmbeddedRabbitmq } from '../../../../local/rabbitmq/index.ts';
import type { EmbeddedRabbitmq } from '../../../../local/rabbitmq/index.ts';
import { until } from '../../../local/rabbitmq/brokers.ts';
import { capturedLog } from '../fixtures.ts';

let rabbitmq: EmbeddedRabbitmq;
let warehouse: ChannelModel;

beforeAll(async () => {
  rabbitmq = await startEmbeddedRabbitmq();
  process.env['WAYBILL_BROKER_ENDPOINT'] = rabbitmq.url;
  warehouse = await connect(rabbitmq.url);
});
afterAll(async () => {
  delete process.env['WAYBILL_BROKER_ENDPOINT'];
  await warehouse.close();
  await rabbitmq.stop();
});

const confirmed = createEnvelope(OrderConfirmed, { tenantId: 'acme', data: OrderConfirmed.examples[0]! });

test('a pick list goes out in the warehouse’s words, with the eventId as message id, the same when sent again', async () => {
  await sendToLegacy(pickListOf(confirmed));
  await sendToLegacy(pickListOf(confirmed));

  const channel = await warehouse.createChannel();
  const first = await until(() => channel.get('pick-lists', { noAck: true }));
  const second = await until(() => channel.get('pick-lists', { noAck: true }));

  expect(first.properties).toMatchObject({
    messageId: confirmed.eventId,
    type: 'PICKLIST',
    appId: 'waybill',
  });
  expect(second.properties.messageId).toBe(first.properties.messageId);
  expect(JSON.parse(first.content.toString())).toMatchObject({
    ORDERNO: confirmed.data.orderId,
    CLIENT: 'acme',
  });
  expect(first.fields.exchange).toBe('legacy.orders');
  expect(legacyTopology.queues?.map(({ name }) => name)).toEqual(['pick-lists', 'stock-counts']);
});

test('D9: a pick list whose note is lost is sent again, and the warehouse removes the double by its message id', async () => {
  let notes = 0;
  const service: Service = {
    database: {
      query: async () => ({ rows: [] }),
      transaction: async () => {
        notes += 1;
        if (notes === 1) throw new Error('the connection broke after the pick list was sent');
        return { result: undefined, emitted: [] } as never;
      },
    },
    enqueue: async () => undefined,
    processOnce: async () => true,
    nudge: async () => undefined,
  };
  await expect(sendPickList(service, sendToLegacy, confirmed)).rejects.toThrow('connection broke');
  await sendPickList(service, sendToLegacy, confirmed);

  const channel = await warehouse.createChannel();
  const known = new Set<string>();
  const picked: string[] = [];
  for (let received = 0; received < 2; received += 1) {
    const { content, properties } = await until(() => channel.get('pick-lists', { noAck: true }));
    const messageId = String(properties.messageId);
    if (known.has(messageId)) continue;
    known.add(messageId);
    picked.push((JSON.parse(content.toString()) as { ORDERNO: string }).ORDERNO);
  }
  expect(picked).toEqual([confirmed.data.orderId]);
});

test('a count comes in as the same event each time; our echo is forgotten, what can’t be read is put aside', async () => {
  const channel = await warehouse.createConfirmChannel();
  const count = {
    COUNTNO: 'cnt-1',
    CLIENT: 'acme',
    ARTNO: 'MUG-BLUE',
    QTY: 7,
    COUNTED: '2026-11-02T06:15:00Z',
  };
  const send = (body: string, options = {}) =>
    channel.sendToQueue('stock-counts', Buffer.from(body), options);
  send(JSON.stringify(count));
  send(JSON.stringify(count));
  send(JSON.stringify({ ...count, COUNTNO: 'cnt-2' }), { headers: { origin: 'waybill' } });
  send('NOT JSON', { messageId: 'poison' });
  await channel.waitForConfirms();
  const records = [];
  for (let index = 0; index < 4; index += 1) {
    const { fields, ...rest } = await until(() => channel.get('stock-counts', { noAck: true }));
    records.push(rabbitmqRecord({ ...rest, fields: { ...fields, consumerTag: '' } }));
  }
  const source = { brokerArn: 'arn', queue: 'stock-counts', virtualHost: '/' };
  const seen: string[] = [];
  const handler = consumeAmqp(
    {
      contracts: LegacyStockCounted,
      toEnvelope: (message) => (isOurEcho(message) ? undefined : stockCountFrom(message.body)),
    },
    (event) => void seen.push(`${event.eventId} ${event.data.sku} ${event.data.counted}`),
    { consumer: 'legacy-inbound', logger: capturedLog().logger },
  );

  await handler(rabbitmqEvent(source, records) as unknown as AmazonMqEvent);

  expect(seen).toHaveLength(2);
  expect(new Set(seen).size).toBe(1);
  expect(seen[0]).toContain('mug-blue 7');
  const dead = await until(() => channel.get('stock-counts.dead', { noAck: true }));
  expect(dead.properties).toMatchObject({
    messageId: 'poison',
    headers: { deadLetterReason: 'PERMANENT_ERROR', deadLetterDetail: 'STOCK_COUNT_UNREADABLE' },
  });
});
