/**
 * Agent `duplicate-detection`: whether the same was said of the product before. Feedback of a product comes in its
 * order, so what was said first is the original, however often and by whomever it is handled.
 */
import { DuplicateFound } from '../../catalog/agents/index.ts';
import { rowsOf } from '../service/unit-of-work.ts';
import { agent } from './agent.ts';
import { foundIn, handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';
import { originalOf, tellingWords } from './models/similarity.ts';
import type { KnownText } from './models/similarity.ts';

/** The newest originals of a product that are compared: what was said longer ago is said anew. */
export const ORIGINALS_COMPARED = 500;

export const duplicateDetectionAgent = agent('duplicate-detection', async (agents, event) => {
  const { tenantId } = event;
  const { feedbackId, productId, text } = event.data;
  const words = tellingWords(text);
  await handleOnce(agents, 'duplicate-detection', event, async (tx, emit) => {
    const newest = await rowsOf<KnownText>(
      tx,
      `select feedback_id as "feedbackId", words from original_feedback
        where tenant_id = $1 and product_id = $2 order by sequence desc limit $3`,
      [tenantId, productId, ORIGINALS_COMPARED],
    );
    const found = originalOf(words, newest.toReversed());
    if (found === undefined) {
      await tx.query(
        `insert into original_feedback (tenant_id, product_id, feedback_id, words) values ($1, $2, $3, $4)`,
        [tenantId, productId, feedbackId, words],
      );
      return;
    }
    const { originalId, similarity } = found;
    await tx.query(
      `insert into duplicate_feedback (tenant_id, feedback_id, product_id, original_id, similarity)
           values ($1, $2, $3, $4, $5)`,
      [tenantId, feedbackId, productId, originalId, similarity],
    );
    emit(DuplicateFound, {
      tenantId,
      causedBy: event,
      eventId: foundIn(event, 'duplicate-detection', DuplicateFound.name),
      data: { feedbackId, productId, originalId, similarity },
    });
  });
});

export const duplicateDetection = duplicateDetectionAgent(agentsService);
