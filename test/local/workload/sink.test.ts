import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startSink } from '../../../local/workload/sink.ts';
import type { Sink, SinkOptions } from '../../../local/workload/sink.ts';

let sink: Sink | undefined;
afterEach(async () => {
  await sink?.close();
});

async function start(options: Partial<SinkOptions> = {}): Promise<Sink> {
  sink = await startSink({ seed: 1, failureRate: 0, poison: null, ...options });
  sink.trust('tenant-1', 'secret');
  return sink;
}

async function deliver(
  to: Sink,
  event: { readonly id: string; readonly type?: string; readonly secret?: string },
): Promise<number> {
  const body = JSON.stringify({ id: event.id });
  const signature = createHmac('sha256', event.secret ?? 'secret')
    .update(`1700000000.${body}`)
    .digest('hex');
  const response = await fetch(to.urlFor('tenant-1'), {
    method: 'POST',
    headers: {
      'idempotency-key': event.id,
      'x-waybill-event': event.type ?? 'IssueChanged',
      'x-waybill-timestamp': '1700000000',
      'x-waybill-signature': `sha256=${signature}`,
    },
    body,
  });
  return response.status;
}

describe("the tenants' receiver", () => {
  test('takes an event once, however often it comes', async () => {
    const receiver = await start();

    expect([await deliver(receiver, { id: 'a' }), await deliver(receiver, { id: 'a' })]).toEqual([200, 200]);
    expect(receiver.report()).toMatchObject({ requests: 2, taken: 1, repeated: 1 });
  });

  test('refuses what is not signed with its secret', async () => {
    const receiver = await start();

    expect(await deliver(receiver, { id: 'a', secret: 'other' })).toBe(401);
    expect(receiver.report()).toMatchObject({ taken: 0, badSignatures: 1 });
  });

  test('fails always for the poisoned events, and never for others', async () => {
    const receiver = await start({ poison: { tenantId: 'tenant-1', eventType: 'ReleaseChanged' } });

    expect(await deliver(receiver, { id: 'a', type: 'ReleaseChanged' })).toBe(500);
    expect(await deliver(receiver, { id: 'a', type: 'ReleaseChanged' })).toBe(500);
    expect(await deliver(receiver, { id: 'b', type: 'IssueChanged' })).toBe(200);
  });

  test('fails at random, as often as told', async () => {
    const receiver = await start({ failureRate: 0.5 });
    const statuses = [];
    for (let event = 0; event < 100; event += 1)
      statuses.push(await deliver(receiver, { id: String(event) }));

    const failed = statuses.filter((status) => status === 503).length;
    expect(failed).toBeGreaterThan(30);
    expect(failed).toBeLessThan(70);
  });
});
