/** Ids of what a request makes: random, or the same each time the caller says that it is the same request. */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { uuidv7 } from '../../lib/contracts/index.ts';
import { Problem } from './problem.ts';

const HASH_LENGTH = 32;

/**
 * @param prefix - what it is the id of, such as `ord`
 * @param scope - whose keys they are: the tenant's, or one user's
 */
export function idOf(prefix: string, scope: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return `${prefix}_${uuidv7()}`;
  const hash = createHash('sha256')
    .update(JSON.stringify([prefix, scope, idempotencyKey]))
    .digest('hex');
  return `${prefix}_${hash.slice(0, HASH_LENGTH)}`;
}

const IDEMPOTENCY_KEY_MAX_LENGTH = 64;
export const IDEMPOTENCY_KEY_PATTERN = `^[A-Za-z0-9_-]{1,${IDEMPOTENCY_KEY_MAX_LENGTH}}$`;
const IdempotencyKey = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/**
 * The key of the request, where it has one.
 * @throws Problem 400 for one that is empty, too long or of other characters
 */
export function validIdempotencyKeyOf(event: Pick<APIGatewayProxyEventV2, 'headers'>): string | undefined {
  const key = event.headers['idempotency-key'];
  if (key === undefined || IdempotencyKey.test(key)) return key;
  throw new Problem({
    status: 400,
    code: 'WAYBILL_IDEMPOTENCY_KEY_INVALID',
    title: 'The Idempotency-Key is not valid',
    detail: `An Idempotency-Key is 1 to ${IDEMPOTENCY_KEY_MAX_LENGTH} letters, digits, hyphens and underscores.`,
  });
}

/** HTTP APIs give header names in small letters. */
export function idempotencyKeyOf(event: Pick<APIGatewayProxyEventV2, 'headers'>): string | undefined {
  return event.headers['idempotency-key'] || undefined;
}
