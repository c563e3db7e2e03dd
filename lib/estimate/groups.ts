/** The busiest message group of a flow: by ordering key, or by tenant where an event has none. */
import type { EventRate, Flow } from './flow.ts';
import { total } from './flow.ts';
import type { Assumptions } from './load.ts';

export interface BusiestGroup extends Flow {
  readonly kind: 'ordering key' | 'tenant';
  /** The part of the events of its kind that is assumed to be its own. */
  readonly share: number;
}

export function busiestGroup(rates: readonly EventRate[], assumptions: Assumptions): BusiestGroup {
  const of = (hasOrderingKey: boolean, share: number): Flow => {
    const { perSecond, bytesPerSecond } = total(
      rates.filter((rate) => rate.hasOrderingKey === hasOrderingKey),
    );
    return { perSecond: perSecond * share, bytesPerSecond: bytesPerSecond * share };
  };
  const { hottestKeyShare, hottestTenantShare } = assumptions;
  const key = { kind: 'ordering key', share: hottestKeyShare, ...of(true, hottestKeyShare) } as const;
  const tenant = { kind: 'tenant', share: hottestTenantShare, ...of(false, hottestTenantShare) } as const;
  return tenant.perSecond > key.perSecond ? tenant : key;
}
