/** Which of EventBridge's two kinds of bus a MessageBus is, by what was asked for and what its Region has. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** `classic`: Custom Event Bus - Classic, with rules. `custom`: the Custom Event Bus of 2026, with subscribers. */
export type BusType = 'classic' | 'custom';

/**
 * The Regions that had the Custom Event Bus on a date. AWS adds Regions: see ADDED_REGIONS_CONTEXT_KEY. Only a major
 * version adds one here: whoever has the fallback deployed there gets another bus in its place, and must choose when.
 */
export const CUSTOM_EVENT_BUS_REGIONS = {
  asOf: '2026-09-25',
  source: 'https://aws.amazon.com/about-aws/whats-new/2026/09/eventbridge-relaunches-custom-event-buses/',
  regions: [
    'ap-east-1',
    'ap-northeast-1',
    'ap-south-1',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-southeast-5',
    'ap-southeast-7',
    'eu-central-1',
    'eu-north-1',
    'eu-south-2',
    'eu-west-1',
    'us-east-1',
    'us-east-2',
    'us-west-2',
  ],
} as const;

/** A list of further Regions in the context of the app, for those that got the bus after our list was made. */
export const ADDED_REGIONS_CONTEXT_KEY = 'waybill:customEventBusRegions';

/**
 * | asked for | Region of the stack | bus | said |
 * |---|---|---|---|
 * | classic | any | classic | |
 * | custom | has it | custom | |
 * | custom | has it not | classic | a warning; FIFO consumers of it are refused |
 * | custom | not known at synth | custom | a warning: deployment fails where the Region has it not, before anything is lost |
 *
 * Not the other way round for an unknown Region: naming the Region later would then replace a bus that works
 * by another one, and what was under way on it would be lost.
 */
export function busTypeIn(scope: IConstruct, wanted: BusType): BusType {
  if (wanted === 'classic') return 'classic';
  const { region } = Stack.of(scope);
  const { asOf } = CUSTOM_EVENT_BUS_REGIONS;
  if (Token.isUnresolved(region)) {
    Annotations.of(scope).addWarningV2(
      'waybill:customEventBusRegionUnknown',
      `the Region is known only at deployment, which fails where EventBridge has no Custom Event Bus: give the stack an env with one of ${regionsOf(scope).join(', ')} (as of ${asOf})`,
    );
    return 'custom';
  }
  if (regionsOf(scope).includes(region)) return 'custom';
  Annotations.of(scope).addWarningV2(
    'waybill:customEventBusFallback',
    `${region} had no Custom Event Bus on ${asOf}, so this is a classic bus: it keeps no order and does not deduplicate. If the Region has it by now, add it to the context ${ADDED_REGIONS_CONTEXT_KEY}`,
  );
  return 'classic';
}

function regionsOf(scope: IConstruct): readonly string[] {
  const added: unknown = scope.node.tryGetContext(ADDED_REGIONS_CONTEXT_KEY);
  return [
    ...CUSTOM_EVENT_BUS_REGIONS.regions,
    ...(Array.isArray(added) ? added.filter((region) => typeof region === 'string') : []),
  ];
}
