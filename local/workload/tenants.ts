/** The sample tenants: registered, provisioned and given their endpoints through the API, like any customer. */
import { setTimeout as delay } from 'node:timers/promises';
import { bearerToken, textField } from './api-client.ts';
import type { ApiAnswer, ApiRequest, CallApi } from './api-client.ts';
import { WorkloadError } from './errors.ts';
import type { Sink } from './sink.ts';

export interface SampleTenant {
  readonly tenantId: string;
  /** Path of its webhook endpoint. */
  readonly webhookPath: string;
  readonly webhookSecret: string;
  /** Authorization header of its admin. */
  readonly authorization: string;
}

/** Premium first: `tenant-1` and `tenant-2` are what the local environment's tenant filter lets through. */
const PLANS = ['premium', 'premium', 'team', 'team', 'team'] as const;
const PROVISIONING_POLL_MS = 50;

export const operatorAuthorization = (tokenSecret: string): string =>
  `Bearer ${bearerToken(tokenSecret, { userId: 'usr_operator', tenantId: 'platform', role: 'operator' })}`;

export function sampleTenantId(index: number): string {
  return `tenant-${index + 1}`;
}

/**
 * Registers what does not exist yet, waits until it is provisioned, and makes new endpoints.
 * @param provisioningTimeoutMs - how long to wait for the consumer of TenantRegistered
 * @throws when the API refuses, or a tenant is not provisioned in time
 */
export async function seedTenants(options: {
  readonly call: CallApi;
  readonly tokenSecret: string;
  readonly tenants: number;
  readonly sink: Sink;
  readonly provisioningTimeoutMs: number;
}): Promise<readonly SampleTenant[]> {
  const operator = operatorAuthorization(options.tokenSecret);
  const indexes = Array.from({ length: options.tenants }, (_, index) => index);
  await Promise.all(
    indexes.map(async (index) => {
      const answer = await options.call(
        json('POST', '/tenants', operator, {
          tenantId: sampleTenantId(index),
          name: `Sample tenant ${index + 1}`,
          plan: PLANS[index % PLANS.length],
          contactEmail: `tenant-${index + 1}@example.com`,
        }),
      );
      // 409: it is there from an earlier run on the same database.
      if (answer.status !== 201 && answer.status !== 409) throw refused('POST /tenants', answer);
    }),
  );
  return Promise.all(
    indexes.map(async (index) => {
      const tenantId = sampleTenantId(index);
      await untilActive(options.call, operator, tenantId, options.provisioningTimeoutMs);
      return equipTenant(options.call, options.tokenSecret, tenantId, options.sink);
    }),
  );
}

export function json(method: string, path: string, authorization: string, body?: object): ApiRequest {
  return {
    method,
    path,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

async function equipTenant(
  call: CallApi,
  tokenSecret: string,
  tenantId: string,
  sink: Sink,
): Promise<SampleTenant> {
  const authorization = `Bearer ${bearerToken(tokenSecret, { userId: 'usr_sample', tenantId, role: 'admin' })}`;
  const endpoint = await call(json('POST', '/webhook-endpoints', authorization, {}));
  if (endpoint.status !== 201) throw refused('POST /webhook-endpoints', endpoint);
  const delivery = await call(json('PUT', '/delivery-url', authorization, { url: sink.urlFor(tenantId) }));
  if (delivery.status !== 200) throw refused('PUT /delivery-url', delivery);
  sink.trust(tenantId, textField(delivery.body, 'secret', ''));
  return {
    tenantId,
    webhookPath: textField(endpoint.body, 'path', ''),
    webhookSecret: textField(endpoint.body, 'secret', ''),
    authorization,
  };
}

async function untilActive(
  call: CallApi,
  operator: string,
  tenantId: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await call(json('GET', `/tenants/${tenantId}`, operator));
    if (answer.status !== 200) throw refused('GET /tenants', answer);
    if (answer.body?.['status'] !== 'registered') return;
    if (Date.now() > deadline) {
      throw new WorkloadError(
        'WAYBILL_WORKLOAD_TENANT_NOT_PROVISIONED',
        `tenant '${tenantId}' was registered but not provisioned within ${timeoutMs} ms: ` +
          'look at the outbox (is the relay running?), then at the queue and dead-letter queue of tenant-provisioning',
      );
    }
    await delay(PROVISIONING_POLL_MS);
  }
}

function refused(what: string, answer: ApiAnswer): WorkloadError {
  const code = textField(answer.body, 'code', 'no code');
  const detail = textField(answer.body, 'detail', 'no detail');
  return new WorkloadError(
    'WAYBILL_WORKLOAD_REFUSED',
    `the sample workload's ${what} was answered ${answer.status} ${code}: ${detail}`,
  );
}
