/**
 * The signature of a callback: `X-Provider-Signature: t=UNIX,v1=HEX`, an HMAC-SHA256 of `t.body`. The time is signed
 * too, so that what somebody recorded is of use for minutes only.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Seconds between the signature's time and ours, both ways. */
export const SIGNATURE_TOLERANCE = 300;
/** While a secret is changed there are two; more are a try to guess. */
const MOST_SIGNATURES = 4;

/**
 * | signature                                  | verdict    |
 * |--------------------------------------------|------------|
 * | missing, not of this form, no `v1`         | `missing`  |
 * | no `v1` that one of the secrets gives      | `wrong`    |
 * | right, and its time too far from ours      | `old`      |
 * | right                                      | `right`    |
 *
 * The time is looked at last: a stranger learns nothing from it.
 */
export type SignatureVerdict = 'right' | 'missing' | 'wrong' | 'old';

/**
 * @param now - milliseconds since the epoch
 */
export function verifySignature(
  secrets: readonly string[],
  header: string | undefined,
  body: Buffer,
  now: number,
): SignatureVerdict {
  const { time, signatures } = parsed(header ?? '');
  if (time === undefined || signatures.length === 0 || signatures.length > MOST_SIGNATURES) return 'missing';
  let isRight = false;
  for (const secret of secrets) {
    const expected = hmac(secret, time, body);
    // All are compared, each in the same time: how long it takes tells nothing of which one came close.
    for (const signature of signatures) {
      const received = Buffer.from(signature, 'hex');
      if (received.length === expected.length && timingSafeEqual(received, expected)) isRight = true;
    }
  }
  if (!isRight) return 'wrong';
  return Math.abs(now / 1000 - Number(time)) <= SIGNATURE_TOLERANCE ? 'right' : 'old';
}

/** The header's value, with a `v1` for each secret. */
export function signatureOf(secrets: readonly string[], body: Buffer | string, now: number): string {
  const time = String(Math.floor(now / 1000));
  const signatures = secrets.map((secret) => `v1=${hmac(secret, time, body).toString('hex')}`);
  return [`t=${time}`, ...signatures].join(',');
}

function hmac(secret: string, time: string, body: Buffer | string): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest();
}

function parsed(header: string): {
  readonly time: string | undefined;
  readonly signatures: readonly string[];
} {
  const parts = header.split(',').map((part) => part.trim());
  const valuesOf = (name: string): readonly string[] =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const times = valuesOf('t').filter((text) => /^\d{1,12}$/.test(text));
  return {
    time: times.length === 1 ? times[0] : undefined,
    signatures: valuesOf('v1').filter((text) => /^[\da-f]{64}$/i.test(text)),
  };
}
