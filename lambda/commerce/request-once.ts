/** Which request an idempotency key stands for: the same key with other content is a mistake that must not look like success. */
import { createHash } from 'node:crypto';
import { Problem } from '../http/problem.ts';
import { rowsOf } from '../service/unit-of-work.ts';
import type { Transaction } from '../service/unit-of-work.ts';

export interface KeyedRequest {
  /** Of what the request makes; it follows from tenant and key. */
  readonly madeId: string;
  /** The caller's own. */
  readonly idempotencyKey: string | undefined;
  /** After validation, so that spaces and the order of fields say nothing. */
  readonly command: object;
}

/**
 * Notes the request in the caller's transaction, so that a request that fails leaves no note. A second one with the
 * same key waits here until the first has ended.
 *
 * | key | content | answer |
 * |---|---|---|
 * | none, or new | any | goes on |
 * | known | the same | goes on: whoever makes the thing finds it there |
 * | known | another | Problem 422 |
 *
 * @throws Problem 422
 */
export async function requireSameRequest(
  tx: Transaction,
  { madeId, idempotencyKey, command }: KeyedRequest,
): Promise<void> {
  if (idempotencyKey === undefined) return;
  // The key is part of it and stored nowhere: nobody can find personal data by trying out contents.
  const digest = createHash('sha256')
    .update(JSON.stringify([idempotencyKey, command]))
    .digest('hex');
  await tx.query(`insert into idempotent_request (made_id, digest) values ($1, $2) on conflict do nothing`, [
    madeId,
    digest,
  ]);
  const [row] = await rowsOf<{ readonly digest: string }>(
    tx,
    `select digest from idempotent_request where made_id = $1`,
    [madeId],
  );
  if (row !== undefined && row.digest !== digest) throw keyReused();
}

/** What was made is erased: nothing that was computed from it stays. */
export async function forgetRequest(tx: Transaction, madeId: string): Promise<void> {
  await tx.query(`delete from idempotent_request where made_id = $1`, [madeId]);
}

function keyReused(): Problem {
  return new Problem({
    status: 422,
    code: 'WAYBILL_IDEMPOTENCY_KEY_REUSED',
    title: 'This idempotency key belongs to another request',
    detail:
      'It was sent before with other content. Nothing was changed. Send another request with a key of its own.',
  });
}
