/** The feedback API: what is taken, what is refused, and whose feedback is seen. */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { feedbackRoutes } from '../../../lambda/agents/api/routes.ts';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { mistakesOf } from '../../support/openapi.ts';
import { httpRequest } from '../core/core-under-test.ts';
import type { TestRequest } from '../core/core-under-test.ts';
import { CALLER, useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';

const agents = useAgents();
let system: AgentsUnderTest;
beforeEach(() => {
  system = agents();
});

const NEIGHBOUR: Caller = { ...CALLER, userId: 'usr_2' };
const STRANGER: Caller = { ...CALLER, tenantId: 'tenant-2' };
const ADMIN: Caller = { ...CALLER, role: 'admin' };
const OPERATOR: Caller = { ...CALLER, role: 'operator' };
const TEXT = 'The export crashes with an error';

interface Body {
  readonly feedbackId?: string;
  readonly code?: string;
  readonly [field: string]: unknown;
}

const document = JSON.parse(readFileSync('docs/openapi/agents.json', 'utf8')) as Readonly<
  Record<string, unknown>
>;
const described: ReadonlySet<string> = new Set(
  Object.entries(document['paths'] as Readonly<Record<string, object>>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  ),
);

async function call(request: TestRequest) {
  const handler = httpHandler(
    feedbackRoutes(async () => system.service, { allowLoopback: false }),
    () => undefined,
  );
  const event = httpRequest({ caller: CALLER, ...request });
  const { statusCode = 0, headers = {}, body } = await handler(event);
  // Of a route that there is not, API Gateway answers itself.
  if (described.has(request.routeKey)) {
    const contentType = headers['content-type'] as string | undefined;
    const answer = { route: request.routeKey, status: statusCode, contentType };
    const given: unknown = body === undefined ? undefined : JSON.parse(body);
    // Whatever a test asks for: the document says so.
    expect(mistakesOf(document, { ...answer, body: given })).toEqual([]);
  }
  return { status: statusCode, headers, body: JSON.parse(body ?? '{}') as Body };
}

/** What every refusal is, and without what was sent. */
function expectProblem(
  { status, headers, body }: Awaited<ReturnType<typeof call>>,
  expected: number,
  code?: string,
) {
  expect(headers['content-type']).toBe('application/problem+json');
  expect({ status, body }).toEqual({
    status: expected,
    body: {
      type: `urn:waybill:problem:${String(body.code)}`,
      title: expect.any(String),
      status: expected,
      code: code ?? expect.stringMatching(/^WAYBILL_[A-Z_]+$/),
      detail: expect.any(String),
      instance: 'request-1',
    },
  });
}

const give = (more: Partial<TestRequest> = {}) =>
  call({ routeKey: 'POST /feedback', body: { productId: 'atlas', text: TEXT }, ...more });
const cast = (feedbackId: string, weight?: unknown, caller = NEIGHBOUR) =>
  call({
    routeKey: 'POST /feedback/{feedbackId}/votes',
    pathParameters: { feedbackId },
    body: weight === undefined ? {} : { weight },
    caller,
  });
const read = (feedbackId: string, caller = CALLER) =>
  call({ routeKey: 'GET /feedback/{feedbackId}', pathParameters: { feedbackId }, caller });

describe('feedback', () => {
  test('is taken with 202 and where to look, and is an event of the record in the same transaction', async () => {
    const { status, headers, body } = await give();

    expect(status).toBe(202);
    expect(headers['location']).toBe(`/feedback/${body.feedbackId}`);
    const opened = await Promise.all((await system.recorded()).map((one) => system.service.sealer.open(one)));
    expect(opened).toMatchObject([
      {
        eventType: 'FeedbackReceived',
        tenantId: 'tenant-1',
        data: {
          feedbackId: body.feedbackId,
          productId: 'atlas',
          authorId: 'usr_1',
          channel: 'web',
          text: TEXT,
        },
      },
    ]);
    expect(await system.rows('select feedback_id from feedback')).toEqual([{ feedback_id: body.feedbackId }]);
  });

  test('with an idempotency key is one for each user, however often it is sent', async () => {
    const more = { headers: { 'idempotency-key': 'k-1' } };

    const first = await give(more);
    const again = await Promise.all([give(more), give(more)]);
    // What stands for the same command is the same request.
    const spelled = await give({
      ...more,
      body: `{"channel": "web", "text": "${TEXT} ", "productId": "atlas"}`,
    });
    const other = await give({ ...more, caller: NEIGHBOUR });
    const elsewhere = await give({ ...more, caller: STRANGER });
    const changed = await give({ ...more, body: { productId: 'atlas', text: 'Something else' } });

    expect([...again, spelled]).toEqual([first, first, first]);
    expect(new Set([first, other, elsewhere].map(({ body }) => body.feedbackId)).size).toBe(3);
    expectProblem(changed, 422, 'WAYBILL_IDEMPOTENCY_KEY_REUSED');
    // What was said first stays as it was.
    expect((await read(first.body.feedbackId!)).body['text']).toBe(TEXT);
    expect(await system.recorded()).toHaveLength(3);
  });

  test.each([
    ['no text', { productId: 'atlas' }, 422],
    ['a text of spaces', { productId: 'atlas', text: '  ' }, 422],
    ['a text that is too long', { productId: 'atlas', text: 'x'.repeat(4_001) }, 422],
    ['a product that is too long', { productId: 'x'.repeat(61), text: TEXT }, 422],
    ['no product', { text: TEXT }, 422],
    ['an unknown channel', { productId: 'atlas', text: TEXT, channel: 'pigeon' }, 422],
    ['a language that is none', { productId: 'atlas', text: TEXT, language: 'English' }, 422],
    ['an author of its own', { productId: 'atlas', text: TEXT, authorId: 'somebody' }, 422],
    ['a tenant of its own', { productId: 'atlas', text: TEXT, tenantId: 'tenant-2' }, 422],
    ['NUL', '{"productId":"atlas","text":"a\\u0000b"}', 422],
    ['half a surrogate pair', '{"productId":"atlas","text":"a\\ud83d"}', 422],
    ['a text that is a number', { productId: 'atlas', text: 5 }, 422],
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['a list', [], 422],
    ['null', 'null', 422],
    ['more than 64 KiB', { productId: 'atlas', text: 'x'.repeat(70_000) }, 413],
  ])('%s is refused, and nothing is stored', async (_name, body, status) => {
    const answer = await give({ body });

    expectProblem(answer, status);
    expect(JSON.stringify(answer.body)).not.toContain('pigeon');
    expect(await system.rows('select 1 from feedback')).toEqual([]);
    expect(await system.recorded()).toEqual([]);
  });

  test.each([
    ['another content type', { headers: { 'content-type': 'text/plain' } }, 415],
    ['a key that is none', { headers: { 'idempotency-key': 'two words' } }, 400],
    ['a key that is too long', { headers: { 'idempotency-key': 'k'.repeat(65) } }, 400],
    ['an empty key', { headers: { 'idempotency-key': '' } }, 400],
    ['a route that is none', { routeKey: 'PATCH /feedback' }, 404],
    ['nobody', { caller: undefined as unknown as Caller }, 401],
    ['an operator', { caller: OPERATOR }, 403],
  ])('%s is refused', async (_name, more, status) => {
    expectProblem(await give(more), status);
    expect(await system.recorded()).toEqual([]);
  });
});

describe('votes', () => {
  test('a person has one vote: again is the same, another weight is refused', async () => {
    const { body } = await give();
    const id = body.feedbackId!;

    const first = await cast(id);
    const again = await cast(id);
    const other = await cast(id, 5);
    const mine = await cast(id, -1, CALLER);

    expect([first.status, first.body]).toEqual([202, { feedbackId: id, weight: 1 }]);
    expect(again).toEqual(first);
    expectProblem(other, 409, 'WAYBILL_VOTE_CAST');
    expect(mine.status).toBe(202);
    expect((await system.recorded('FeedbackVoted')).map(({ data }) => data)).toEqual([
      { feedbackId: id, productId: 'atlas', userId: 'usr_2', weight: 1 },
      { feedbackId: id, productId: 'atlas', userId: 'usr_1', weight: -1 },
    ]);
  });

  test('for what is not there, or is another tenant’s, there is 404', async () => {
    const { body } = await give();

    expectProblem(await cast('fbk_none'), 404);
    expectProblem(await cast('x'.repeat(61)), 404);
    expectProblem(await cast('a\0b'), 404);
    expectProblem(await cast(body.feedbackId!, 1, STRANGER), 404);
    expectProblem(await read('%zz'), 404);
    expect(await system.recorded('FeedbackVoted')).toEqual([]);
  });

  test.each([-2, 11, 0.5, '1', null])('a weight of %j is refused', async (weight) => {
    const { body } = await give();

    expectProblem(await cast(body.feedbackId!, weight), 422);
    expect(await system.recorded('FeedbackVoted')).toEqual([]);
  });
});

describe('what is read', () => {
  test('feedback shows what agents have found out so far, to its tenant alone', async () => {
    const { body } = await give();
    const id = body.feedbackId!;
    await cast(id, 3);
    const before = await read(id);
    const [event] = await system.recorded('FeedbackReceived');
    await system.handle('sentiment', event!);
    await system.handle('categorisation', event!);
    for (const type of ['SentimentRated', 'FeedbackCategorised']) {
      await system.handle('priority', (await system.recorded(type))[0]!);
    }

    expect(before.body).toMatchObject({
      feedbackId: id,
      productId: 'atlas',
      authorId: 'usr_1',
      text: TEXT,
      votes: 3,
      sentiment: null,
      category: null,
      duplicateOf: null,
      priority: null,
    });
    expect((await read(id, NEIGHBOUR)).body).toMatchObject({
      sentiment: { label: 'negative' },
      category: { category: 'bug', confidence: 0.667 },
      priority: { priority: 'high' },
    });
    expectProblem(await read(id, STRANGER), 404);
  });

  test('the roadmap has what is wanted most first, of one product or of all, of the tenant alone', async () => {
    for (const [tenant, product, category, votes] of [
      ['tenant-1', 'atlas', 'bug', 2],
      ['tenant-1', 'hermes', 'billing', 9],
      ['tenant-2', 'atlas', 'bug', 100],
    ]) {
      await system.rows(
        'insert into roadmap_item (tenant_id, product_id, category, feedbacks, votes) values ($1, $2, $3, 1, $4)',
        tenant,
        product,
        category,
        votes,
      );
    }
    const roadmap = (query: Record<string, string> = {}) => call({ routeKey: 'GET /roadmap', query });

    expect((await roadmap()).body['items']).toMatchObject([
      { productId: 'hermes', category: 'billing', feedbacks: 1, votes: 9, urgent: 0 },
      { productId: 'atlas', category: 'bug', feedbacks: 1, votes: 2 },
    ]);
    expect((await roadmap({ productId: 'atlas' })).body['items']).toHaveLength(1);
    for (const productId of ['x'.repeat(61), '', 'a\0b']) expectProblem(await roadmap({ productId }), 400);
  });

  test('metrics are for operators, with each agent', async () => {
    await give();
    const metrics = (caller: Caller, query: Record<string, string> = {}) =>
      call({ routeKey: 'GET /events/metrics', caller, query });

    expectProblem(await metrics(ADMIN), 403);
    expectProblem(await metrics(OPERATOR, { windowSeconds: '5' }), 400);
    expectProblem(await metrics(OPERATOR, { windowSeconds: 'x' }), 400);
    const { status, body } = await metrics(OPERATOR, { windowSeconds: '60' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ windowSeconds: 60, events: { lastDay: 1 } });
    expect(body['consumers']).toHaveLength(8);
  });
});

describe('the webhook endpoint', () => {
  const set = (url: unknown, caller = ADMIN) =>
    call({ routeKey: 'PUT /webhook-endpoint', body: { url }, caller });
  const remove = (caller = ADMIN) => call({ routeKey: 'DELETE /webhook-endpoint', caller });

  test('is set by an admin, with a new secret each time, and removed', async () => {
    const first = await set('https://example.com/hook');
    const second = await set('https://example.com/other');

    expect([first.status, second.status]).toEqual([200, 200]);
    expect(first.body['secret']).not.toBe(second.body['secret']);
    expect(await system.rows('select tenant_id, url, secret from webhook_endpoint')).toEqual([
      { tenant_id: 'tenant-1', url: 'https://example.com/other', secret: second.body['secret'] },
    ]);
    expect((await set('https://example.com/', CALLER)).status).toBe(403);
    expect((await remove({ ...ADMIN, tenantId: 'tenant-2' })).status).toBe(404);
    expect((await remove()).status).toBe(204);
  });

  test.each([
    'http://example.com',
    'https://10.0.0.1/',
    'https://[::1]/',
    'https://intern/',
    'https://a.internal',
    'ftp://example.com',
    'x',
    'https://u:p@example.com',
    'http://127.0.0.1/',
  ])('%s could reach what is not the tenant’s', async (url) => {
    expect((await set(url)).body.code).toBe('WAYBILL_DELIVERY_URL_REFUSED');
  });
});
