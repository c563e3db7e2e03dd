/** What each tenant may use right now, where core-api can read it without asking the control plane. */
import type { entitlementEvents } from '../../../catalog/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { handleOnce } from '../handle-once.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** The highest sequence wins, so that a replay of old events changes nothing. */
export async function cacheEntitlements(
  core: Service,
  event: EnvelopeOf<(typeof entitlementEvents)[number]>,
): Promise<void> {
  const { sequence } = event.data;
  const plan = event.eventType === 'EntitlementsChanged' ? event.data.plan : null;
  const entitlements = event.eventType === 'EntitlementsChanged' ? event.data.entitlements : null;
  // A change of plan neither suspends nor reactivates.
  const suspended = event.eventType === 'EntitlementsChanged' ? null : event.eventType === 'TenantSuspended';
  await handleOnce(core, 'entitlement-cache', event, async (tx) => {
    const applied = await hasRows(
      tx,
      `insert into entitlement (tenant_id, sequence, plan, entitlements, suspended)
       values ($1, $2, $3, $4, coalesce($5, false))
       on conflict (tenant_id) do update
         set sequence = excluded.sequence,
             plan = coalesce(excluded.plan, entitlement.plan),
             entitlements = coalesce(excluded.entitlements, entitlement.entitlements),
             suspended = coalesce($5, entitlement.suspended)
       where entitlement.sequence < excluded.sequence
       returning tenant_id`,
      [
        event.tenantId,
        sequence,
        plan,
        entitlements === null ? null : JSON.stringify(entitlements),
        suspended,
      ],
    );
    return { sequence, outcome: applied ? 'applied' : 'older' };
  });
}
