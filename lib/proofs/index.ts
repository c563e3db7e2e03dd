/** Public surface: proofs over a synthesized assembly. */
import { messagingOf } from '../assembly/index.ts';
import type { Assembly } from '../assembly/index.ts';
import { declaredIn } from './declared.ts';
import { proveAlarms } from './prove-alarms.ts';
import { proveDeliveries } from './prove-delivery.ts';
import { proveFollowers, proveFollowing } from './prove-following.ts';
import { proveIsolation, proveNoStrangers } from './prove-isolation.ts';
import { proveKeeping } from './prove-keeping.ts';
import { proveOtherRoles } from './prove-other-roles.ts';
import { provePrivilege } from './prove-privilege.ts';
import { proveConsumption, provePublishing } from './prove-publishing.ts';
import { proveQueues } from './prove-queues.ts';
import { proveReaderIsolation } from './prove-readers.ts';
import { proveReading } from './prove-reading.ts';
import { proveReferences } from './prove-references.ts';
import { describeBreak } from './proof.ts';
import type { Break, BreakCode, Proof, ProofKind } from './proof.ts';

export { DeliveryError, DeliveryFrom, DeliveryOf, expectDelivery } from './expect-delivery.ts';
export type { ExpectedEvent, PublishedMessage } from './expect-delivery.ts';
export type { BusEntry } from './message.ts';
export { describeBreak };
export type { Break, BreakCode, Proof, ProofKind };

/**
 * Proves everything that the topology of an assembly declares against its templates. An assembly without a topology,
 * that is without Waybill's constructs, declares nothing: see `expectDelivery` for claims of your own.
 */
export function proveAssembly(assembly: Assembly): readonly Proof[] {
  const { topology } = assembly;
  if (topology === undefined) return [];
  const messaging = messagingOf(assembly);
  const declared = declaredIn(messaging, topology);
  return [
    ...proveReferences(messaging),
    ...provePublishing(messaging, declared),
    ...proveDeliveries(messaging, declared),
    ...proveReading(messaging, declared),
    ...proveFollowing(messaging, declared),
    ...proveConsumption(messaging, declared),
    ...proveKeeping(messaging, declared),
    ...proveIsolation(messaging, declared),
    ...proveReaderIsolation(messaging, declared),
    ...proveFollowers(messaging, declared),
    ...proveNoStrangers(messaging),
    proveOtherRoles(messaging, declared),
    ...proveQueues(messaging),
    ...provePrivilege(messaging),
    ...proveAlarms(messaging, declared),
  ];
}
