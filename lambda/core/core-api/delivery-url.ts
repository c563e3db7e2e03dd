/** Where a tenant wants its events delivered: one URL, and a secret that signs what is sent there. */
import { randomBytes } from 'node:crypto';
import { DeliveryUrlChanged } from '../../../catalog/index.ts';
import type { Caller } from '../../http/request.ts';
import { notFound } from '../../http/request.ts';
import { acceptedPublicUrl } from '../../service/public-url.ts';
import type { PublicUrlOptions } from '../../service/public-url.ts';
import { hasRows, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

const SECRET_BYTES = 32;

/** @throws Problem 422 when the URL could reach what is not the tenant's */
export async function setDeliveryUrl(
  core: Service,
  caller: Caller,
  command: { readonly url: string },
  options: PublicUrlOptions,
): Promise<{ readonly secret: string }> {
  const url = acceptedPublicUrl(command.url, options);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return unitOfWork(core, async (tx, emit) => {
    await tx.query(
      `insert into delivery_url (tenant_id, url, secret) values ($1, $2, $3)
       on conflict (tenant_id) do update
         set url = excluded.url, secret = excluded.secret, set_at = now(), disabled_at = null, disabled_reason = null`,
      [caller.tenantId, url, secret],
    );
    emit(DeliveryUrlChanged, {
      tenantId: caller.tenantId,
      data: { change: 'set', changedBy: caller.userId },
    });
    return { secret };
  });
}

/** @throws Problem 404 */
export async function removeDeliveryUrl(core: Service, caller: Caller): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const removed = await hasRows(tx, `delete from delivery_url where tenant_id = $1 returning tenant_id`, [
      caller.tenantId,
    ]);
    if (!removed) throw notFound('No delivery URL is set.');
    emit(DeliveryUrlChanged, {
      tenantId: caller.tenantId,
      data: { change: 'removed', changedBy: caller.userId },
    });
  });
}
