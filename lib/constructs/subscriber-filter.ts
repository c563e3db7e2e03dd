/** What a subscriber of a Custom Event Bus filters by: events and tenants, as filters of EventBridge's scopes. */
import { Token } from 'aws-cdk-lib';
import type { AnyEventContract } from '../contracts/index.ts';
import type { ValidationFailure } from './errors.ts';
import type { TenantCondition } from './tenant-filter.ts';
import { SUBSCRIBER_FILTER_BYTES } from './limits.ts';

export interface SubscriberFilter {
  readonly Scope: 'DATA' | 'SYSTEM_METADATA';
  /** JSON. */
  readonly Pattern: string;
}

/**
 * At most one filter per scope, which all have to match. None has a wildcard: a subscriber takes none.
 *
 * | scope | filter | why there |
 * |---|---|---|
 * | SYSTEM_METADATA | source and detail type | written by EventBridge; a publisher of raw events could write any `source` into the data |
 * | DATA | tenants | a part of the envelope |
 *
 * Several sources are branches of one `$or`, so that one subscriber gets them all, and the order of a key that
 * several services use is kept.
 */
export function subscriberFilters(
  events: readonly AnyEventContract[],
  tenants: readonly TenantCondition[] | undefined,
): readonly SubscriberFilter[] {
  const branches = [...Map.groupBy(events, ({ source }) => source)].map(([source, ofSource]) => ({
    'aws:Source': [source],
    'aws:DetailType': ofSource.map(({ name }) => name),
  }));
  const system = branches.length === 1 ? branches[0] : { $or: branches };
  return [
    { Scope: 'SYSTEM_METADATA', Pattern: JSON.stringify(system) },
    ...(tenants === undefined
      ? []
      : [{ Scope: 'DATA' as const, Pattern: JSON.stringify({ detail: { tenantId: tenants } }) }]),
  ];
}

/** Says what is wrong with the size. Nothing where a part is known only at deployment. */
export function filterFitsSubscriber(filters: readonly SubscriberFilter[]): ValidationFailure | undefined {
  if (filters.some(({ Pattern }) => Token.isUnresolved(Pattern))) return undefined;
  const bytes = filters.reduce((sum, { Pattern }) => sum + Buffer.byteLength(Pattern), 0);
  if (bytes <= SUBSCRIBER_FILTER_BYTES) return undefined;
  return {
    code: 'WAYBILL_SUBSCRIBER_FILTER_TOO_LARGE',
    prop: 'subscribesTo',
    received: `filters of ${bytes} bytes`,
    allowed: `${SUBSCRIBER_FILTER_BYTES} bytes for all filters of one subscriber`,
    fix: 'subscribe to fewer events or tenants of this bus, or make a consumer for each part of them',
  };
}
