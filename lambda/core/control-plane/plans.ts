/** What each plan lets a tenant use. */
export type Plan = 'free' | 'team' | 'premium';

export interface Entitlements {
  readonly projects: number;
  readonly members: number;
  readonly webhookDelivery: boolean;
  readonly deliveryInsights: boolean;
}

export const ENTITLEMENTS: Readonly<Record<Plan, Entitlements>> = {
  free: { projects: 3, members: 5, webhookDelivery: false, deliveryInsights: false },
  team: { projects: 100, members: 50, webhookDelivery: true, deliveryInsights: false },
  premium: { projects: 10_000, members: 5_000, webhookDelivery: true, deliveryInsights: true },
};
