/** Where a tenant wants to be told: one URL, and a secret that signs what is sent there. */
import { randomBytes } from 'node:crypto';
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { acceptedPublicUrl } from '../../service/public-url.ts';
import type { PublicUrlOptions } from '../../service/public-url.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

const SECRET_BYTES = 32;

/** Each call makes a new secret. @throws Problem 422 when the URL could reach what is not the tenant's */
export async function setWebhookEndpoint(
  service: Service,
  { tenantId }: Pick<Caller, 'tenantId'>,
  command: { readonly url: string },
  options: PublicUrlOptions,
): Promise<{ readonly secret: string }> {
  const url = acceptedPublicUrl(command.url, options);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await service.database.query(
    `insert into webhook_endpoint (tenant_id, url, secret) values ($1, $2, $3)
     on conflict (tenant_id) do update
       set url = excluded.url, secret = excluded.secret, set_at = now(), disabled_at = null`,
    [tenantId, url, secret],
  );
  return { secret };
}

/** @throws Problem 404 */
export async function removeWebhookEndpoint(
  service: Service,
  { tenantId }: Pick<Caller, 'tenantId'>,
): Promise<void> {
  const sql = `delete from webhook_endpoint where tenant_id = $1 returning 1`;
  if (!(await hasRows(service.database, sql, [tenantId]))) throw notFound('No webhook endpoint is set.');
}
