/**
 * GitHub's proof of origin: HMAC-SHA256 over the raw body, in `X-Hub-Signature-256`.
 * Source: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Takes as long for a wrong signature as for a right one, and for a missing one as for a wrong one. */
export function isSignedBy(secret: string, body: Buffer, signature: string | undefined): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  const hex = SIGNATURE.exec(signature ?? '')?.[1];
  const received = Buffer.from(hex ?? '0'.repeat(64), 'hex');
  return timingSafeEqual(expected, received) && hex !== undefined;
}
