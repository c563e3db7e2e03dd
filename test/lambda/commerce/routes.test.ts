import { beforeEach, describe, expect, test } from '@jest/globals';
import { commerceRoutes } from '../../../lambda/commerce/api/routes.ts';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { httpRequest } from '../core/core-under-test.ts';
import type { TestRequest } from '../core/core-under-test.ts';
import { CALLER, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
beforeEach(() => {
  system = commerce();
});

const STRANGER: Caller = { ...CALLER, tenantId: 'tenant-2' };
const CUSTOMER = {
  name: 'Ada Lovelace',
  contact: { email: 'ada@example.com' },
  preferredChannel: 'email',
};

interface Answered {
  readonly status: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(request: TestRequest): Promise<Answered> {
  const handler = httpHandler(
    commerceRoutes(async () => system.service),
    () => undefined,
  );
  const answer = await handler(httpRequest({ caller: CALLER, ...request }));
  return {
    status: answer.statusCode,
    body: answer.body === undefined ? {} : (JSON.parse(answer.body) as Record<string, unknown>),
  };
}

async function register(more: Partial<TestRequest> = {}): Promise<string> {
  const { body } = await call({ routeKey: 'POST /customers', body: CUSTOMER, ...more });
  return body['customerId'] as string;
}

const orderOf = (customerId: string, more: object = {}) => ({
  customerId,
  items: [{ sku: 'mug-blue', quantity: 2 }],
  paymentMethod: 'card',
  shippingCountry: 'DE',
  ...more,
});

describe('customers', () => {
  test('are registered once for each idempotency key of a tenant', async () => {
    const request = {
      routeKey: 'POST /customers',
      body: CUSTOMER,
      headers: { 'idempotency-key': 'k-1' },
    };

    const first = await call(request);
    const again = await call(request);
    const elsewhere = await call({ ...request, caller: STRANGER });

    expect([first.status, again.status, elsewhere.status]).toEqual([201, 200, 201]);
    expect(again.body).toEqual(first.body);
    expect(elsewhere.body).not.toEqual(first.body);
    expect(await system.outbox()).toEqual(['CustomerRegistered', 'CustomerRegistered']);
  });

  test('with the idempotency key of another registration are refused, and the first stays as it is', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const first = await register({ headers });

    const other = await call({
      routeKey: 'POST /customers',
      body: { ...CUSTOMER, name: 'Grace Hopper' },
      headers,
    });
    const reordered = await call({
      routeKey: 'POST /customers',
      body: Object.fromEntries(Object.entries(CUSTOMER).toReversed()),
      headers,
    });

    expect([other.status, other.body['code']]).toEqual([422, 'WAYBILL_IDEMPOTENCY_KEY_REUSED']);
    expect([reordered.status, reordered.body['customerId']]).toEqual([200, first]);
    expect(await system.rows('select name from customer')).toEqual([{ name: 'Ada Lovelace' }]);
    expect(await system.outbox()).toEqual(['CustomerRegistered']);
  });

  test('leave nothing behind that was computed from their data', async () => {
    const customerId = await register({ headers: { 'idempotency-key': 'k-1' } });
    expect(await system.rows('select made_id from idempotent_request')).toEqual([{ made_id: customerId }]);

    await call({ routeKey: 'DELETE /customers/{customerId}', pathParameters: { customerId } });

    expect(await system.rows('select made_id from idempotent_request')).toEqual([]);
  });

  test('are reached in another way after a change, each with the next sequence', async () => {
    const customerId = await register();
    const request = {
      routeKey: 'PUT /customers/{customerId}/contact',
      pathParameters: { customerId },
      body: { contact: { phone: '+49 30 901820' }, preferredChannel: 'sms' },
    };

    expect([(await call(request)).status, (await call(request)).status]).toEqual([204, 204]);

    expect(await system.rows('select email, phone, preferred_channel, sequence from customer')).toEqual([
      { email: null, phone: '+49 30 901820', preferred_channel: 'sms', sequence: 3 },
    ]);
    const changed = await system.written('CustomerContactChanged');
    expect(changed.map(({ data }) => (data as { sequence: number }).sequence)).toEqual([2, 3]);
    expect((await call({ ...request, caller: STRANGER })).status).toBe(404);
  });

  test('are erased with all their personal data, once', async () => {
    const customerId = await register();
    const request = {
      routeKey: 'DELETE /customers/{customerId}',
      pathParameters: { customerId },
    };

    expect([(await call(request)).status, (await call(request)).status]).toEqual([204, 204]);

    expect(JSON.stringify(await system.rows('select * from customer'))).not.toMatch(/ada/i);
    expect((await system.outbox()).filter((type) => type === 'CustomerErased')).toHaveLength(1);
  });

  test('of another tenant are unknown, and only an admin may erase', async () => {
    const customerId = await register();
    const request = { routeKey: 'DELETE /customers/{customerId}', pathParameters: { customerId } };

    expect((await call({ ...request, caller: STRANGER })).status).toBe(404);
    expect((await call({ ...request, caller: { ...CALLER, role: 'member' } })).status).toBe(403);
    expect((await system.rows('select name from customer'))[0]).toEqual({ name: 'Ada Lovelace' });
  });
});

describe('orders', () => {
  test('are placed at our prices, and can be read', async () => {
    const customerId = await register();

    const { status, body } = await call({
      routeKey: 'POST /orders',
      body: orderOf(customerId, {
        items: [{ sku: 'mug-blue', quantity: 2, unitPrice: { minorUnits: 1, currency: 'EUR' } }],
      }),
    });
    const read = await call({
      routeKey: 'GET /orders/{orderId}',
      pathParameters: { orderId: body['orderId'] as string },
    });

    expect(status).toBe(201);
    expect(read.body).toMatchObject({ customerId, status: 'PLACED', version: 1, endedAt: null });
    expect((read.body['total'] as { minorUnits: number }).minorUnits).toBeGreaterThanOrEqual(1000);
    const before = await call({
      routeKey: 'GET /orders/{orderId}',
      pathParameters: { orderId: body['orderId'] as string },
      query: { at: '2020-01-01T00:00:00Z' },
    });
    expect(before.status).toBe(404);
  });

  test('are placed once for each idempotency key, also when two requests come at once', async () => {
    const customerId = await register();
    const request = {
      routeKey: 'POST /orders',
      body: orderOf(customerId),
      headers: { 'idempotency-key': 'order-1' },
    };

    const answers = await Promise.all([call(request), call(request), call(request)]);

    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '200', '201']);
    expect(new Set(answers.map(({ body }) => body['orderId'])).size).toBe(1);
    expect(await system.outbox()).toEqual(['CustomerRegistered', 'OrderPlaced']);
  });

  test('with the idempotency key of another order are refused, also for another customer at once', async () => {
    const [one, two] = [await register(), await register()];
    const send = (body: object) =>
      call({ routeKey: 'POST /orders', body, headers: { 'idempotency-key': 'order-1' } });

    const answers = await Promise.all([send(orderOf(one)), send(orderOf(two))]);
    const more = await send(orderOf(one, { shippingCountry: 'FR' }));

    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['201', '422']);
    const refused = answers.find(({ status }) => status === 422);
    expect([refused?.body['code'], more.body['code']]).toEqual([
      'WAYBILL_IDEMPOTENCY_KEY_REUSED',
      'WAYBILL_IDEMPOTENCY_KEY_REUSED',
    ]);
    expect((await system.outbox()).filter((type) => type === 'OrderPlaced')).toHaveLength(1);
    expect(await system.rows('select 1 from customer_order')).toHaveLength(1);
  });

  test('of something that is not sold are refused by its name, and leave nothing', async () => {
    const customerId = await register();
    const headers = { 'idempotency-key': 'order-1' };
    const items = [
      { sku: 'mug-blue', quantity: 1 },
      { sku: 'mug-green', quantity: 1 },
    ];

    const refused = await call({ routeKey: 'POST /orders', body: orderOf(customerId, { items }), headers });

    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'WAYBILL_SKU_UNKNOWN', detail: expect.stringContaining("'mug-green'") },
    });
    expect(await system.outbox()).toEqual(['CustomerRegistered']);
    for (const table of ['customer_order', 'order_event', 'idempotent_request']) {
      expect(await system.rows(`select 1 from ${table}`)).toEqual([]);
    }
    // The key is free: the request that failed made nothing.
    expect((await call({ routeKey: 'POST /orders', body: orderOf(customerId), headers })).status).toBe(201);
  });

  test('D18 the tenant is the caller’s, whatever the body says', async () => {
    const customerId = await register();

    const foreign = await call({
      routeKey: 'POST /orders',
      caller: STRANGER,
      body: { ...orderOf(customerId), tenantId: CALLER.tenantId },
    });
    const { body } = await call({ routeKey: 'POST /orders', body: orderOf(customerId) });
    const read = await call({
      routeKey: 'GET /orders/{orderId}',
      caller: STRANGER,
      pathParameters: { orderId: body['orderId'] as string },
    });

    expect([foreign.status, read.status]).toEqual([404, 404]);
    expect((await call({ routeKey: 'POST /orders', caller: undefined as never, body: {} })).status).toBe(401);
  });

  test('of an erased customer are refused', async () => {
    const customerId = await register();
    await call({ routeKey: 'DELETE /customers/{customerId}', pathParameters: { customerId } });

    const { status, body } = await call({ routeKey: 'POST /orders', body: orderOf(customerId) });

    expect([status, body['code']]).toEqual([409, 'WAYBILL_CUSTOMER_ERASED']);
  });

  test.each([
    ['no items', { items: [] }],
    ['half a piece', { items: [{ sku: 'mug', quantity: 0.5 }] }],
    ['an unknown way to pay', { paymentMethod: 'shells' }],
    ['no country', { shippingCountry: 'Germany' }],
  ])('with %s are refused', async (_name, more) => {
    const customerId = await register();

    const { status } = await call({ routeKey: 'POST /orders', body: orderOf(customerId, more) });

    expect(status).toBe(422);
    expect(await system.outbox()).toEqual(['CustomerRegistered']);
  });

  test('of one customer are written to the outbox in the order they were placed', async () => {
    const customerId = await register();
    const placed: unknown[] = [];
    for (let index = 0; index < 5; index += 1) {
      placed.push((await call({ routeKey: 'POST /orders', body: orderOf(customerId) })).body['orderId']);
    }

    const rows = await system.rows<{ order_id: string; ordering_key: string }>(
      `select event_data->'data'->>'orderId' as order_id, ordering_key from event_outbox
        where event_type = 'OrderPlaced' order by sequence`,
    );
    expect(rows.map(({ order_id }) => order_id)).toEqual(placed);
    expect(new Set(rows.map(({ ordering_key }) => ordering_key))).toEqual(
      new Set([`tenant-1#${customerId}`]),
    );
  });
});

describe('activity', () => {
  const VIEW = { sessionId: 'ses_1', kind: 'ProductViewed', sku: 'mug-blue' };

  test('of every kind is told', async () => {
    const total = { minorUnits: 1990, currency: 'EUR' };
    for (const body of [
      VIEW,
      { ...VIEW, customerId: 'cus_1', kind: 'CartUpdated', change: 'added', quantity: 1 },
      { sessionId: 'ses_1', kind: 'CheckoutStarted', total },
    ]) {
      expect((await call({ routeKey: 'POST /activity', body })).status).toBe(202);
    }

    expect(await system.outbox()).toEqual(['ProductViewed', 'CartUpdated', 'CheckoutStarted']);
  });

  test('is told once for each idempotency key', async () => {
    const request = { routeKey: 'POST /activity', body: VIEW, headers: { 'idempotency-key': 'a-1' } };

    await call(request);
    await call(request);
    await call({ ...request, caller: STRANGER });

    expect(await system.outbox()).toEqual(['ProductViewed', 'ProductViewed']);
    // With other content nothing is lost.
    await call({ ...request, body: { ...VIEW, sku: 'tray-oak' } });
    expect(await system.outbox()).toHaveLength(3);
  });

  test('of no known kind is refused', async () => {
    const body = { ...VIEW, kind: 'OrderOutcomeRecorded' };

    expect((await call({ routeKey: 'POST /activity', body })).status).toBe(422);
  });
});
