/** What each plan lets a tenant use. */
import type { Entitlements, Plan } from '../../../catalog/index.ts';

export const ENTITLEMENTS: Readonly<Record<Plan, Entitlements>> = {
  free: { projects: 3, members: 5, webhookDelivery: false, deliveryInsights: false },
  team: { projects: 100, members: 50, webhookDelivery: true, deliveryInsights: false },
  premium: { projects: 10_000, members: 5_000, webhookDelivery: true, deliveryInsights: true },
};
