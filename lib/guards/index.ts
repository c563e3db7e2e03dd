/** Public surface: the guards, each in a file of its own, and what they find in an assembly. */
import { messagingOf } from '../assembly/index.ts';
import type { Assembly } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';
import { awsManagedKey } from './w01-aws-managed-key.ts';
import { customerKeyGrant } from './w02-customer-key-grant.ts';
import { busDeadLetterPolicy } from './w03-bus-dead-letter-policy.ts';
import { importedSink } from './w04-imported-sink.ts';
import { optInRegionPrincipal } from './w05-opt-in-region-principal.ts';
import { archiveKey } from './w06-archive-key.ts';
import { crossAccountHalves } from './w07-cross-account-halves.ts';
import { alarmTarget } from './w08-alarm-target.ts';
import { deadLetterRetention } from './w10-dead-letter-retention.ts';
import { defaultTopicPolicy } from './w14-default-topic-policy.ts';
import { unsupportedCondition } from './w15-unsupported-condition.ts';
import { refusedHop } from './w23-refused-hop.ts';

export { codeOf, describeFinding } from './guard.ts';
export type { Finding, Guard } from './guard.ts';

/** In the order of the design. */
export const GUARDS: readonly Guard[] = [
  awsManagedKey,
  customerKeyGrant,
  busDeadLetterPolicy,
  importedSink,
  optInRegionPrincipal,
  archiveKey,
  crossAccountHalves,
  alarmTarget,
  deadLetterRetention,
  defaultTopicPolicy,
  unsupportedCondition,
  refusedHop,
];

export interface GuardFinding {
  readonly guard: Guard;
  readonly finding: Finding;
}

/** Everything that the guards find, in their order. */
export function checkAssembly(
  assembly: Assembly,
  guards: readonly Guard[] = GUARDS,
): readonly GuardFinding[] {
  const messaging = messagingOf(assembly);
  return guards.flatMap((guard) => guard.check(messaging).map((finding) => ({ guard, finding })));
}
