/** How a premium tenant's software gets delivered: pushes, merges, builds and deployments a day. */
import type { insightEvents } from '../../../catalog/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { handleOnce } from '../handle-once.ts';
import type { Service } from '../../service/unit-of-work.ts';

type InsightEvent = EnvelopeOf<(typeof insightEvents)[number]>;

export async function measureDelivery(core: Service, event: InsightEvent): Promise<void> {
  await handleOnce(core, 'delivery-insights', event, async (tx) => {
    const measure = measureOf(event);
    if (measure !== null) {
      await tx.query(
        `insert into delivery_insight (tenant_id, day, measure, quantity)
         values ($1, ($2::timestamptz at time zone 'UTC')::date, $3, 1)
         on conflict (tenant_id, day, measure) do update set quantity = delivery_insight.quantity + 1`,
        [event.tenantId, event.timestamp, measure],
      );
    }
    return { measure: measure ?? 'none' };
  });
}

/** Pure. Null for what says nothing about delivery, such as a build that still runs. */
function measureOf(event: InsightEvent): string | null {
  switch (event.eventType) {
    case 'CodePushed':
      return event.data.toDefaultBranch ? 'pushes' : null;
    case 'PullRequestChanged':
      return event.data.change === 'closed' && event.data.state === 'merged' ? 'merges' : null;
    case 'BuildChanged':
      return event.data.outcome === 'pending' ? null : `builds-${event.data.outcome}`;
    case 'DeploymentChanged':
    default:
      return event.data.change === 'created' ? 'deployments' : null;
  }
}
