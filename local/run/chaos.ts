/**
 * The faults of `npm start -- --once --chaos`. All of them happen in AWS; none of them may lose an event,
 * repeat an effect or break the order of a key.
 */
import type { AwsContext } from '../aws/index.ts';
import type { LocalRun } from './local-run.ts';

/** Throttled and half-failed publishes: a share of the calls. */
const PUBLISH_FAULT_PROBABILITY = 0.08;
/** Entries that fail in a batch that fails in part. */
const FAILED_SHARE = 0.3;

/** @param relayFunction part of the name of the function that is killed in the middle of its work, often. @default - none is */
export function injectChaos(run: LocalRun, relayFunction?: string): void {
  for (const { region } of run.regions) injectInto(region.aws.context, relayFunction);
}

function injectInto({ faults, services }: AwsContext, relayFunction: string | undefined): void {
  const lambda = services.get('lambda');
  lambda.faults.set('*', { crashBefore: 0.01, crashDuring: 0.02, loseResponse: 0.02 });
  const relay =
    relayFunction === undefined
      ? undefined
      : lambda.listFunctions().find(({ functionName }) => functionName.includes(relayFunction));
  if (relay !== undefined)
    lambda.faults.set(relay.functionName, { crashBefore: 0.02, crashDuring: 0.12, loseResponse: 0.05 });
  for (const [service, action] of [
    ['sns', 'PublishBatch'],
    ['events', 'PutEvents'],
  ] as const) {
    faults.add({ service, action, probability: PUBLISH_FAULT_PROBABILITY, effect: { kind: 'throttle' } });
    faults.add({
      service,
      action,
      probability: PUBLISH_FAULT_PROBABILITY,
      effect: { kind: 'fail-entries', share: FAILED_SHARE },
    });
    faults.add({
      service,
      action,
      probability: PUBLISH_FAULT_PROBABILITY / 4,
      effect: { kind: 'drop-response' },
    });
  }
  faults.add({
    service: 'sqs',
    action: 'DeleteMessageBatch',
    probability: PUBLISH_FAULT_PROBABILITY,
    effect: { kind: 'fail-entries', share: FAILED_SHARE },
  });
  faults.add({ service: 'sqs', action: 'Deliver', probability: 0.02, effect: { kind: 'duplicate' } });
}

/** What was injected, by kind, for the report. */
export function injectedFaults(run: LocalRun): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { region } of run.regions) {
    const { faults, services } = region.aws.context;
    const injected = { ...services.get('lambda').faults.injected(), ...faults.injected() };
    for (const [kind, count] of Object.entries(injected)) counts[kind] = (counts[kind] ?? 0) + count;
  }
  return counts;
}
