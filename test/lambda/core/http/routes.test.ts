import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { endpointRoutes, gitHubWebhookRoutes } from '../../../../lambda/core/adapters/routes.ts';
import { controlPlaneRoutes } from '../../../../lambda/core/control-plane/routes.ts';
import { coreApiRoutes } from '../../../../lambda/core/core-api/routes.ts';
import { httpHandler } from '../../../../lambda/http/http-handler.ts';
import type { HttpHandler } from '../../../../lambda/http/http-handler.ts';
import type { Caller } from '../../../../lambda/http/request.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { ADMIN, coreUnderTest, httpRequest, OPERATOR } from '../core-under-test.ts';
import type { CoreUnderTest, TestRequest } from '../core-under-test.ts';

const MEMBER: Caller = { ...ADMIN, role: 'member' };
const database = useDatabase();
let core: CoreUnderTest;
let handler: HttpHandler;
beforeAll(async () => {
  core = await coreUnderTest(database().pool);
  const made = async () => core;
  handler = httpHandler(
    {
      ...coreApiRoutes(made, { allowLoopback: false }),
      ...controlPlaneRoutes(made),
      ...endpointRoutes(made),
      ...gitHubWebhookRoutes(made),
    },
    ({ error }) => {
      throw error;
    },
  );
});
beforeEach(async () => {
  await core.rows(`truncate tenant, workspace, project, member, delivery_url, webhook_endpoint, received_webhook,
    entitlement, event_outbox`);
});

async function call(
  request: TestRequest,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await handler(httpRequest(request));
  const status = Number(response.statusCode);
  return { status, body: JSON.parse(response.body ?? '{}') as Record<string, unknown> };
}
const createProject = (caller: Caller = ADMIN, name: unknown = 'A project') =>
  call({ routeKey: 'POST /projects', caller, body: { name } });
const registerTenant = (tenantId?: string) =>
  call({
    routeKey: 'POST /tenants',
    caller: OPERATOR,
    body: { tenantId, name: 'A', plan: 'free', contactEmail: 'ada@example.com' },
  });

describe('projects', () => {
  test('are created, renamed and archived, each step told', async () => {
    const { status, body } = await createProject();
    const pathParameters = { projectId: String(body['projectId']) };

    expect(status).toBe(201);
    for (const request of [
      { routeKey: 'PATCH /projects/{projectId}', body: { name: 'Another name' } },
      { routeKey: 'DELETE /projects/{projectId}' },
    ]) {
      expect(await call({ ...request, caller: ADMIN, pathParameters })).toMatchObject({ status: 204 });
    }
    expect(await core.outbox()).toEqual(['ProjectCreated', 'ProjectRenamed', 'ProjectArchived']);
  });

  test('D18 of another tenant are not there', async () => {
    const { body } = await createProject();

    const renamed = await call({
      routeKey: 'PATCH /projects/{projectId}',
      caller: { ...ADMIN, tenantId: 'tenant-2' },
      pathParameters: { projectId: String(body['projectId']) },
      body: { name: 'Mine now', tenantId: 'tenant-1' },
    });

    expect(renamed).toMatchObject({ status: 404, body: { code: 'WAYBILL_NOT_FOUND' } });
    expect(await core.rows('select name from project')).toEqual([{ name: 'A project' }]);
  });

  test('end with the plan, also when the last place is asked for twice at once', async () => {
    await registerTenant('tenant-1');
    await core.rows(`insert into entitlement (tenant_id, sequence, plan, entitlements, suspended)
                     values ('tenant-1', 1, 'free', '{"projects": 3}', false)`);
    const answers = await Promise.all(Array.from({ length: 6 }, () => createProject()));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(
      answers.filter(({ status, body }) => status === 402 && body['code'] === 'WAYBILL_PLAN_EXHAUSTED'),
    ).toHaveLength(3);
  });

  test('can not be added by a suspended tenant', async () => {
    await core.rows(`insert into entitlement (tenant_id, sequence, suspended) values ('tenant-1', 1, true)`);

    expect(await createProject()).toMatchObject({ status: 403, body: { code: 'WAYBILL_TENANT_SUSPENDED' } });
  });
});

describe('members', () => {
  const invite = (email: string, caller = ADMIN) =>
    call({ routeKey: 'POST /members', caller, body: { email, role: 'editor' } });

  test('are invited once, promoted and removed', async () => {
    const { body } = await invite('ada@example.com');
    const pathParameters = { memberId: String(body['memberId']) };
    const promote = {
      routeKey: 'PUT /members/{memberId}/role',
      caller: ADMIN,
      pathParameters,
      body: { role: 'admin' },
    };

    expect(await invite('ADA@example.com')).toMatchObject({
      status: 409,
      body: { code: 'WAYBILL_MEMBER_EXISTS' },
    });
    expect(await call(promote)).toMatchObject({ status: 204 });
    expect(await call(promote)).toMatchObject({ status: 204 });
    expect(
      await call({ routeKey: 'DELETE /members/{memberId}', caller: ADMIN, pathParameters }),
    ).toMatchObject({
      status: 204,
    });
    expect(await core.outbox()).toEqual(['MemberInvited', 'MemberRoleChanged', 'MemberRemoved']);
    expect(await invite('ada@example.com')).toMatchObject({ status: 201 });
  });

  test('are the business of admins', async () => {
    expect(await invite('ada@example.com', MEMBER)).toMatchObject({
      status: 403,
      body: { code: 'WAYBILL_ROLE_NOT_ALLOWED' },
    });
  });
});

describe('delivery URL', () => {
  const set = (url: string) => call({ routeKey: 'PUT /delivery-url', caller: ADMIN, body: { url } });

  test('is set with a new secret, and removed; the events do not tell it', async () => {
    expect(await set('https://hooks.example.com/x')).toMatchObject({
      status: 200,
      body: { secret: expect.any(String) },
    });
    expect(await call({ routeKey: 'DELETE /delivery-url', caller: ADMIN })).toMatchObject({ status: 204 });
    expect(await call({ routeKey: 'DELETE /delivery-url', caller: ADMIN })).toMatchObject({ status: 404 });
    const events = await core.rows('select event_data from event_outbox');
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain('hooks.example.com');
  });

  test.each([
    'http://hooks.example.com/',
    'https://10.0.0.1/',
    'https://[::1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/',
    'https://localhost/',
    'https://database.internal/',
    'https://intranet/',
    'https://user:password@hooks.example.com/',
    'file:///etc/passwd',
    'no url',
  ])('%s is refused: it may be inside our own network', async (url) => {
    expect(await set(url)).toMatchObject({ status: 422, body: { code: 'WAYBILL_DELIVERY_URL_REFUSED' } });
  });
});

describe('webhook endpoints', () => {
  test('belong to the tenant that made them', async () => {
    const { status, body } = await call({ routeKey: 'POST /webhook-endpoints', caller: ADMIN });
    const disable = (caller: Caller) =>
      call({
        routeKey: 'DELETE /webhook-endpoints/{endpointId}',
        caller,
        pathParameters: { endpointId: String(body['endpointId']) },
      });

    expect(status).toBe(201);
    expect(body).toEqual({
      endpointId: expect.stringMatching(/^[0-9a-f]{32}$/),
      secret: expect.any(String),
      path: `/webhooks/github/${String(body['endpointId'])}`,
    });
    expect(await disable({ ...ADMIN, tenantId: 'tenant-2' })).toMatchObject({ status: 404 });
    expect(await disable(ADMIN)).toMatchObject({ status: 204 });
  });
});

describe('tenants', () => {
  test('are registered, changed, suspended and reactivated, with a sequence that grows', async () => {
    const pathParameters = { tenantId: 'tenant-1' };
    const command = (routeKey: string, body?: unknown) =>
      call({ routeKey, caller: OPERATOR, pathParameters, body });

    expect(await registerTenant('tenant-1')).toMatchObject({ status: 201, body: { tenantId: 'tenant-1' } });
    expect(await command('PUT /tenants/{tenantId}/plan', { plan: 'premium' })).toMatchObject({ status: 204 });
    expect(await command('PUT /tenants/{tenantId}/suspension', { reason: 'unpaid' })).toMatchObject({
      status: 204,
    });
    expect(await command('PUT /tenants/{tenantId}/suspension', { reason: 'unpaid' })).toMatchObject({
      status: 204,
    });
    expect(await command('GET /tenants/{tenantId}')).toMatchObject({
      status: 200,
      body: { status: 'suspended', plan: 'premium' },
    });
    expect(await command('DELETE /tenants/{tenantId}/suspension')).toMatchObject({ status: 204 });
    expect(await command('DELETE /tenants/{tenantId}/suspension')).toMatchObject({ status: 409 });
    const rows = await core.rows<{ event_type: string; event_data: { data: { sequence?: number } } }>(
      'select event_type, event_data from event_outbox order by sequence',
    );
    expect(rows.map(({ event_type, event_data }) => [event_type, event_data.data.sequence])).toEqual([
      ['TenantRegistered', undefined],
      ['EntitlementsChanged', 1],
      ['TenantSuspended', 2],
      ['TenantReactivated', 4],
    ]);
  });

  test('get an id where none was chosen, and never one that is taken', async () => {
    expect(await registerTenant()).toMatchObject({
      status: 201,
      body: { tenantId: expect.stringMatching(/^ten_/) },
    });
    await registerTenant('tenant-1');
    expect(await registerTenant('tenant-1')).toMatchObject({
      status: 409,
      body: { code: 'WAYBILL_TENANT_EXISTS' },
    });
  });

  test('are the business of operators: an admin can not even name another tenant', async () => {
    const plan = {
      routeKey: 'PUT /tenants/{tenantId}/plan',
      pathParameters: { tenantId: 'tenant-2' },
      body: { plan: 'premium' },
    };

    expect(await call({ ...plan, caller: ADMIN })).toMatchObject({ status: 403 });
    expect(await call({ ...plan, caller: OPERATOR })).toMatchObject({ status: 404 });
  });
});

describe('every route', () => {
  test('without a verified caller is 401', async () => {
    expect(await call({ routeKey: 'POST /projects', body: { name: 'A' } })).toMatchObject({
      status: 401,
      body: { code: 'WAYBILL_NOT_AUTHENTICATED' },
    });
    expect(
      await call({
        routeKey: 'POST /projects',
        caller: { ...ADMIN, role: 'root' as 'admin' },
        body: { name: 'A' },
      }),
    ).toMatchObject({ status: 401 });
  });

  test.each([
    ['no JSON', 'not json', 400, 'WAYBILL_BODY_NOT_JSON'],
    ['another type', { name: 7 }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['nothing in it', {}, 422, 'WAYBILL_COMMAND_INVALID'],
    ['NUL in it', '{"name":"a\\u0000b"}', 422, 'WAYBILL_COMMAND_INVALID'],
    ['too much in it', { name: 'x'.repeat(201) }, 422, 'WAYBILL_COMMAND_INVALID'],
    ['far too much', { name: 'x'.repeat(70_000) }, 413, 'WAYBILL_BODY_TOO_LARGE'],
  ])('with a body of %s is a clear error', async (_case, body, status, code) => {
    expect(await call({ routeKey: 'POST /projects', caller: ADMIN, body })).toMatchObject({
      status,
      body: { code },
    });
    expect(await core.outbox()).toEqual([]);
  });

  test('that does not exist says which do', async () => {
    const answer = await call({ routeKey: 'GET /nothing', caller: ADMIN });

    expect(answer).toMatchObject({ status: 404, body: { code: 'WAYBILL_ROUTE_UNKNOWN' } });
    expect(answer.body['detail']).toContain('POST /projects');
  });

  test('search without words is a clear error', async () => {
    expect(await call({ routeKey: 'GET /search', caller: ADMIN, query: { q: ' ' } })).toMatchObject({
      status: 400,
    });
  });
});
