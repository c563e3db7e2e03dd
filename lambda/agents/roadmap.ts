/**
 * Agent `roadmap`: what people want of each product, as sums by category. Whatever becomes known first of a feedback, the
 * sums are the same in the end: what comes before the category waits in the feedback's row.
 */
import type { FeedbackCategory, FeedbackPriority } from '../../catalog/agents/index.ts';
import { rowsOf } from '../service/unit-of-work.ts';
import type { Transaction } from '../service/unit-of-work.ts';
import { agent } from './agent.ts';
import type { EventOf } from './agent.ts';
import { handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';

type RoadmapEvent = EventOf<'roadmap'>;

interface Known {
  readonly category: FeedbackCategory | null;
  readonly priority: FeedbackPriority | null;
  readonly votes: number;
}

export const roadmapAgent = agent('roadmap', async (agents, event) => {
  await handleOnce(agents, 'roadmap', event, (tx) => plan(tx, event));
});

export const roadmap = roadmapAgent(agentsService);

/**
 * | comes | category known before | added to the item |
 * |---|---|---|
 * | category | no | the feedback, its votes, its priority |
 * | vote or priority | no | nothing: the row keeps it |
 * | vote or priority | yes | the vote, the priority |
 */
async function plan(tx: Transaction, event: RoadmapEvent): Promise<void> {
  const { tenantId } = event;
  const { feedbackId, productId } = event.data;
  const category = event.eventType === 'FeedbackCategorised' ? event.data.category : null;
  const priority = event.eventType === 'PriorityAssigned' ? event.data.priority : null;
  const votes = event.eventType === 'FeedbackVoted' ? event.data.weight : 0;
  // The row stays locked until the commit.
  const [known] = await rowsOf<Known>(
    tx,
    `insert into roadmap_feedback as f (tenant_id, feedback_id, product_id, category, priority, votes)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, feedback_id) do update
       set category = coalesce(f.category, excluded.category), priority = coalesce(f.priority, excluded.priority),
           votes = f.votes + excluded.votes
     returning category, priority, votes::float8 as votes`,
    [tenantId, feedbackId, productId, category, priority, votes],
  );
  if (known === undefined || known.category === null) return;
  const isNew = category !== null;
  await add(tx, tenantId, productId, known.category, {
    feedbacks: isNew ? 1 : 0,
    votes: isNew ? known.votes : votes,
    priority: isNew ? known.priority : priority,
  });
}

interface Sums {
  readonly feedbacks: number;
  readonly votes: number;
  readonly priority: FeedbackPriority | null;
}

async function add(
  tx: Transaction,
  tenantId: string,
  productId: string,
  category: FeedbackCategory,
  { feedbacks, votes, priority }: Sums,
): Promise<void> {
  const is = (one: FeedbackPriority): number => (priority === one ? 1 : 0);
  await tx.query(
    `insert into roadmap_item as i (tenant_id, product_id, category, feedbacks, votes, urgent, high, normal, low)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (tenant_id, product_id, category) do update
       set feedbacks = i.feedbacks + excluded.feedbacks, votes = i.votes + excluded.votes,
           urgent = i.urgent + excluded.urgent, high = i.high + excluded.high,
           normal = i.normal + excluded.normal, low = i.low + excluded.low`,
    [tenantId, productId, category, feedbacks, votes, is('urgent'), is('high'), is('normal'), is('low')],
  );
}
