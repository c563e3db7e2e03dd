/** The API's tokens: JSON Web Tokens signed under a key that Secrets Manager keeps. */
import { isTenantId } from '../../lib/contracts/tenant-id.ts';
import { verifiedClaims } from './json-web-token.ts';
import type { Claims } from './json-web-token.ts';
import type { Caller, Role } from './request.ts';

const ISSUER = 'waybill';
const AUDIENCE = 'waybill-core';
/** Clocks that differ by less than this are forgiven. */
const CLOCK_SKEW_SECONDS = 30;
const ROLES: readonly Role[] = ['member', 'admin', 'operator'];

/** The caller, or undefined for any token that does not prove one. */
export function verifyToken(secret: string, token: string, now: number): Caller | undefined {
  return callerFrom(verifiedClaims(secret, token) ?? {}, Math.floor(now / 1000));
}

function callerFrom(claims: Claims, nowSeconds: number): Caller | undefined {
  const { iss, aud, exp, nbf, sub, tenantId, role } = claims;
  const inTime =
    typeof exp === 'number' &&
    nowSeconds < exp + CLOCK_SKEW_SECONDS &&
    (nbf === undefined || (typeof nbf === 'number' && nowSeconds >= nbf - CLOCK_SKEW_SECONDS));
  const knownRole = ROLES.find((known) => known === role);
  if (!inTime || iss !== ISSUER || aud !== AUDIENCE || knownRole === undefined) return undefined;
  if (typeof sub !== 'string' || typeof tenantId !== 'string' || !isTenantId(tenantId)) return undefined;
  return { userId: sub, tenantId, role: knownRole };
}
