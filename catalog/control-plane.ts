/** What `control-plane` publishes: the life of a tenant and what it may use. Kept in order per tenant. */
import * as z from 'zod/mini';
import { event, service } from '../lib/contracts/index.ts';

export const ControlPlane = service('control-plane', {
  description: 'Tenants: registration, provisioning, plans, suspension.',
});

export const Plan = z.enum(['free', 'team', 'premium']);
export type Plan = z.infer<typeof Plan>;

/** What a plan lets a tenant use. */
export const Entitlements = z.object({
  projects: z.number(),
  members: z.number(),
  webhookDelivery: z.boolean(),
  deliveryInsights: z.boolean(),
});
export type Entitlements = z.infer<typeof Entitlements>;

export const SuspensionReason = z.enum(['unpaid', 'abuse', 'requested']);
export type SuspensionReason = z.infer<typeof SuspensionReason>;

/** Grows by one with each change of a tenant's entitlements; the highest one wins. */
const Sequence = z.number().check(z.int(), z.minimum(1));

export const TenantRegistered = event('TenantRegistered', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A customer signed up; nothing is set up yet.',
  data: z.object({ name: z.string(), plan: Plan, contactEmail: z.string() }),
  pii: ['contactEmail'],
  traffic: { peakPerSecond: 1, averageBytes: 650 },
  examples: [{ name: 'Analytical Engines', plan: 'team', contactEmail: 'ada@example.com' }],
});

export const TenantProvisioned = event('TenantProvisioned', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'Everything a new tenant needs exists; its people may sign in.',
  data: z.object({ workspaceId: z.string(), plan: Plan }),
  traffic: { peakPerSecond: 1, averageBytes: 600 },
  examples: [{ workspaceId: 'wsp_5c0e', plan: 'team' }],
});

export const EntitlementsChanged = event('EntitlementsChanged', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A tenant may use more, or less, than before.',
  data: z.object({ sequence: Sequence, plan: Plan, entitlements: Entitlements }),
  traffic: { peakPerSecond: 3, averageBytes: 700 },
  examples: [
    {
      sequence: 2,
      plan: 'premium',
      entitlements: { projects: 1000, members: 500, webhookDelivery: true, deliveryInsights: true },
    },
  ],
});

export const TenantSuspended = event('TenantSuspended', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A tenant may not use anything until it is reactivated.',
  data: z.object({ sequence: Sequence, reason: SuspensionReason }),
  priority: 'high',
  traffic: { peakPerSecond: 1, averageBytes: 600 },
  examples: [{ sequence: 3, reason: 'unpaid' }],
});

export const TenantReactivated = event('TenantReactivated', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A suspended tenant is back, with the plan it had.',
  data: z.object({ sequence: Sequence }),
  traffic: { peakPerSecond: 1, averageBytes: 600 },
  examples: [{ sequence: 4 }],
});

export const IntegrationConnected = event('IntegrationConnected', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A third party, such as a GitHub organisation, was tied to a tenant.',
  data: z.object({ provider: z.literal('github'), installationId: z.string() }),
  traffic: { peakPerSecond: 1, averageBytes: 600 },
  examples: [{ provider: 'github', installationId: '957387' }],
});

export const IntegrationDisconnected = event('IntegrationDisconnected', {
  version: '1.0',
  source: ControlPlane.source,
  description: 'A third party no longer sends anything for a tenant.',
  data: z.object({
    provider: z.literal('github'),
    installationId: z.string(),
    reason: z.enum(['deleted', 'suspended']),
  }),
  traffic: { peakPerSecond: 1, averageBytes: 600 },
  examples: [{ provider: 'github', installationId: '957387', reason: 'deleted' }],
});

export const controlPlaneEvents = [
  TenantRegistered,
  TenantProvisioned,
  EntitlementsChanged,
  TenantSuspended,
  TenantReactivated,
  IntegrationConnected,
  IntegrationDisconnected,
] as const;
