/** Webhook endpoints of a tenant: made here, given to a third party, disabled here. */
import { randomBytes } from 'node:crypto';
import type { Caller } from '../../http/request.ts';
import { notFound } from '../../http/request.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

const SECRET_BYTES = 32;
const ENDPOINT_ID_BYTES = 16;

export interface NewEndpoint {
  readonly endpointId: string;
  /** Told once, here; it can't be read again. */
  readonly secret: string;
  readonly path: string;
}

export async function createEndpoint(core: Service, caller: Caller): Promise<NewEndpoint> {
  const endpointId = randomBytes(ENDPOINT_ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await core.database.query(
    `insert into webhook_endpoint (endpoint_id, tenant_id, provider, secret) values ($1, $2, 'github', $3)`,
    [endpointId, caller.tenantId, secret],
  );
  return { endpointId, secret, path: `/webhooks/github/${endpointId}` };
}

/** @throws Problem 404 when the tenant has no such endpoint */
export async function disableEndpoint(core: Service, caller: Caller, endpointId: string): Promise<void> {
  const disabled = await hasRows(
    core.database,
    `update webhook_endpoint set disabled_at = coalesce(disabled_at, now())
      where endpoint_id = $1 and tenant_id = $2 returning endpoint_id`,
    [endpointId, caller.tenantId],
  );
  if (!disabled) throw notFound('You have no webhook endpoint with this id.');
}
