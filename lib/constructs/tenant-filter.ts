/** Which tenants' events a subscription takes, in words that SNS and EventBridge share. */
import type { IConstruct } from 'constructs';
import { ValidationError } from './errors.ts';
import type { SubscriptionOptions } from './event-routes.ts';

/** A value of `tenantId` that passes, or all but some. */
export type TenantCondition = string | { readonly 'anything-but': readonly string[] };

/**
 * Undefined: every tenant.
 *
 * @throws ValidationError WAYBILL_TENANTS_AMBIGUOUS
 */
export function tenantConditions(
  origin: IConstruct,
  { tenants, exceptTenants }: SubscriptionOptions,
): readonly TenantCondition[] | undefined {
  if (tenants !== undefined && exceptTenants !== undefined) {
    throw new ValidationError(origin, [
      {
        code: 'WAYBILL_TENANTS_AMBIGUOUS',
        prop: 'exceptTenants',
        received: 'tenants and exceptTenants',
        allowed: 'one of the two',
        fix: 'leave exceptTenants out: who is not in tenants does not pass anyway',
      },
    ]);
  }
  if (exceptTenants === undefined || exceptTenants.length === 0) return tenants;
  return [{ 'anything-but': exceptTenants }];
}

/** How many values SNS counts. */
export function countTenants(conditions: readonly TenantCondition[] | undefined): number {
  if (conditions === undefined) return 1;
  return conditions.flatMap((condition) =>
    typeof condition === 'string' ? [condition] : condition['anything-but'],
  ).length;
}
