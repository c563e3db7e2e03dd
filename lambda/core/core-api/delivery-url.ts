/** Where a tenant wants its events delivered: one URL, and a secret that signs what is sent there. */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { DeliveryUrlChanged } from '../../../catalog/index.ts';
import { Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/request.ts';
import { notFound } from '../../http/request.ts';
import { hasRows, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

const SECRET_BYTES = 32;

/**
 * @param options.allowLoopback - only in the local environment, where the receiver is on the same machine
 * @throws Problem 422 when the URL could reach what is not the tenant's
 */
export async function setDeliveryUrl(
  core: Service,
  caller: Caller,
  command: { readonly url: string },
  options: { readonly allowLoopback: boolean },
): Promise<{ readonly secret: string }> {
  const url = acceptedUrl(command.url, options.allowLoopback);
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

/** Names, not addresses: an address, or a name without a dot, may be inside our own network. */
function acceptedUrl(text: string, allowLoopback: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '') throw notAccepted();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (allowLoopback && (host === '127.0.0.1' || host === 'localhost')) return url.href;
  const isPublicName =
    isIP(host) === 0 && host.includes('.') && !/\.(internal|local|localhost)\.?$/i.test(host);
  if (url.protocol !== 'https:' || !isPublicName) throw notAccepted();
  return url.href;
}

function notAccepted(): Problem {
  return new Problem({
    status: 422,
    code: 'WAYBILL_DELIVERY_URL_REFUSED',
    title: 'The delivery URL is refused',
    detail: 'Give an https URL with a public host name and without a user name or password.',
  });
}
