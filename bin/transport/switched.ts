/** Whether the event source mappings are switched as the consumers are live: a deployment may have switched them back. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ConsumerTransport } from '../../lambda/runtime/cutover/index.ts';
import { mappingsOf } from './mappings.ts';
import type { ConsumerMapping } from './mappings.ts';

export interface SwitchedMapping extends ConsumerMapping {
  readonly consumer: string;
  /** What is wrong, and the command that puts it right. Undefined: nothing, or Lambda is changing it. */
  readonly wrong: { readonly message: string; readonly fix: string } | undefined;
}

/** Undefined where Lambda could not be asked. */
export type SwitchedMappings = readonly SwitchedMapping[] | { readonly notAsked: string };

/**
 * | consumer is live on | its mapping | |
 * |---|---|---|
 * | sns-sqs | Disabled | wrong: its queue fills, and nothing is handled |
 * | another | Enabled | wrong: what comes by the queue is refused until the other has handled it |
 * | any | as it should be, or in change | |
 */
export async function switchedMappings(
  lambda: () => Promise<Pick<LambdaClient, 'send'>>,
  consumers: readonly Pick<ConsumerTransport, 'consumer' | 'liveOn'>[],
): Promise<SwitchedMappings> {
  const liveOn = new Map(consumers.map((one) => [one.consumer, one.liveOn]));
  try {
    const mappings = await mappingsOf(await lambda(), new Set(liveOn.keys()));
    return mappings.map((mapping) => ({
      ...mapping,
      wrong: wrongOf(mapping, liveOn.get(mapping.consumer)!),
    }));
  } catch (error) {
    return {
      notAsked: error instanceof Error ? `${error.name}: ${error.message}` : 'Lambda does not answer',
    };
  }
}

function wrongOf(
  { consumer, functionName, state }: ConsumerMapping & { readonly consumer: string },
  liveOn: ConsumerTransport['liveOn'],
): SwitchedMapping['wrong'] {
  const fix = `waybill transport move ${consumer} --to ${liveOn} --function ${functionName} --why ...`;
  if (liveOn === 'sns-sqs' && state === 'Disabled') {
    return { message: `is Disabled, and ${consumer} is live there: its queue fills`, fix };
  }
  if (liveOn !== 'sns-sqs' && state === 'Enabled') {
    return {
      message: `is Enabled, and ${consumer} is live on ${liveOn}: what ${liveOn} has not handled is refused, and dead-lettered after some receives`,
      fix,
    };
  }
  return undefined;
}
