/** Public surface: the guards, each in a file of its own, and what they find in an assembly. */
import { messagingOf } from '../assembly/index.ts';
import type { Assembly } from '../assembly/index.ts';
import { acknowledgementOf } from './acknowledged.ts';
import { partialBatchFailures } from './d03-partial-batch-failures.ts';
import { deadLetterQueue } from './d14-dead-letter-queue.ts';
import { deadLetterAlarm } from './d14a-dead-letter-alarm.ts';
import { defaultRetries, endlessRetries } from './d15-explicit-retries.ts';
import type { Finding, Guard } from './guard.ts';
import { awsManagedKey } from './w01-aws-managed-key.ts';
import { customerKeyGrant } from './w02-customer-key-grant.ts';
import { busDeadLetterPolicy } from './w03-bus-dead-letter-policy.ts';
import { importedSink } from './w04-imported-sink.ts';
import { optInRegionPrincipal } from './w05-opt-in-region-principal.ts';
import { archiveKey } from './w06-archive-key.ts';
import { crossAccountHalves } from './w07-cross-account-halves.ts';
import { alarmTarget } from './w08-alarm-target.ts';
import { deadLetterAlarmOnSent } from './w09-alarms.ts';
import { unmeasuredAlarm } from './w09a-unmeasured-alarm.ts';
import {
  deadLetterRetention,
  deadLetterRetentionByDefault,
  expiringRetries,
} from './w10-dead-letter-retention.ts';
import { eventTakenByNoRule, undeclaredDestination } from './w11-undeclared-destination.ts';
import { fifoMismatch } from './w12-fifo-mismatch.ts';
import { visibilityTimeout } from './w13-visibility-timeout.ts';
import { defaultTopicPolicy } from './w14-default-topic-policy.ts';
import { unsupportedCondition } from './w15-unsupported-condition.ts';
import { staticMessageGroup } from './w16-static-message-group.ts';
import { competingMappingFilter, deletingMappingFilter } from './w17-mapping-filter.ts';
import { filterPoliciesOfTopic, policySize } from './w18-policy-size.ts';
import { reservedConcurrency, unboundedMapping } from './w19-reserved-concurrency.ts';
import { filterWithoutExample, unmatchableFilter } from './w20-unmatchable-filter.ts';
import { unfedConsumer, unreachedConsumer } from './w21-unreached-consumer.ts';
import { topologyDrift } from './w21b-topology-drift.ts';
import { excessPrivilege, sourcelessService } from './w22-excess-privilege.ts';
import { unconditionedUse } from './w22b-unconditioned-use.ts';
import { refusedHop } from './w23-refused-hop.ts';
import { evictedStreams, volatileStreams } from './w24-evicted-streams.ts';
import { cutOffProcess } from './w25-cut-off-process.ts';
import { unwatchedFollower } from './w26-unwatched-follower.ts';

export interface AcknowledgedFinding extends GuardFinding {
  /** Why it is right there, and what remains. */
  readonly reason: string;
}

export { codeOf, describeFinding, linkOf } from './guard.ts';
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
  deadLetterAlarmOnSent,
  unmeasuredAlarm,
  deadLetterRetention,
  deadLetterRetentionByDefault,
  expiringRetries,
  undeclaredDestination,
  eventTakenByNoRule,
  fifoMismatch,
  visibilityTimeout,
  defaultTopicPolicy,
  unsupportedCondition,
  staticMessageGroup,
  competingMappingFilter,
  deletingMappingFilter,
  policySize,
  filterPoliciesOfTopic,
  reservedConcurrency,
  unboundedMapping,
  unmatchableFilter,
  filterWithoutExample,
  unreachedConsumer,
  unfedConsumer,
  topologyDrift,
  excessPrivilege,
  sourcelessService,
  unconditionedUse,
  refusedHop,
  evictedStreams,
  volatileStreams,
  cutOffProcess,
  unwatchedFollower,
  partialBatchFailures,
  deadLetterQueue,
  deadLetterAlarm,
  endlessRetries,
  defaultRetries,
];

export interface GuardFinding {
  readonly guard: Guard;
  readonly finding: Finding;
}

/** Everything that the guards find and the template does not acknowledge, in their order. */
export function checkAssembly(
  assembly: Assembly,
  guards: readonly Guard[] = GUARDS,
): readonly GuardFinding[] {
  return findingsOf(assembly, guards).filter((found) => acknowledgementOf(found) === undefined);
}

/** What the guards find too, where a construct has acknowledged it, with its reason. */
export function acknowledgedFindings(
  assembly: Assembly,
  guards: readonly Guard[] = GUARDS,
): readonly AcknowledgedFinding[] {
  return findingsOf(assembly, guards).flatMap((found) => {
    const reason = acknowledgementOf(found);
    return reason === undefined ? [] : [{ ...found, reason }];
  });
}

/** Both. */
export function findingsOf(assembly: Assembly, guards: readonly Guard[] = GUARDS): readonly GuardFinding[] {
  const messaging = messagingOf(assembly);
  return guards.flatMap((guard) => guard.check(messaging).map((finding) => ({ guard, finding })));
}
