/** Orders for the provider, what the built-in one does with them, and generations that nobody speaks of any more. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GenerationComplete, GenerationFailed } from '../../../catalog/generation/index.ts';
import { callbackRoutes } from '../../../lambda/generation/callback/routes.ts';
import { recordError } from '../../../lambda/generation/error-notifications.ts';
import { notificationOf } from '../../../lambda/generation/notification.ts';
import { deterministicProvider } from '../../../lambda/generation/provider/deterministic-provider.ts';
import { httpProvider } from '../../../lambda/generation/provider/http-provider.ts';
import type { ImageProvider } from '../../../lambda/generation/provider/image-provider.ts';
import { callbackSecrets } from '../../../lambda/generation/provider-secret.ts';
import { startGeneration } from '../../../lambda/generation/start-generation.ts';
import { endSilentGenerations, forgetProviderEvents } from '../../../lambda/generation/timeouts.ts';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import { PermanentError } from '../../../lambda/runtime/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { eventOf, httpRequest } from '../core/core-under-test.ts';
import { CONTEXT, useGeneration } from './generation-under-test.ts';
import type { GenerationUnderTest } from './generation-under-test.ts';

const SECRET = 'a-secret-of-the-provider-with-32-characters';
const secrets = async () => [SECRET];

const generation = useGeneration();
let system: GenerationUnderTest;
let server: Server | undefined;
beforeEach(() => {
  system = generation();
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

const statusOf = async (id: string): Promise<unknown> =>
  (await system.rows<{ status: string }>('select status from generation where generation_id = $1', id))[0]
    ?.status;
const outcomes = async (): Promise<readonly string[]> =>
  (await system.rows<{ outcome: string }>('select outcome from effect order by position')).map(
    ({ outcome }) => outcome,
  );
const told = async (): Promise<readonly string[]> =>
  (
    await system.written<Envelope<{ readonly status: string }, 'GenerationComplete'>>('GenerationComplete')
  ).map(({ data }) => data.status);

/** The callback function behind an HTTP server, as the API is before it; `status` is what it answers instead. */
async function listen(status: () => number | undefined = () => undefined): Promise<string> {
  const handler = httpHandler(
    callbackRoutes({
      generation: async () => system.service,
      secrets: callbackSecrets({ read: secrets }),
      publishError: async () => undefined,
    }),
    () => undefined,
  );
  server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = request.headers as Record<string, string>;
      const event = httpRequest({
        routeKey: 'POST /callbacks/provider',
        headers,
        body: Buffer.concat(chunks).toString('utf8'),
      });
      const instead = status();
      const answer = instead === undefined ? await handler(event) : { statusCode: instead };
      response.writeHead(answer.statusCode ?? 500).end(answer.body);
    })();
  });
  await new Promise<void>((resolve) => void server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks/provider`;
}

function recording(answer: () => Promise<void>): ImageProvider & { readonly orders: string[] } {
  const orders: string[] = [];
  return {
    name: 'recording',
    orders,
    order: async ({ generationId }) => (orders.push(generationId), answer()),
  };
}

describe('the starter', () => {
  test('orders once, however often the event comes', async () => {
    const provider = recording(async () => undefined);
    const event = await system.order('gen_1');

    await startGeneration({ service: system.service, provider }, event, CONTEXT);
    await startGeneration({ service: system.service, provider }, event, CONTEXT);

    expect([provider.orders, await outcomes()]).toEqual([['gen_1'], ['ordered']]);
  });

  test('leaves the event for another time when the provider can not be asked now', async () => {
    const event = await system.order('gen_1');
    const provider = recording(() => Promise.reject(new Error('503')));

    await expect(startGeneration({ service: system.service, provider }, event, CONTEXT)).rejects.toThrow(
      '503',
    );

    expect([await statusOf('gen_1'), await outcomes()]).toEqual(['PENDING', []]);
  });

  test('ends what the provider refuses: the user and people are told', async () => {
    const event = await system.order('gen_1');
    const provider = recording(() => Promise.reject(new PermanentError('ORDER_REFUSED')));

    await startGeneration({ service: system.service, provider }, event, CONTEXT);

    expect(await statusOf('gen_1')).toBe('ERROR');
    expect(await system.outbox()).toEqual(['GenerationRequested', 'GenerationComplete', 'GenerationFailed']);
    expect((await system.written('GenerationComplete'))[0]).toMatchObject({ causationId: event.eventId });
  });

  test('orders nothing of what has ended, as by a timeout, or of what is not there', async () => {
    const provider = recording(async () => undefined);
    const ended = await system.order('gen_1');
    const gone = await system.order('gen_2');
    await system.rows(
      `update generation set status = 'ERROR', error_code = 'X' where generation_id = 'gen_1'`,
    );
    await system.rows(`delete from generation where generation_id = 'gen_2'`);

    for (const event of [ended, gone]) {
      await startGeneration({ service: system.service, provider }, event, CONTEXT);
    }

    expect([provider.orders, await outcomes()]).toEqual([[], ['over', 'over']]);
  });
});

describe('the deterministic provider', () => {
  const run = async (id: string, prompt: string, callbackUrl: string): Promise<void> => {
    const provider = deterministicProvider({ callbackUrl, secrets, slowness: 5 });
    await startGeneration({ service: system.service, provider }, await system.order(id, prompt), CONTEXT);
  };

  test('tells by signed callbacks; the same prompt gives the same picture, which is an SVG', async () => {
    const url = await listen();

    await run('gen_1', 'A lighthouse', url);
    await run('gen_2', 'A lighthouse #slow', url);
    await run('gen_3', 'A lighthouse', url);

    expect(await told()).toEqual(['PENDING', 'COMPLETE', 'PENDING', 'COMPLETE', 'PENDING', 'COMPLETE']);
    const images = (
      await system.rows<{ image_url: string }>('select image_url from generation order by generation_id')
    ).map(({ image_url }) => Buffer.from(image_url.split(',')[1]!, 'base64').toString());
    expect(images[0]).toMatch(/^<svg .*width="64" height="48".*<\/svg>$/);
    expect(images[2]).toBe(images[0]);
    expect(images[1]).not.toBe(images[0]);
  });

  test('#fail fails and #silent says nothing more', async () => {
    const url = await listen();

    await run('gen_1', 'A lighthouse #fail', url);
    await run('gen_2', '#silent', url);

    expect([await statusOf('gen_1'), await statusOf('gen_2')]).toEqual(['ERROR', 'PENDING']);
    expect(await told()).toEqual(['PENDING', 'ERROR', 'PENDING']);
  });

  test('an API that answers 503 makes the order come again, and each callback counts once', async () => {
    let answers = [undefined, 503];
    const url = await listen(() => answers.shift());
    const provider = deterministicProvider({ callbackUrl: url, secrets });
    const event = await system.order('gen_1');
    const start = () => startGeneration({ service: system.service, provider }, event, CONTEXT);

    await expect(start()).rejects.toThrow('503');
    answers = [];
    await start();

    expect(await told()).toEqual(['PENDING', 'COMPLETE']);
  });
});

describe('a provider over HTTP', () => {
  test.each([
    [202, undefined],
    [429, Error],
    [503, Error],
    [400, PermanentError],
    [302, PermanentError],
  ])('that answers %d', async (status, thrown) => {
    const url = await listen(() => status);
    const provider = httpProvider({ url, callbackUrl: 'https://api.example.com/callbacks', secrets });
    const order = { generationId: 'gen_1', prompt: 'x', model: 'image-small', width: 1, height: 1 };

    const outcome = await provider.order(order, CONTEXT.signal).catch((error: unknown) => error);

    expect((outcome as Error | undefined)?.constructor).toBe(thrown);
  });
});

describe('what nobody speaks of any more', () => {
  const age = (id: string, minutes: number) =>
    system.rows(
      `update generation set created_at = now() - $2::int * interval '1 minute',
                             updated_at = now() - $2::int * interval '1 minute' where generation_id = $1`,
      id,
      minutes,
    );

  test('ends, once, also with two runs at a time; what is young or has ended stays', async () => {
    for (let index = 0; index < 120; index += 1) await system.order(`gen_${index}`);
    await system.rows(`update generation set created_at = now() - interval '31 minutes',
                              updated_at = now() - interval '31 minutes'`);
    await age('gen_0', 29);
    await system.rows(
      `update generation set status = 'ERROR', error_code = 'X' where generation_id = 'gen_1'`,
    );

    const ended = await Promise.all([
      endSilentGenerations(system.service, 30),
      endSilentGenerations(system.service, 30),
    ]);
    const later = await endSilentGenerations(system.service, 30);

    expect(ended[0] + ended[1] + later).toBe(118);
    expect([await statusOf('gen_0'), await statusOf('gen_1')]).toEqual(['PENDING', 'ERROR']);
    const failed =
      await system.written<Envelope<{ readonly code: string }, 'GenerationFailed'>>('GenerationFailed');
    expect(failed).toHaveLength(118);
    expect(new Set(failed.map(({ data }) => data.code))).toEqual(new Set(['TIMED_OUT']));
  });

  test('a provider that spoke lately is waited for', async () => {
    await system.order('gen_1');
    await age('gen_1', 31);
    await system.rows(`update generation set updated_at = now()`);

    expect(await endSilentGenerations(system.service, 30)).toBe(0);
  });
});

test('ids of callbacks are forgotten when they can not come again', async () => {
  await system.rows(`insert into provider_event (provider_event_id, generation_id, status, received_at)
                     values ('old', 'gen_1', 'PENDING', now() - interval '31 days'),
                            ('young', 'gen_1', 'PENDING', now() - interval '29 days')`);

  await forgetProviderEvents(system.service);

  expect(await system.rows('select provider_event_id as id from provider_event')).toEqual([{ id: 'young' }]);
});

describe('error notifications', () => {
  test('are kept once', async () => {
    const event = eventOf(GenerationFailed, GenerationFailed.examples[1]!);

    await recordError(system.service, event);
    await recordError(system.service, event);

    expect(await system.rows('select code, generation_id from error_notification')).toEqual([
      { code: 'CALLBACK_NOT_STORED', generation_id: null },
    ]);
  });
});

test('a notification is for the user of the event, with all of its data', () => {
  const event = eventOf(GenerationComplete, GenerationComplete.examples[0]!);

  expect(notificationOf(event)).toEqual({
    tenantId: 'tenant-1',
    userId: event.data.userId,
    id: event.eventId,
    eventType: 'GenerationComplete',
    data: event.data,
  });
});
