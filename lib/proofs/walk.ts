/** Sends an example message down a path, hop by hop, and says where it stops and what is wrong on the way. */
import { accessOf } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import type { Messaging } from '../assembly/index.ts';
import { accessBreaks } from './check-access.ts';
import { consumptionBreaks } from './check-consumption.ts';
import { failureBreaks } from './check-failures.ts';
import { passageOf } from './hops.ts';
import type { Message } from './message.ts';
import { failureHopsOf } from './paths.ts';
import type { Path } from './paths.ts';
import type { Break, BreakCode } from './proof.ts';

export interface Walk {
  /** One line per hop: what carries the message, on which condition, and where it goes when that fails. */
  readonly steps: readonly string[];
  readonly breaks: readonly Break[];
  /** What arrives at the end; undefined where it is stopped. */
  readonly arrived: Message | undefined;
}

/** @param standby a hop that is switched off by declaration, until an operator switches it on */
export function walk(messaging: Messaging, path: Path, message: Message, standby?: Delivery['hop']): Walk {
  const steps: string[] = [];
  const breaks: Break[] = [];
  let current: Message | undefined = message;
  for (const delivery of path) {
    if (current === undefined) break;
    const passage = passageOf(messaging, delivery, current, delivery.hop === standby);
    steps.push(describeStep(messaging, delivery, passage.passes ? passage.condition : passage.because));
    breaks.push(...hopBreaks(messaging, delivery));
    if (passage.passes) {
      current = passage.message;
      continue;
    }
    current = undefined;
    breaks.push({
      code: STOPPED[passage.reason],
      resource: delivery.hop.constructPath,
      message: passage.because,
      fix:
        passage.reason === 'switchedOff'
          ? `switch it on: ${passage.property}`
          : `correct ${passage.property}`,
    });
  }
  return { steps, breaks, arrived: current };
}

const STOPPED = {
  filtered: 'WAYBILL_PROOF_FILTERED_OUT',
  switchedOff: 'WAYBILL_PROOF_SWITCHED_OFF',
  unreadable: 'WAYBILL_PROOF_UNKNOWN',
} as const satisfies Record<string, BreakCode>;

const known = new WeakMap<Delivery, readonly Break[]>();

/** What is wrong with a hop, whatever the message. */
function hopBreaks(messaging: Messaging, delivery: Delivery): readonly Break[] {
  const breaks = known.get(delivery) ?? checkHop(messaging, delivery);
  known.set(delivery, breaks);
  return breaks;
}

function checkHop(messaging: Messaging, delivery: Delivery): readonly Break[] {
  const queue = messaging.queue(delivery.fromArn);
  const mapping = messaging.mappings.find(({ resource }) => resource === delivery.hop);
  const fn = messaging.function(delivery.toArn);
  return [
    ...accessBreaks(messaging, delivery),
    ...failureBreaks(messaging, delivery),
    ...(queue === undefined || mapping === undefined || fn === undefined
      ? []
      : consumptionBreaks(messaging, queue, mapping, fn)),
  ];
}

function describeStep(messaging: Messaging, delivery: Delivery, condition: string): string {
  const { kind, hop, toArn } = delivery;
  const to = messaging.assembly.find(toArn)?.constructPath ?? toArn;
  const queue = kind === 'mapping' ? messaging.queue(delivery.fromArn) : undefined;
  const failures =
    queue === undefined
      ? failureHopsOf(messaging, delivery).map((failure) => failure.toArn)
      : [queue.redrive?.deadLetterTargetArn].filter((arn) => arn !== undefined);
  const failing = failures.map((arn) => messaging.assembly.find(arn)?.constructPath ?? arn).join(', ');
  const after = queue?.redrive === undefined ? '' : ` after ${queue.redrive.maxReceiveCount} receives`;
  const permissions = accessOf(messaging, delivery).map(
    ({ verdict, permission: { action } }) => `${action}${verdict === 'allowed' ? '' : ` ${verdict}`}`,
  );
  return `${kind} ${hop.constructPath} -> ${to}: ${condition}; fails${after} into ${failing === '' ? 'nothing' : failing}; by ${permissions.join(', ')}`;
}
