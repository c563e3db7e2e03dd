/** Agent `weekly-digest`: what happened in each week, for each tenant. A week is that of ISO 8601, in UTC. */
import { agent } from './agent.ts';
import type { EventOf } from './agent.ts';
import { handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';

type DigestEvent = EventOf<'weekly-digest'>;

export const weeklyDigestAgent = agent('weekly-digest', async (agents, event) => {
  const measures = measuresOf(event);
  await handleOnce(agents, 'weekly-digest', event, async (tx) => {
    await tx.query(
      `insert into weekly_digest_of_product as d (tenant_id, week, product_id, measure, quantity)
       select $1, to_char($2::timestamptz at time zone 'UTC', 'IYYY-"W"IW'), $3, measure, quantity
         from unnest($4::text[], $5::bigint[]) as m (measure, quantity)
       on conflict (tenant_id, week, product_id, measure) do update
         set quantity = d.quantity + excluded.quantity`,
      [event.tenantId, event.timestamp, event.data.productId, Object.keys(measures), Object.values(measures)],
    );
  });
});

export const weeklyDigest = weeklyDigestAgent(agentsService);

/** What an event adds to its week. */
export function measuresOf(event: Pick<DigestEvent, 'eventType' | 'data'>): Readonly<Record<string, number>> {
  const { eventType, data } = event as DigestEvent;
  switch (eventType) {
    case 'FeedbackReceived':
      return { received: 1, [`channel-${data.channel}`]: 1 };
    case 'FeedbackVoted':
      return { voted: 1, votes: data.weight };
    case 'SentimentRated':
      return { [`sentiment-${data.label}`]: 1 };
    case 'FeedbackCategorised':
      return { [`category-${data.category}`]: 1 };
    case 'PriorityAssigned':
      return { [`priority-${data.priority}`]: 1 };
    case 'DuplicateFound':
    default:
      return { duplicates: 1 };
  }
}
