import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { IssueChanged } from '../../../../catalog/index.ts';
import { deliverWebhook } from '../../../../lambda/core/consumers/webhook-delivery.ts';
import { signDelivery } from '../../../../lambda/service/signed-delivery.ts';
import { fromCloudEvent } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { coreUnderTest, eventOf } from '../core-under-test.ts';
import type { CoreUnderTest } from '../core-under-test.ts';

interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const database = useDatabase();
let core: CoreUnderTest;
let receiver: Server;
let url: string;
let received: Received[];
/** Null: never answers. */
let answer: number | null;

beforeAll(async () => {
  core = await coreUnderTest(database().pool);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      if (answer !== null) response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(async () => {
  received = [];
  answer = 200;
  await core.rows('truncate delivered_webhook, delivery_url, event_outbox, event_inbox');
  await core.rows(
    'insert into delivery_url (tenant_id, url, secret) values ($1, $2, $3)',
    'tenant-1',
    url,
    'secret',
  );
});

const NOW = Date.parse('2026-01-01T00:00:00Z');
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function deliver(event: Envelope, signal: AbortSignal = new AbortController().signal): Promise<void> {
  return deliverWebhook(core, event, { signal, traceparent: TRACEPARENT }, () => NOW);
}
function issue(): Envelope {
  return eventOf(IssueChanged, IssueChanged.examples[0]!);
}
async function outcomes() {
  return core.rows('select outcome, status from delivered_webhook');
}

describe('webhook-delivery', () => {
  test('posts a CloudEvent, signed, with the eventId as the idempotency key', async () => {
    const event = issue();

    await deliver(event);

    expect(received).toHaveLength(1);
    const { headers, body } = received[0]!;
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'idempotency-key': event.eventId,
      'x-waybill-event': 'IssueChanged',
      'x-waybill-timestamp': String(NOW / 1000),
      'x-waybill-signature': signDelivery('secret', String(NOW / 1000), body),
      traceparent: TRACEPARENT,
    });
    expect(fromCloudEvent(JSON.parse(body) as Record<string, unknown>)).toEqual(event);
    expect(await outcomes()).toEqual([{ outcome: 'delivered', status: 200 }]);
  });

  test('posts nothing when the same event comes again', async () => {
    const event = issue();

    await deliver(event);
    await deliver(event);

    expect(received).toHaveLength(1);
    expect(await outcomes()).toHaveLength(1);
  });

  test.each([500, 503, 429, 408])(
    'throws on %i, so that the message comes again, and then delivers',
    async (status) => {
      const event = issue();
      answer = status;

      await expect(deliver(event)).rejects.toMatchObject({
        name: 'ReceiverError',
        code: `RECEIVER_${status}`,
      });
      expect(await outcomes()).toEqual([]);

      answer = 202;
      await deliver(event);
      expect(await outcomes()).toEqual([{ outcome: 'delivered', status: 202 }]);
      expect(new Set(received.map(({ headers }) => headers['idempotency-key']))).toEqual(
        new Set([event.eventId]),
      );
    },
  );

  test.each([400, 401, 404, 302])(
    'gives up for good on %i, with the status as the reason',
    async (status) => {
      answer = status;

      await expect(deliver(issue())).rejects.toMatchObject({
        name: 'PermanentError',
        code: `RECEIVER_REFUSED_${status}`,
      });
      // A redirect is not followed: it could lead into our own network.
      expect(received).toHaveLength(1);
    },
  );

  test('410 disables the URL, tells the tenant once, and posts nothing more', async () => {
    answer = 410;
    await deliver(issue());
    await deliver(issue());

    expect(received).toHaveLength(1);
    expect(await outcomes()).toEqual([
      { outcome: 'disabled', status: 410 },
      { outcome: 'no-url', status: null },
    ]);
    expect(await core.outbox()).toEqual(['DeliveryUrlChanged']);
  });

  test('D7 an aborted signal ends a request that hangs', async () => {
    answer = null;
    const aborting = new AbortController();
    const delivery = deliver(issue(), aborting.signal);
    const gaveUp = expect(delivery).rejects.toMatchObject({ code: 'RECEIVER_UNREACHABLE' });
    while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));

    aborting.abort();

    await gaveUp;
    expect(await outcomes()).toEqual([]);
  });

  test('a receiver that is not there is tried again', async () => {
    await core.rows(`update delivery_url set url = 'http://127.0.0.1:1/'`);

    await expect(deliver(issue())).rejects.toMatchObject({ code: 'RECEIVER_UNREACHABLE' });
  });

  test('a tenant without a URL is done with at once', async () => {
    await core.rows('truncate delivery_url');

    await deliver(issue());

    expect(received).toEqual([]);
    expect(await outcomes()).toEqual([{ outcome: 'no-url', status: null }]);
  });

  test('a replayed event says so to the receiver', async () => {
    const event = issue();
    const replay = { kind: 'replay', of: 'yesterday', at: event.timestamp } as const;

    await deliver({ ...event, metadata: { ...event.metadata, replay } });

    expect(received[0]?.headers).toMatchObject({ 'x-waybill-replay': 'replay' });
  });
});
