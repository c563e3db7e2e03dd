/**
 * The API's tokens: JSON Web Tokens signed with HS256 under a key that Secrets Manager keeps. No other
 * algorithm is taken, whatever the token says of itself (RFC 8725, section 3.1).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Caller, Role } from './request.ts';

const ISSUER = 'waybill';
const AUDIENCE = 'waybill-core';
/** Clocks that differ by less than this are forgiven. */
const CLOCK_SKEW_SECONDS = 30;
const ROLES: readonly Role[] = ['member', 'admin', 'operator'];

/** The caller, or undefined for any token that does not prove one. */
export function verifyToken(secret: string, token: string, now: number): Caller | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return undefined;
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  if (decoded(header)?.['alg'] !== 'HS256') return undefined;
  return callerFrom(decoded(payload) ?? {}, Math.floor(now / 1000));
}

function callerFrom(claims: Readonly<Record<string, unknown>>, nowSeconds: number): Caller | undefined {
  const { iss, aud, exp, nbf, sub, tenantId, role } = claims;
  const inTime =
    typeof exp === 'number' &&
    nowSeconds < exp + CLOCK_SKEW_SECONDS &&
    (nbf === undefined || (typeof nbf === 'number' && nowSeconds >= nbf - CLOCK_SKEW_SECONDS));
  const knownRole = ROLES.find((known) => known === role);
  if (!inTime || iss !== ISSUER || aud !== AUDIENCE || knownRole === undefined) return undefined;
  if (typeof sub !== 'string' || typeof tenantId !== 'string' || tenantId === '') return undefined;
  return { userId: sub, tenantId, role: knownRole };
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
