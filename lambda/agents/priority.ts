/** Agent `priority`: how soon somebody should look, as soon as it is known what feedback is about and how its author feels. */
import { PriorityAssigned } from '../../catalog/agents/index.ts';
import type { FeedbackCategory } from '../../catalog/agents/index.ts';
import { stableEventId } from '../service/stable-event-id.ts';
import { rowsOf } from '../service/unit-of-work.ts';
import { agent } from './agent.ts';
import { handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';
import { priorityOf } from './models/priority.ts';

interface Known {
  readonly score: number | null;
  readonly category: FeedbackCategory | null;
}

/**
 * | sentiment | category | priority | then |
 * |---|---|---|---|
 * | known | not yet | | waits |
 * | not yet | known | | waits |
 * | known | known | not yet | is assigned, and told once |
 */
export const priorityAgent = agent('priority', async (agents, event) => {
  const { tenantId } = event;
  const { feedbackId, productId } = event.data;
  const learnt: Known =
    event.eventType === 'SentimentRated'
      ? { score: event.data.score, category: null }
      : { score: null, category: event.data.category };
  await handleOnce(agents, 'priority', event, async (tx, emit) => {
    // The row stays locked until the commit, so the second of the two sees the first.
    const [known] = await rowsOf<Known>(
      tx,
      `insert into feedback_priority as p (tenant_id, feedback_id, product_id, score, category)
       values ($1, $2, $3, $4, $5)
       on conflict (tenant_id, feedback_id) do update
         set score = coalesce(p.score, excluded.score), category = coalesce(p.category, excluded.category)
       returning score, category`,
      [tenantId, feedbackId, productId, learnt.score, learnt.category],
    );
    if (known === undefined || known.score === null || known.category === null) return;
    const { priority, reasons } = priorityOf(known.category, known.score);
    await tx.query(
      `update feedback_priority set priority = $3, reasons = $4 where tenant_id = $1 and feedback_id = $2`,
      [tenantId, feedbackId, priority, reasons],
    );
    emit(PriorityAssigned, {
      tenantId,
      causedBy: event,
      // Of the feedback and not of the event: either of the two may be the second.
      eventId: stableEventId(tenantId, feedbackId, PriorityAssigned.name),
      data: { feedbackId, productId, priority, reasons: [...reasons] },
    });
  });
});

export const priority = priorityAgent(agentsService);
