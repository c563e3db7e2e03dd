/** How much each tenant used on each day, by meter. Bills are made from this, so it counts each event once. */
import type { Envelope } from '../../../lib/contracts/index.ts';
import { CoreApi } from '../../../catalog/index.ts';
import { handleOnce } from '../handle-once.ts';
import type { Service } from '../../service/unit-of-work.ts';

const METERS: ReadonlyMap<string, string> = new Map([
  ['CodePushed', 'pushes'],
  ['BuildChanged', 'builds'],
  ['PullRequestChanged', 'pull-requests'],
  ['PullRequestReviewed', 'pull-requests'],
]);

/** The day is the event's own, in UTC, however late it is handled. */
export async function meterUsage(core: Service, event: Envelope): Promise<void> {
  await handleOnce(core, 'usage-metering', event, async (tx) => {
    const meter = METERS.get(event.eventType) ?? (event.source === CoreApi.source ? 'commands' : 'webhooks');
    await tx.query(
      `insert into usage_per_day (tenant_id, day, meter, quantity)
       values ($1, ($2::timestamptz at time zone 'UTC')::date, $3, 1)
       on conflict (tenant_id, day, meter) do update set quantity = usage_per_day.quantity + 1`,
      [event.tenantId, event.timestamp, meter],
    );
    return { meter };
  });
}
