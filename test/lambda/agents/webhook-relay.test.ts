/** Agent `webhook-relay` against a receiver on this machine: what is sent, and what each answer leads to. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { PriorityAssigned } from '../../../catalog/agents/index.ts';
import { signDelivery } from '../../../lambda/service/signed-delivery.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';

const agents = useAgents();
let system: AgentsUnderTest;
let receiver: Server;
let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
let answer: number;
/** Called while the receiver has the request. */
let meanwhile: () => Promise<void>;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      void meanwhile().then(() => response.writeHead(answer).end());
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(async () => {
  system = agents();
  received = [];
  answer = 200;
  meanwhile = () => Promise.resolve();
  const { port } = receiver.address() as AddressInfo;
  await system.rows(
    "insert into webhook_endpoint (tenant_id, url, secret) values ('tenant-1', $1, 'secret')",
    `http://127.0.0.1:${port}/`,
  );
});

const assigned = (tenantId = 'tenant-1'): Envelope =>
  createEnvelope(PriorityAssigned, {
    tenantId,
    data: { feedbackId: 'f1', productId: 'atlas', priority: 'high', reasons: [] },
  });
const outcomes = () => system.rows('select delivery_id, outcome, status from webhook_delivery');

test('is posted signed, with a delivery id that is the same each time, and noted', async () => {
  const event = assigned();

  await system.handle('webhook-relay', event);
  await system.handle('webhook-relay', event);

  expect(received).toHaveLength(1);
  const { headers, body } = received[0]!;
  const deliveryId = `dlv_${event.eventId.replaceAll('-', '')}`;
  expect(headers).toMatchObject({
    'x-waybill-delivery': deliveryId,
    'idempotency-key': event.eventId,
    'x-waybill-signature': signDelivery('secret', String(headers['x-waybill-timestamp']), body),
  });
  expect(JSON.parse(body)).toMatchObject({ type: 'PriorityAssigned', data: { feedbackId: 'f1' } });
  expect(await outcomes()).toEqual([{ delivery_id: deliveryId, outcome: 'delivered', status: 200 }]);
});

test('where no endpoint is set nothing is sent, and that is noted', async () => {
  await system.handle('webhook-relay', assigned('tenant-2'));

  expect(received).toEqual([]);
  expect(await outcomes()).toMatchObject([{ outcome: 'no-endpoint', status: null }]);
});

test('a receiver that is gone is not asked again', async () => {
  answer = 410;
  await system.handle('webhook-relay', assigned());
  await system.handle('webhook-relay', assigned());

  expect(received).toHaveLength(1);
  expect(await outcomes()).toMatchObject([{ outcome: 'gone' }, { outcome: 'no-endpoint' }]);
});

test.each([
  [503, 'ReceiverError'],
  [429, 'ReceiverError'],
  [400, 'PermanentError'],
  [302, 'PermanentError'],
])('%d: %s, and nothing is noted', async (status, name) => {
  answer = status;

  await expect(system.handle('webhook-relay', assigned())).rejects.toMatchObject({ name });
  expect(await outcomes()).toEqual([]);
});

test('where the agent is live elsewhere nothing is sent', async () => {
  await system.rows("insert into consumer_transport (consumer, live_on) values ('webhook-relay', 'redis')");

  await expect(system.handle('webhook-relay', assigned())).rejects.toMatchObject({
    code: 'WAYBILL_TRANSPORT_NOT_LIVE',
  });
  expect(received).toEqual([]);
});

test('what was given up before a move is not sent by the transport that it moved to', async () => {
  const event = assigned();
  // As a move notes it (consumer_given_up), so that the new transport leaves it alone.
  await system.rows(
    "insert into event_inbox (consumer, event_id) values ('webhook-relay', $1)",
    event.eventId,
  );

  await system.handle('webhook-relay', event);

  expect(received).toEqual([]);
  expect(await outcomes()).toEqual([]);
});

test('a receiver that takes its time holds no transaction: an agent can move meanwhile, and one effect counts', async () => {
  const event = assigned();
  let open: readonly unknown[] = [];
  meanwhile = async () => {
    open = await system.rows(
      "select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
    );
    await system.rows("update consumer_transport set live_on = 'redis' where consumer = 'webhook-relay'");
  };

  await expect(system.handle('webhook-relay', event)).rejects.toMatchObject({
    code: 'WAYBILL_TRANSPORT_NOT_LIVE',
  });
  meanwhile = () => Promise.resolve();
  await system.handle('webhook-relay', event, 'redis');

  expect(open).toEqual([]);
  // The receiver knows the second by its delivery id.
  expect(new Set(received.map(({ headers }) => headers['x-waybill-delivery'])).size).toBe(1);
  expect(await outcomes()).toHaveLength(1);
  expect(await system.rows('select transport from handled')).toEqual([{ transport: 'redis' }]);
});
