/** Addresses that tenants give us to send to: never one inside our own network. */
import { isIP } from 'node:net';
import { Problem } from '../http/problem.ts';

export interface PublicUrlOptions {
  /** Only in the local environment, where the receiver is on the same machine. */
  readonly allowLoopback: boolean;
}

/**
 * Names, not addresses: an address, or a name without a dot, may be inside our own network.
 * @throws Problem 422 when the URL could reach what is not the tenant's
 */
export function acceptedPublicUrl(text: string, { allowLoopback }: PublicUrlOptions): string {
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
