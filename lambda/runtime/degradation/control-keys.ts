/**
 * The items of the controls table. The partition says who may write: a role's policy is bound to partitions
 * (`dynamodb:LeadingKeys`), so the table of one system serves all its functions and each can write its own part only.
 *
 * | pk | sk | what | written by |
 * |---|---|---|---|
 * | `switches` | `consumer#C`, `tenant#T`, `consumer#C#tenant#T` | a kill switch | operators |
 * | `breaker#D` | `state` | the circuit breaker of a dependency | functions that call it, operators |
 * | `breaker#D` | `calls#GENERATION-BUCKET` | calls and failures of some seconds | functions that call it |
 * | `failures#C` | messageId | how often a message has failed | the consumer |
 * | `parked#C` | `TENANT/GROUP/MESSAGE` | a message that waits, or is released and not yet handled | the consumer |
 * | `audit` | time | who changed what, when and why | operators |
 *
 * lib/constructs/controls-table.ts has the same names for the policies.
 */
import type { Item } from '../aws/dynamodb.ts';

export const SWITCHES = 'switches';
export const AUDIT = 'audit';

export const breakerPartition = (dependency: string): string => `breaker#${dependency}`;
export const failuresPartition = (consumer: string): string => `failures#${consumer}`;
export const parkedPartition = (consumer: string): string => `parked#${consumer}`;

export const consumerSwitch = (consumer: string): string => `consumer#${consumer}`;
export const tenantSwitch = (tenantId: string): string => `tenant#${tenantId}`;
export const consumerTenantSwitch = (consumer: string, tenantId: string): string =>
  `consumer#${consumer}#tenant#${tenantId}`;

/** All parked messages of a tenant, or of one of its groups, begin with it. */
export function parkedPrefix(tenantId: string, group?: string): string {
  const tenant = `${encodeURIComponent(tenantId)}/`;
  return group === undefined ? tenant : `${tenant}${encodeURIComponent(group)}/`;
}

export const parkedKey = (tenantId: string, group: string, messageId: string): string =>
  `${parkedPrefix(tenantId, group)}${messageId}`;

/** The attribute of a parked and of a released message that names its item. */
export const PARKED_ATTRIBUTE = 'parkedKey';

export function textOf(item: Item | undefined, name: string): string | undefined {
  const value = item?.[name];
  return value !== undefined && 'S' in value ? value.S : undefined;
}

export function numberOf(item: Item | undefined, name: string): number | undefined {
  const value = item?.[name];
  return value !== undefined && 'N' in value ? Number(value.N) : undefined;
}

/** For DynamoDB's time to live: seconds since the epoch. */
export const expiryAfter = (now: number, seconds: number): { readonly N: string } => ({
  N: String(Math.ceil(now / 1_000) + seconds),
});
