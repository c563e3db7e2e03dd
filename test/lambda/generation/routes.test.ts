/** The HTTP API of the generation system: what is taken, what is refused, and whose generations are seen. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { generationRoutes } from '../../../lambda/generation/api/routes.ts';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { httpRequest } from '../core/core-under-test.ts';
import type { TestRequest } from '../core/core-under-test.ts';
import { CALLER, PROMPT, useGeneration } from './generation-under-test.ts';
import type { GenerationUnderTest } from './generation-under-test.ts';

const generation = useGeneration();
let system: GenerationUnderTest;
beforeEach(() => {
  system = generation();
});

const NEIGHBOUR: Caller = { ...CALLER, userId: 'usr_2' };
const STRANGER: Caller = { ...CALLER, tenantId: 'tenant-2' };

interface Body {
  readonly generationId?: string;
  readonly status?: string;
  readonly items?: readonly { readonly generationId: string }[];
  readonly nextCursor?: string | null;
}

async function call(request: TestRequest) {
  const handler = httpHandler(
    generationRoutes(async () => system.service),
    () => undefined,
  );
  const { statusCode, headers = {}, body } = await handler(httpRequest({ caller: CALLER, ...request }));
  return { status: statusCode, headers, body: JSON.parse(body ?? '{}') as Body };
}

const create = (more: Partial<TestRequest> = {}) =>
  call({ routeKey: 'POST /generations', body: { prompt: PROMPT }, ...more });
const read = (generationId: string, caller = CALLER) =>
  call({ routeKey: 'GET /generations/{generationId}', pathParameters: { generationId }, caller });
const list = (query: Partial<Record<'limit' | 'cursor', string>> = {}, caller = CALLER) =>
  call({ routeKey: 'GET /generations', query, caller });

describe('a new generation', () => {
  test('is taken with 202 and where to look, and is an event of the outbox in the same transaction', async () => {
    const { status, headers, body } = await create();

    expect([status, body.status]).toEqual([202, 'PENDING']);
    expect(headers['location']).toBe(`/generations/${body.generationId}`);
    expect(await system.written('GenerationRequested')).toMatchObject([
      {
        tenantId: 'tenant-1',
        data: {
          generationId: body.generationId,
          userId: 'usr_1',
          prompt: PROMPT,
          width: 1024,
          height: 1024,
        },
      },
    ]);
  });

  test('with an idempotency key is one for each user, however often it is asked for', async () => {
    const more = { headers: { 'idempotency-key': 'k-1' } };

    const first = await create(more);
    const again = await create(more);
    await system.rows("update generation set status = 'ERROR', error_code = 'X'");
    // What stands for the same command is the same request.
    const spelled = await create({ ...more, body: `{"width": 1024, "prompt": "${PROMPT} "}` });
    const other = await create({ ...more, caller: NEIGHBOUR });
    const elsewhere = await create({ ...more, caller: STRANGER });

    expect([again, spelled]).toEqual([first, first]);
    const ids = [first, again, other, elsewhere].map(({ body }) => body.generationId);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    expect(await system.outbox()).toHaveLength(3);
  });

  test('a key that was used for another request is refused, and changes nothing', async () => {
    const more = { headers: { 'idempotency-key': 'k-1' } };
    await create(more);

    const another = await create({ ...more, body: { prompt: 'A secret' } });
    const larger = await create({ ...more, body: { prompt: PROMPT, width: 2048 } });

    for (const answer of [another, larger]) {
      expect(answer).toMatchObject({ status: 422, body: { code: 'WAYBILL_IDEMPOTENCY_KEY_REUSED' } });
      expect(JSON.stringify(answer)).not.toContain('A secret');
    }
    expect(await system.outbox()).toHaveLength(1);
    // Of an earlier release, which kept no digest.
    await system.rows('update generation set request_digest = null');
    expect(await create(more)).toMatchObject({ status: 202 });
  });

  test.each([[''], ['a b'], ['x'.repeat(65)], ['ä']])('the key "%s" is refused', async (key) => {
    const answer = await create({ headers: { 'idempotency-key': key } });

    expect(answer).toMatchObject({ status: 400, body: { code: 'WAYBILL_IDEMPOTENCY_KEY_INVALID' } });
    expect(await system.outbox()).toEqual([]);
  });

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=utf-8', 202],
    ['Application/JSON', 202],
  ])('a body of %s is answered with %i', async (type, status) => {
    expect(await create({ headers: { 'content-type': type } })).toMatchObject({ status });
  });

  test.each([
    ['no prompt', {}, 422],
    ['an empty prompt', { prompt: '  ' }, 422],
    ['a prompt that is too long', { prompt: 'x'.repeat(4_001) }, 422],
    ['a tenant of its own', { prompt: PROMPT, tenantId: 'tenant-2' }, 422],
    ['an unknown model', { prompt: PROMPT, model: 'image-huge' }, 422],
    ['no size at all', { prompt: PROMPT, width: 0 }, 422],
    ['NUL', { prompt: 'a\0b' }, 422],
    ['no JSON', '{"prompt":', 400],
    ['more than 64 KB', { prompt: 'x'.repeat(70_000) }, 413],
  ])('%s is refused, with a problem document and nothing stored', async (_name, body, status) => {
    const answer = await create({ body });

    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
    expect(JSON.stringify(answer.body)).not.toContain('tenant-2');
    expect(await system.rows('select 1 from generation')).toEqual([]);
  });

  test('needs a caller that an authorizer verified', async () => {
    const answer = await create({ caller: undefined as never });

    expect(answer.status).toBe(401);
  });
});

describe('reading', () => {
  test('gives a user its own generation, and everybody else the answer for one that does not exist', async () => {
    const { body } = await create();
    const generationId: string = body.generationId!;

    const own = await read(generationId);
    const others = [
      await read(generationId, NEIGHBOUR),
      await read(generationId, STRANGER),
      await read('gen_unknown'),
      await read('%00'),
      await read('a\0b'),
    ];

    expect(own.body).toMatchObject({ generationId, prompt: PROMPT, status: 'PENDING', imageUrl: null });
    expect(own.body).not.toHaveProperty('tenantId');
    expect(others.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(new Set(others.map((one) => JSON.stringify(one.body))).size).toBe(1);
  });

  test('in pages gives each once, newest first, and only the own ones', async () => {
    for (const caller of [CALLER, CALLER, NEIGHBOUR, CALLER, STRANGER, CALLER, CALLER])
      await create({ caller });
    // The same moment, which the id then decides.
    await system.rows(`update generation set created_at = '2026-03-01T00:00:00.123456Z'
                        where generation_id in (select generation_id from generation order by generation_id limit 4)`);

    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({
        limit: '2',
        ...(cursor !== null && { cursor }),
      });
      seen.push(...page.body.items!.map((one) => one.generationId));
      cursor = page.body.nextCursor ?? null;
    } while (cursor !== null);

    const own = await system.rows<{ id: string }>(
      `select generation_id as id from generation where tenant_id = 'tenant-1' and user_id = 'usr_1'
        order by created_at desc, generation_id desc`,
    );
    expect(seen).toEqual(own.map(({ id }) => id));
    expect(seen).toHaveLength(5);
  });

  test.each([
    [{ limit: '0' }],
    [{ limit: '101' }],
    [{ limit: 'all' }],
    [{ cursor: 'x' }],
    [{ cursor: Buffer.from('["2026-99-01T00:00:00.000000Z","a"]').toString('base64url') }],
    [{ cursor: Buffer.from('["2026-01-01T00:00:00.000000Z","a\\u0000"]').toString('base64url') }],
    [{ cursor: Buffer.from('null').toString('base64url') }],
  ])('a page %j is refused', async (query) => {
    expect(await list(query)).toMatchObject({ status: 400, body: { code: 'WAYBILL_PAGE_INVALID' } });
  });
});

describe('erasing a user', () => {
  const erase = (userId: string, caller: Caller = CALLER) =>
    call({ routeKey: 'DELETE /users/{userId}', pathParameters: { userId }, caller });
  const keyOf = (userId: string) =>
    system.rows<{ readonly key: Buffer | null }>(
      `select key from sealing_subject_key where tenant_id = 'tenant-1' and subject_id = $1`,
      userId,
    );

  test('destroys the key, deletes what was asked for, and tells it behind all earlier events', async () => {
    await create();
    await create({ caller: NEIGHBOUR });
    await system.rows(`insert into sealing_subject_key (tenant_id, subject_id, key)
                       values ('tenant-1', 'usr_1', decode(repeat('00', 32), 'hex'))`);

    const answers = [await erase('usr_1'), await erase('usr_1')];

    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(await keyOf('usr_1')).toEqual([{ key: null }]);
    expect(await system.rows('select user_id as "userId" from generation')).toEqual([{ userId: 'usr_2' }]);
    expect((await system.outbox()).at(-1)).toBe('UserErased');
    expect(await system.written('UserErased')).toMatchObject([
      { tenantId: 'tenant-1', data: { userId: 'usr_1', requestedBy: 'usr_1' } },
    ]);
    expect(await create()).toMatchObject({ status: 403, body: { code: 'WAYBILL_USER_ERASED' } });
  });

  test('is for the user, and for admins of the tenant', async () => {
    await create();

    expect(await erase('usr_1', NEIGHBOUR)).toMatchObject({ status: 403 });
    expect(await system.outbox()).toEqual(['GenerationRequested']);
    // Somebody of the same name in another tenant.
    expect(await erase('usr_1', { ...STRANGER, role: 'admin' })).toMatchObject({ status: 204 });
    expect(await system.rows('select 1 from generation')).toHaveLength(1);
    expect(await erase('usr_1', { ...NEIGHBOUR, role: 'admin' })).toMatchObject({ status: 204 });
    expect(await system.rows('select 1 from generation')).toEqual([]);
  });

  test('waits for what is being stored for the user, and deletes that too', async () => {
    await Promise.all([...Array.from({ length: 4 }, () => create()), erase('usr_1'), create(), create()]);

    expect(await system.rows('select 1 from generation')).toEqual([]);
  });

  test.each([['x'.repeat(61)], ['a%00b']])('there is no user %s', async (userId) => {
    expect(await erase(userId, { ...CALLER, role: 'admin' })).toMatchObject({ status: 404 });
  });
});
