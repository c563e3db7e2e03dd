/** What people say of products, and what they vote for: the rows and the events that tell of them. */
import { createHash } from 'node:crypto';
import { FeedbackReceived, FeedbackVoted } from '../../../catalog/agents/index.ts';
import type { FeedbackChannel } from '../../../catalog/agents/index.ts';
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { Problem } from '../../http/problem.ts';
import { rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';

export interface FeedbackCommand {
  readonly productId: string;
  readonly channel: FeedbackChannel;
  readonly text: string;
  readonly language?: string | undefined;
}

/**
 * | the id                               | the command | then                     |
 * |--------------------------------------|-------------|--------------------------|
 * | is new                               |             | a row and an event       |
 * | is there, as the key was used before | the same    | nothing: the same answer |
 * | is there                             | another one | 422                      |
 *
 * @param idempotencyKey - the caller's own, that the id was made of
 * @throws Problem 422 for a key that was used with another command
 */
export async function giveFeedback(
  service: Service,
  { tenantId, userId }: Caller,
  feedbackId: string,
  command: FeedbackCommand,
  idempotencyKey?: string,
): Promise<void> {
  const { productId, channel, text, language } = command;
  const digest = idempotencyKey === undefined ? null : digestOf(command);
  await unitOfWork(service, async (tx, emit) => {
    const created = await rowsOf(
      tx,
      `insert into feedback
         (tenant_id, feedback_id, product_id, author_id, channel, text, language, request_digest)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning 1`,
      [tenantId, feedbackId, productId, userId, channel, text, language ?? null, digest],
    );
    if (created.length === 0) return refuseAnother(tx, tenantId, feedbackId, digest);
    const data = { feedbackId, productId, authorId: userId, channel, text, ...(language && { language }) };
    emit(FeedbackReceived, { tenantId, data });
  });
}

/** @throws Problem 422 */
async function refuseAnother(
  tx: Transaction,
  tenantId: string,
  feedbackId: string,
  digest: string | null,
): Promise<void> {
  const [known] = await rowsOf<{ readonly digest: string | null }>(
    tx,
    `select request_digest as digest from feedback where tenant_id = $1 and feedback_id = $2`,
    [tenantId, feedbackId],
  );
  if (known === undefined || known.digest === digest) return;
  throw new Problem({
    status: 422,
    code: 'WAYBILL_IDEMPOTENCY_KEY_REUSED',
    title: 'The Idempotency-Key was used for another request',
    detail: 'Nothing was done. Send the request that the key was first used with, or use a new key.',
  });
}

/** Of what was understood and not of the bytes: spaces and defaults make no other request. */
function digestOf({ productId, channel, text, language }: FeedbackCommand): string {
  return createHash('sha256')
    .update(JSON.stringify([productId, channel, text, language ?? null]))
    .digest('hex');
}

/**
 * A person has one vote for each feedback.
 *
 * | the person's vote | then |
 * |---|---|
 * | is the first | a row and an event |
 * | is there, of the same weight | nothing: the same answer |
 * | is there, of another weight | 409 |
 *
 * @throws Problem 404 for feedback that the tenant does not have, 409
 */
export async function vote(
  service: Service,
  { tenantId, userId }: Caller,
  feedbackId: string,
  weight: number,
): Promise<void> {
  await unitOfWork(service, async (tx, emit) => {
    const [feedback] = await rowsOf<{ readonly productId: string }>(
      tx,
      `select product_id as "productId" from feedback where tenant_id = $1 and feedback_id = $2`,
      [tenantId, feedbackId],
    );
    if (feedback === undefined) throw notFound('You have no feedback with this id.');
    const voted = await rowsOf(
      tx,
      `insert into feedback_vote (tenant_id, feedback_id, user_id, weight) values ($1, $2, $3, $4)
       on conflict do nothing returning 1`,
      [tenantId, feedbackId, userId, weight],
    );
    if (voted.length === 0) return refuseOtherWeight(tx, tenantId, feedbackId, userId, weight);
    const { productId } = feedback;
    emit(FeedbackVoted, { tenantId, data: { feedbackId, productId, userId, weight } });
  });
}

/** @throws Problem 409 */
async function refuseOtherWeight(
  tx: Transaction,
  tenantId: string,
  feedbackId: string,
  userId: string,
  weight: number,
): Promise<void> {
  const [known] = await rowsOf<{ readonly weight: number }>(
    tx,
    `select weight from feedback_vote where tenant_id = $1 and feedback_id = $2 and user_id = $3`,
    [tenantId, feedbackId, userId],
  );
  if (known === undefined || known.weight === weight) return;
  throw new Problem({
    status: 409,
    code: 'WAYBILL_VOTE_CAST',
    title: 'You have voted already',
    detail: 'A vote can not be changed: yours is counted with the weight that it had.',
  });
}
