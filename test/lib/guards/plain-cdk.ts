/** What the tests of the guards of delivery share: all that they find together, and stacks of plain CDK in two places. */
import { App, Stack } from 'aws-cdk-lib';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Messaging } from '../../../lib/assembly/index.ts';
import { awsManagedKey } from '../../../lib/guards/w01-aws-managed-key.ts';
import { customerKeyGrant } from '../../../lib/guards/w02-customer-key-grant.ts';
import { busDeadLetterPolicy } from '../../../lib/guards/w03-bus-dead-letter-policy.ts';
import { importedSink } from '../../../lib/guards/w04-imported-sink.ts';
import { optInRegionPrincipal } from '../../../lib/guards/w05-opt-in-region-principal.ts';
import { archiveKey } from '../../../lib/guards/w06-archive-key.ts';
import { crossAccountHalves } from '../../../lib/guards/w07-cross-account-halves.ts';
import { alarmTarget } from '../../../lib/guards/w08-alarm-target.ts';
import { defaultTopicPolicy } from '../../../lib/guards/w14-default-topic-policy.ts';
import { unsupportedCondition } from '../../../lib/guards/w15-unsupported-condition.ts';
import { refusedHop } from '../../../lib/guards/w23-refused-hop.ts';

export const DELIVERY_GUARDS = [
  awsManagedKey,
  customerKeyGrant,
  busDeadLetterPolicy,
  importedSink,
  optInRegionPrincipal,
  archiveKey,
  crossAccountHalves,
  alarmTarget,
  defaultTopicPolicy,
  unsupportedCondition,
  refusedHop,
];

/** What all of them find: rule, construct path, property. A refusal must be there once, and under one rule. */
export function found(messaging: Messaging): readonly string[] {
  return DELIVERY_GUARDS.flatMap((guard) =>
    guard
      .check(messaging)
      .map(({ resource, property }) => `${guard.id} ${resource.constructPath} ${property}`),
  );
}

export interface Place {
  readonly account: string;
  readonly region: string;
}

export const HERE: Place = { account: '111111111111', region: 'eu-west-1' };
export const OTHER_ACCOUNT: Place = { account: '222222222222', region: 'eu-west-1' };

/** The messaging of two stacks of plain CDK, which may refer to each other. */
export function twoStacks(
  places: readonly [Place, Place],
  create: (first: Stack, second: Stack) => void,
  context: Readonly<Record<string, unknown>> = {},
): Messaging {
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false, context });
  create(new Stack(app, 'First', { env: places[0] }), new Stack(app, 'Second', { env: places[1] }));
  return messagingOf(readAssembly(app.synth().directory));
}
