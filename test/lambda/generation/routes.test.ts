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
    const other = await create({ ...more, caller: NEIGHBOUR });
    const elsewhere = await create({ ...more, caller: STRANGER });

    const ids = [first, again, other, elsewhere].map(({ body }) => body.generationId);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    expect(await system.outbox()).toHaveLength(3);
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
