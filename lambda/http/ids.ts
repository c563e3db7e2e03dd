/** Ids of what a request makes: random, or the same each time the caller says that it is the same request. */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { uuidv7 } from '../../lib/contracts/index.ts';

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

/** HTTP APIs give header names in small letters. */
export function idempotencyKeyOf(event: Pick<APIGatewayProxyEventV2, 'headers'>): string | undefined {
  return event.headers['idempotency-key'] || undefined;
}
