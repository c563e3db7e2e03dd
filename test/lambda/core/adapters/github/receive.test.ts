import { createRequire } from 'node:module';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { MAX_WEBHOOK_BYTES } from '../../../../../lambda/core/adapters/github/receive.ts';
import { gitHubSignature } from '../../../../../local/workload/api-client.ts';
import { gitHubWebhookRoutes } from '../../../../../lambda/core/adapters/routes.ts';
import { httpHandler } from '../../../../../lambda/http/http-handler.ts';
import type { HttpHandler } from '../../../../../lambda/http/http-handler.ts';
import type { Service } from '../../../../../lambda/service/unit-of-work.ts';
import { useDatabase } from '../../../../support/postgres.ts';
import { coreUnderTest, httpRequest } from '../../core-under-test.ts';
import type { CoreUnderTest } from '../../core-under-test.ts';

const ROUTE = 'POST /webhooks/github/{endpointId}';
const SECRET = 'the secret of endpoint-1';
const ISSUE_OPENED = JSON.stringify(
  (
    createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
      readonly name: string;
      readonly examples: readonly object[];
    }[]
  ).find(({ name }) => name === 'issues')?.examples[0],
);

const database = useDatabase();
let core: CoreUnderTest;
let handler: HttpHandler;
let failures: string[];

beforeAll(async () => {
  core = await coreUnderTest(database().pool);
  await core.rows(`insert into webhook_endpoint (endpoint_id, tenant_id, provider, secret)
                   values ('endpoint-1', 'tenant-1', 'github', '${SECRET}')`);
  await core.rows(`insert into webhook_endpoint (endpoint_id, tenant_id, provider, secret, disabled_at)
                   values ('disabled-1', 'tenant-1', 'github', '${SECRET}', now())`);
});
beforeEach(async () => {
  failures = [];
  handler = handlerOn(core);
  await core.rows('truncate received_webhook, repository, work_item, event_outbox');
});

function handlerOn(on: Service): HttpHandler {
  return httpHandler(
    gitHubWebhookRoutes(async () => on),
    ({ code }) => failures.push(code),
  );
}

interface Webhook {
  readonly body?: string;
  readonly deliveryId?: string;
  readonly event?: string;
  readonly endpointId?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly base64?: boolean;
}

function request(webhook: Webhook = {}) {
  const body = webhook.body ?? ISSUE_OPENED;
  const headers = {
    'content-type': 'application/json',
    'x-github-event': webhook.event ?? 'issues',
    'x-github-delivery': webhook.deliveryId ?? 'delivery-1',
    'x-hub-signature-256': gitHubSignature(SECRET, Buffer.from(body)),
    ...webhook.headers,
  };
  return httpRequest({
    routeKey: ROUTE,
    pathParameters: { endpointId: webhook.endpointId ?? 'endpoint-1' },
    headers: Object.fromEntries(
      Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    body,
    base64: webhook.base64 === true,
  });
}

function parsed(response: APIGatewayProxyStructuredResultV2): Readonly<Record<string, unknown>> {
  return JSON.parse(response.body ?? '{}') as Record<string, unknown>;
}

async function stored() {
  const [webhooks] = await core.rows<{ count: string }>('select count(*) from received_webhook');
  return { webhooks: Number(webhooks?.count), events: await core.outbox() };
}

describe('a genuine webhook', () => {
  test('is stored with its business rows and its events in one transaction, and the relay is nudged', async () => {
    const before = core.nudges();

    const response = parsed(await handler(request()));

    expect(response).toMatchObject({ status: 'accepted', deliveryId: 'delivery-1' });
    expect(await stored()).toEqual({ webhooks: 1, events: ['IssueChanged'] });
    expect(await core.rows('select tenant_id, kind, title from work_item')).toEqual([
      { tenant_id: 'tenant-1', kind: 'issue', title: 'Spelling error in the README file' },
    ]);
    expect(await core.rows('select full_name from repository')).toEqual([
      { full_name: 'Codertocat/Hello-World' },
    ]);
    expect(core.nudges()).toBe(before + 1);
  });

  test('D18 belongs to the tenant of its endpoint, and its events correlate by the delivery', async () => {
    await handler(request());

    const [row] = await core.rows<{ event_data: Record<string, unknown> }>(
      'select event_data from event_outbox',
    );
    expect(row?.event_data).toMatchObject({
      tenantId: 'tenant-1',
      source: 'adapters',
      correlationId: 'delivery-1',
    });
  });

  test('does the same when its body comes as base64', async () => {
    expect((await handler(request({ base64: true }))).statusCode).toBe(200);
    expect(await stored()).toEqual({ webhooks: 1, events: ['IssueChanged'] });
  });

  test('that comes twice makes one set of events and is answered 200 both times', async () => {
    const first = await handler(request());
    const second = await handler(request());

    expect([first.statusCode, second.statusCode]).toEqual([200, 200]);
    expect(parsed(second)).toMatchObject({ status: 'duplicate', deliveryId: 'delivery-1' });
    expect(await stored()).toEqual({ webhooks: 1, events: ['IssueChanged'] });
  });

  test('that comes eight times at once makes one set of events', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => parsed(await handler(request()))),
    );

    expect(answers.filter((answer) => answer['status'] === 'accepted')).toHaveLength(1);
    expect(answers.filter((answer) => answer['status'] === 'duplicate')).toHaveLength(7);
    expect(await stored()).toEqual({ webhooks: 1, events: ['IssueChanged'] });
  });

  test('of a kind we do not know is told as WebhookReceived, and its payload kept', async () => {
    const body = '{"action":"done","sender":{"id":1,"login":"somebody"}}';

    const response = await handler(request({ event: 'invented_tomorrow', body }));

    expect(response.statusCode).toBe(200);
    expect(await stored()).toEqual({ webhooks: 1, events: ['WebhookReceived'] });
    expect(await core.rows('select unmapped_payload, unmapped_reason from received_webhook')).toEqual([
      { unmapped_payload: body, unmapped_reason: "no mapping for 'invented_tomorrow'" },
    ]);
  });

  test('that was understood leaves no payload behind', async () => {
    await handler(request());

    expect(await core.rows('select unmapped_payload from received_webhook')).toEqual([
      { unmapped_payload: null },
    ]);
  });

  test('that is older than what is known does not take it back', async () => {
    const issue = (state: string, updatedAt: string): string => {
      const payload = JSON.parse(ISSUE_OPENED) as { issue: object };
      return JSON.stringify({ ...payload, issue: { ...payload.issue, state, updated_at: updatedAt } });
    };
    await handler(request({ deliveryId: 'newer', body: issue('closed', '2030-01-02T00:00:00Z') }));
    await handler(request({ deliveryId: 'older', body: issue('open', '2030-01-01T00:00:00Z') }));

    expect(await core.rows('select state from work_item')).toEqual([{ state: 'closed' }]);
  });
});

describe('what is refused, and stores nothing', () => {
  const wrong = gitHubSignature('another secret', Buffer.from(ISSUE_OPENED));
  const cases: readonly [string, Webhook, number, string][] = [
    [
      'a wrong signature',
      { headers: { 'x-hub-signature-256': wrong } },
      401,
      'WAYBILL_WEBHOOK_SIGNATURE_INVALID',
    ],
    [
      'no signature',
      { headers: { 'x-hub-signature-256': undefined } },
      401,
      'WAYBILL_WEBHOOK_SIGNATURE_INVALID',
    ],
    ['an unknown endpoint', { endpointId: 'nobody' }, 404, 'WAYBILL_NOT_FOUND'],
    ['a disabled endpoint', { endpointId: 'disabled-1' }, 404, 'WAYBILL_NOT_FOUND'],
    ['a body that ends too soon', { body: '{"action":' }, 400, 'WAYBILL_BODY_NOT_JSON'],
    ['an empty body', { body: '' }, 400, 'WAYBILL_BODY_NOT_JSON'],
    ['JSON that is no object', { body: '[1]' }, 400, 'WAYBILL_WEBHOOK_INVALID'],
    ['no event name', { headers: { 'x-github-event': undefined } }, 400, 'WAYBILL_WEBHOOK_INVALID'],
    ['an event name with other characters', { event: "x'; --" }, 400, 'WAYBILL_WEBHOOK_INVALID'],
    ['no delivery id', { headers: { 'x-github-delivery': undefined } }, 400, 'WAYBILL_WEBHOOK_INVALID'],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'WAYBILL_WEBHOOK_CONTENT_TYPE',
    ],
    [
      'a body that is too large',
      { body: `"${'x'.repeat(MAX_WEBHOOK_BYTES)}"` },
      413,
      'WAYBILL_WEBHOOK_TOO_LARGE',
    ],
  ];

  test.each(cases)('%s', async (_case, webhook, status, code) => {
    const response = await handler(request(webhook));

    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(JSON.parse(response.body ?? '')).toEqual({
      type: `urn:waybill:problem:${code}`,
      title: expect.any(String),
      status,
      code,
      detail: expect.any(String),
      instance: 'request-1',
    });
    expect(await stored()).toEqual({ webhooks: 0, events: [] });
    expect(failures).toEqual([]);
  });

  test('an unknown endpoint is answered 404 even with a signature that would be right elsewhere', async () => {
    expect((await handler(request({ endpointId: 'nobody' }))).statusCode).toBe(404);
  });
});

describe('when the database fails', () => {
  function failingAt(statement: RegExp, error: Error): Service {
    return {
      ...core,
      database: {
        query: async (text, values) => {
          if (statement.test(text)) throw error;
          return core.database.query(text, values);
        },
        transaction: (work) =>
          core.database.transaction((tx) =>
            work({
              query: async (text, values) => {
                if (statement.test(text)) throw error;
                return tx.query(text, values);
              },
            }),
          ),
      },
    };
  }
  const down = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

  test.each([
    ['before the endpoint is known', /from webhook_endpoint/],
    ['after the webhook was stored', /insert into repository/],
    ['when the events are written', /insert into event_outbox/],
  ])('%s: 503 with Retry-After, and nothing half-written', async (_case, statement) => {
    const response = await handlerOn(failingAt(statement, down))(request());

    expect(response.statusCode).toBe(503);
    expect(response.headers).toMatchObject({
      'retry-after': '30',
      'content-type': 'application/problem+json',
    });
    expect(JSON.parse(response.body ?? '')).toMatchObject({ code: 'WAYBILL_DATABASE_UNAVAILABLE' });
    expect(await stored()).toEqual({ webhooks: 0, events: [] });
    expect(await core.rows('select 1 from work_item')).toEqual([]);
    expect(failures).toEqual(['WAYBILL_DATABASE_UNAVAILABLE']);
  });

  test('the same delivery is accepted once the database is back', async () => {
    await handlerOn(failingAt(/insert into event_outbox/, down))(request());

    expect(parsed(await handler(request()))).toMatchObject({ status: 'accepted' });
    expect(await stored()).toEqual({ webhooks: 1, events: ['IssueChanged'] });
  });

  test('a mistake of ours is a 500 that tells nothing of the inside', async () => {
    const response = await handlerOn(failingAt(/insert into repository/, new Error('secret detail')))(
      request(),
    );

    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret detail');
    expect(JSON.parse(response.body ?? '')).toMatchObject({ code: 'WAYBILL_INTERNAL' });
    expect(await stored()).toEqual({ webhooks: 0, events: [] });
  });
});
