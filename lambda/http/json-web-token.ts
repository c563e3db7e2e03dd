/**
 * JSON Web Tokens signed with HS256. No other algorithm is taken, whatever the token says of itself (RFC 8725,
 * section 3.1).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** What the token says, or undefined for any text that is no token or is not signed with the secret. */
export function verifiedClaims(secret: string, token: string): Claims | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  const expected = signatureOf(secret, `${header}.${payload}`);
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  if (decoded(header)?.['alg'] !== 'HS256') return undefined;
  return decoded(payload);
}

export function signedToken(secret: string, claims: Claims): string {
  const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${content}.${signatureOf(secret, content).toString('base64url')}`;
}

const signatureOf = (secret: string, content: string): Buffer =>
  createHmac('sha256', secret).update(content).digest();

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decoded(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
