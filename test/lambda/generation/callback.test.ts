/** What a provider tells: who may, how often it counts, and what is left when it can not be stored. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { callbackRoutes } from '../../../lambda/generation/callback/routes.ts';
import { signatureOf } from '../../../lambda/generation/callback/signature.ts';
import type { UnstoredCallback } from '../../../lambda/generation/callback/store-callback.ts';
import { callbackSecrets } from '../../../lambda/generation/provider-secret.ts';
import type { CallbackSecrets } from '../../../lambda/generation/provider-secret.ts';
import { errorPublisher } from '../../../lambda/generation/urgent.ts';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { httpRequest } from '../core/core-under-test.ts';
import { PROMPT, useGeneration } from './generation-under-test.ts';
import type { GenerationUnderTest } from './generation-under-test.ts';

const SECRET = 'a-secret-of-the-provider-with-32-characters';
const OLD_SECRET = 'the-secret-before-with-32-characters-or-more';
const NOW = Date.parse('2026-03-01T12:00:00Z');
const ID = 'gen_1';
const PENDING = { generationId: ID, status: 'PENDING', coreModel: 'image-small-2' };
const COMPLETE = {
  ...PENDING,
  status: 'COMPLETE',
  imageUrl: 'https://images.example.com/1.png',
  imageWidth: 64,
  imageHeight: 48,
};
const FAILED = { ...PENDING, status: 'ERROR', error: { code: 'CONTENT_REFUSED', message: 'no lighthouses' } };

const generation = useGeneration();
let system: GenerationUnderTest;
let service: Service;
let unstored: UnstoredCallback[];
let waits: number[];
let secrets: readonly string[];
/** What the function remembers between requests. */
let kept: CallbackSecrets;
let time: number;
let eventIds = 0;

beforeEach(async () => {
  system = generation();
  service = system.service;
  unstored = [];
  waits = [];
  secrets = [SECRET];
  time = NOW;
  kept = callbackSecrets({ read: async () => secrets, now: () => time });
  await system.order(ID);
  await system.rows('delete from event_outbox');
});

interface Sent {
  readonly body?: unknown;
  readonly eventId?: string | undefined;
  readonly signature?: string | undefined;
  readonly base64?: boolean;
}

async function send({ body = COMPLETE, ...more }: Sent = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  eventIds += 1;
  const {
    signature,
    eventId,
    base64 = false,
  } = {
    signature: signatureOf([SECRET], text, NOW),
    eventId: `evt-${eventIds}`,
    ...more,
  };
  const handler = httpHandler(
    callbackRoutes({
      generation: async () => service,
      secrets: kept,
      publishError: async (one) => void unstored.push(one),
      now: () => NOW,
      wait: async (milliseconds) => void waits.push(milliseconds),
    }),
    () => undefined,
  );
  const answer = await handler(
    httpRequest({
      routeKey: 'POST /callbacks/provider',
      body: text,
      base64,
      headers: {
        ...(signature !== undefined && { 'x-provider-signature': signature }),
        ...(eventId !== undefined && { 'x-provider-event-id': eventId }),
      },
    }),
  );
  return { status: answer.statusCode, body: JSON.parse(answer.body ?? '{}') as Record<string, unknown> };
}

const row = async () => (await system.rows(`select * from generation where generation_id = '${ID}'`))[0]!;
const statuses = async (): Promise<readonly string[]> =>
  (
    await system.written<Envelope<{ readonly status: string }, 'GenerationComplete'>>('GenerationComplete')
  ).map(({ data }) => data.status);

describe('who may tell', () => {
  test.each([
    ['none', undefined],
    ['no time', `v1=${'0'.repeat(64)}`],
    ['no v1', 't=1772366400'],
    ['another secret', signatureOf(['x'.repeat(40)], JSON.stringify(COMPLETE), NOW)],
    ['another body', signatureOf([SECRET], '{}', NOW)],
    ['two times', `t=1,${signatureOf([SECRET], JSON.stringify(COMPLETE), NOW)}`],
    [
      'more guesses than a rotation has',
      `${signatureOf([SECRET], JSON.stringify(COMPLETE), NOW)}${`,v1=${'0'.repeat(64)}`.repeat(4)}`,
    ],
  ])('a signature that is %s is refused before anything is read', async (_name, signature) => {
    const answer = await send({ signature, body: JSON.stringify(COMPLETE) });

    expect(answer).toMatchObject({ status: 401, body: { code: 'WAYBILL_SIGNATURE_INVALID' } });
    expect(await statuses()).toEqual([]);
  });

  test('a time that somebody changed is a wrong signature', async () => {
    const signature = signatureOf([SECRET], JSON.stringify(COMPLETE), NOW - 3_600_000).replace(
      /t=\d+/,
      `t=${NOW / 1000}`,
    );

    expect((await send({ signature })).body['code']).toBe('WAYBILL_SIGNATURE_INVALID');
  });

  test.each([
    [-299, 200],
    [299, 200],
    [-301, 401],
    [301, 401],
  ])('a signature of %d seconds from now: %d', async (seconds, status) => {
    const signature = signatureOf([SECRET], JSON.stringify(COMPLETE), NOW + seconds * 1000);

    const answer = await send({ signature });

    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.body['code']).toBe('WAYBILL_SIGNATURE_OLD');
  });

  test('while a secret is changed, either of the two will do, on either side', async () => {
    const body = JSON.stringify(PENDING);
    const both = signatureOf([OLD_SECRET, SECRET], body, NOW);

    expect((await send({ body, signature: both })).status).toBe(200);
    kept = callbackSecrets({ read: async () => [OLD_SECRET] });
    expect((await send({ body, signature: both })).status).toBe(200);
    kept = callbackSecrets({ read: async () => [SECRET, OLD_SECRET] });
    expect((await send({ body, signature: signatureOf([OLD_SECRET], body, NOW) })).status).toBe(200);
  });

  test('a secret that was changed meanwhile is read again at the first signature that is wrong', async () => {
    expect((await send({ body: PENDING })).status).toBe(200);
    secrets = [OLD_SECRET];
    time += 60_000;

    const signature = signatureOf([OLD_SECRET], JSON.stringify(COMPLETE), NOW);

    expect((await send({ signature })).body).toEqual({ status: 'COMPLETE', changed: true });
    expect((await send()).status).toBe(401);
  });

  test('a wrong signature makes the secret be read again, at most once a minute', async () => {
    let reads = 0;
    const counted = callbackSecrets({ read: async () => [`${(reads += 1)}`], now: () => time });

    await counted.known();
    await counted.fresh();
    expect(reads).toBe(1);
    time += 60_000;
    expect(await counted.fresh()).toEqual(['2']);
    expect(await counted.known()).toEqual(['2']);
  });

  test('what API Gateway hands over as base64 is verified as the bytes that were sent', async () => {
    expect((await send({ base64: true })).status).toBe(200);
  });
});

describe('what is refused', () => {
  test.each([
    ['no id of its own', { eventId: undefined }, 400, 'WAYBILL_PROVIDER_EVENT_ID_INVALID'],
    ['an id with spaces', { eventId: 'a b' }, 400, 'WAYBILL_PROVIDER_EVENT_ID_INVALID'],
    ['no JSON', { body: '{' }, 400, 'WAYBILL_BODY_NOT_JSON'],
    ['no status', { body: { generationId: ID, coreModel: 'm' } }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['no image', { body: { ...COMPLETE, imageUrl: undefined } }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['a script', { body: { ...COMPLETE, imageUrl: 'javascript:alert(1)' } }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['no reason', { body: { ...FAILED, error: undefined } }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['an unknown generation', { body: { ...COMPLETE, generationId: 'gen_2' } }, 404, 'WAYBILL_NOT_FOUND'],
  ] as const)('%s', async (_name, sent, status, code) => {
    const answer = await send(sent);

    expect(answer).toMatchObject({ status, body: { code } });
    expect(await system.rows('select 1 from provider_event')).toEqual([]);
    expect(await statuses()).toEqual([]);
    expect(unstored).toEqual([]);
  });
});

describe('what counts', () => {
  test('the row, the id of the callback and the event are one', async () => {
    expect(await send({ eventId: 'evt-x' })).toEqual({
      status: 200,
      body: { status: 'COMPLETE', changed: true },
    });

    expect(await row()).toMatchObject({ status: 'COMPLETE', image_url: COMPLETE.imageUrl, image_width: 64 });
    const { imageUrl, imageWidth, imageHeight, coreModel, generationId } = COMPLETE;
    expect(await system.written('GenerationComplete')).toMatchObject([
      {
        tenantId: 'tenant-1',
        data: {
          generationId,
          userId: 'usr_1',
          prompt: PROMPT,
          status: 'COMPLETE',
          imageUrl,
          imageWidth,
          imageHeight,
          coreModel,
        },
      },
    ]);
  });

  test('a callback that comes again, also twice at once, is answered and tells nothing anew', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send({ eventId: 'evt-same' })));
    const late = await send({ eventId: 'evt-same' });

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ body }) => body['changed'] === true)).toHaveLength(1);
    expect(late.body).toEqual({ status: 'COMPLETE', changed: false });
    expect(await statuses()).toEqual(['COMPLETE']);
  });

  test('an id that came before changes nothing, whatever is told with it', async () => {
    await send({ body: PENDING, eventId: 'evt-same' });

    const again = await send({ body: COMPLETE, eventId: 'evt-same' });

    expect(again.body).toEqual({ status: 'PENDING', changed: false });
    expect(await statuses()).toEqual(['PENDING']);
  });

  test.each([
    [[PENDING, COMPLETE], ['PENDING', 'COMPLETE'], 'COMPLETE'],
    [[PENDING, PENDING, FAILED], ['PENDING', 'ERROR'], 'ERROR'],
    [[COMPLETE, PENDING], ['COMPLETE'], 'COMPLETE'],
    [[COMPLETE, FAILED], ['COMPLETE'], 'COMPLETE'],
    [[FAILED, COMPLETE], ['ERROR'], 'ERROR'],
    [[COMPLETE, { ...COMPLETE, imageUrl: 'https://images.example.com/2.png' }], ['COMPLETE'], 'COMPLETE'],
  ])('a status never goes back: %#', async (callbacks, told, status) => {
    for (const body of callbacks) expect((await send({ body })).status).toBe(200);

    expect(await statuses()).toEqual(told);
    expect((await row())['status']).toBe(status);
  });

  test('a failure is told to the user and to people, without the words of the provider', async () => {
    await send({ body: FAILED });

    expect(await system.outbox()).toEqual(['GenerationComplete', 'GenerationFailed']);
    const [failed] = await system.written('GenerationFailed');
    expect(failed).toMatchObject({ data: { generationId: ID, userId: 'usr_1', code: 'CONTENT_REFUSED' } });
    expect(JSON.stringify(failed)).not.toMatch(/lighthouse/i);
  });
});

describe('a database that fails', () => {
  function failing(
    times: number,
    error: unknown = Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
  ): void {
    let left = times;
    const { database } = system.service;
    service = {
      ...system.service,
      database: {
        query: (text, values) => database.query(text, values),
        transaction: async (work) => {
          if ((left -= 1) >= 0) throw error;
          return database.transaction(work);
        },
      },
    };
  }

  test('twice is not noticed but in the time it takes', async () => {
    failing(2);

    expect((await send()).status).toBe(200);
    expect(waits).toHaveLength(2);
    expect(unstored).toEqual([]);
    expect(await statuses()).toEqual(['COMPLETE']);
  });

  test('three times is a 503 that says to come again, and people are told; the next try is stored', async () => {
    failing(3);

    const answer = await send({ eventId: 'evt-lost' });

    expect(answer).toMatchObject({ status: 503, body: { code: 'WAYBILL_CALLBACK_NOT_STORED' } });
    expect(unstored).toMatchObject([{ providerEventId: 'evt-lost', generationId: ID }]);
    expect(await statuses()).toEqual([]);
    expect((await send({ eventId: 'evt-lost' })).body).toEqual({ status: 'COMPLETE', changed: true });
  });

  test('in the middle of the transaction leaves neither the row nor the id nor the event', async () => {
    const { enqueue } = system.service;
    let calls = 0;
    service = {
      ...system.service,
      enqueue: async (tx, events) => {
        await enqueue(tx, events);
        if ((calls += 1) <= 3) throw new Error('connection terminated');
      },
    };

    expect((await send({ eventId: 'evt-half' })).status).toBe(503);

    expect([await statuses(), (await row())['status']]).toEqual([[], 'PENDING']);
    expect(await system.rows('select 1 from provider_event')).toEqual([]);
    expect((await send({ eventId: 'evt-half' })).body['changed']).toBe(true);
  });

  test('people are told once of a callback, however often it is tried, and a topic that fails too is no crash', async () => {
    const published: Envelope[] = [];
    const publish = errorPublisher(() => ({ publish: async (event) => void published.push(event) }));
    const callback = { providerEventId: 'evt-1', generationId: ID, reason: 'down' };

    await publish(callback);
    await publish(callback);
    await publish({ ...callback, providerEventId: 'evt-2' });
    await errorPublisher(() => ({ publish: () => Promise.reject(new Error('no topic')) }))(callback);

    expect(published.map(({ eventId }) => eventId)).toEqual([
      published[0]!.eventId,
      published[0]!.eventId,
      expect.not.stringMatching(published[0]!.eventId),
    ]);
    expect(published[0]).toMatchObject({ tenantId: 'platform', data: { generationId: ID, userId: null } });
  });
});
