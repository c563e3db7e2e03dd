/**
 * Faults on the way from a topic, rule or schedule to its target. The action is `Deliver` of the delivering
 * service, asked once per attempt, so that a rule can name a subscription, target or protocol.
 */
import type { AwsContext } from '../context.ts';
import { faultError } from '../dispatch.ts';
import { AwsError } from '../errors.ts';
import type { FaultEffect } from '../faults.ts';

/**
 * Runs one attempt as the fault rules want it: held back, made twice, refused, lost, or made with an answer that
 * never comes back (so that the retry is a duplicate).
 */
export async function attemptWithFaults(
  context: AwsContext,
  service: string,
  sourceArn: string,
  input: Readonly<Record<string, unknown>>,
  attempt: () => Promise<void>,
): Promise<void> {
  const fault = context.faults.next({ service, action: 'Deliver', input });
  if (fault === undefined) return attempt();
  context.events.emit({
    kind: 'fault',
    service,
    resourceArn: sourceArn,
    detail: { action: 'Deliver', effect: fault.kind },
  });
  return run(context, fault, attempt);
}

async function run(context: AwsContext, fault: FaultEffect, attempt: () => Promise<void>): Promise<void> {
  const refusal = faultError(fault);
  if (refusal) throw refusal;
  if (fault.kind === 'drop') return;
  if (fault.kind === 'delay') {
    await new Promise<void>((resolve) => context.clock.setTimeout(resolve, fault.milliseconds));
  }
  await attempt();
  if (fault.kind === 'duplicate') await attempt();
  if (fault.kind === 'drop-response') {
    throw new AwsError('InternalFailure', 'The answer was lost (injected fault)', 500);
  }
}
