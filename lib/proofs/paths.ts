/** The ways from a topic, bus or queue to a consumer, whether messages get through or not. */
import { deliveriesOf } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import { parseArn } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';

/** Hops in the order of the flow; each begins where the one before it ends. */
export type Path = readonly Delivery[];

/** More hops than any flow has; ends circles, such as two buses that forward to each other. */
const MAXIMUM_HOPS = 8;

/** Every path of messages between two resources, the shortest first. Filters and permissions are not looked at. */
export function pathsBetween(messaging: Messaging, fromArn: string, toArn: string): readonly Path[] {
  const { bySource } = flow(messaging);
  const found: Path[] = [];
  const visit = (arn: string, path: Path): void => {
    if (arn === toArn && path.length > 0) {
      found.push(path);
      return;
    }
    if (path.length >= MAXIMUM_HOPS) return;
    for (const delivery of bySource.get(arn) ?? []) {
      if (path.some(({ fromArn }) => fromArn === delivery.toArn) || delivery.toArn === fromArn) continue;
      visit(unqualified(delivery.toArn), [...path, delivery]);
    }
  };
  visit(fromArn, []);
  return found.toSorted((left, right) => left.length - right.length);
}

/** The hops that leave a resource with messages. */
export function hopsFrom(messaging: Messaging, arn: string): readonly Delivery[] {
  return flow(messaging).bySource.get(arn) ?? [];
}

/** Where what fails at a hop goes: its dead-letter delivery. For a queue also that of its redrive policy. */
export function failureHopsOf(messaging: Messaging, { hop, toArn, kind }: Delivery): readonly Delivery[] {
  const { failures } = flow(messaging);
  const own = failures.get(hop) ?? [];
  // What a rule or subscription gives up on is per target: the assembly says which.
  if (kind === 'rule') {
    const rule = messaging.rules.find(({ resource }) => resource === hop);
    const target = rule?.targets.find(({ arn }) => arn === toArn);
    return own.filter((failure) => failure.toArn === target?.deadLetterArn);
  }
  return own;
}

interface Flow {
  readonly bySource: ReadonlyMap<string, readonly Delivery[]>;
  readonly failures: ReadonlyMap<Delivery['hop'], readonly Delivery[]>;
}

const flows = new WeakMap<Messaging, Flow>();

function flow(messaging: Messaging): Flow {
  const known = flows.get(messaging);
  if (known !== undefined) return known;
  const deliveries = deliveriesOf(messaging);
  const made = {
    bySource: Map.groupBy(
      deliveries.filter(({ purpose }) => purpose === 'message'),
      ({ fromArn }) => fromArn,
    ),
    failures: Map.groupBy(
      deliveries.filter(({ purpose }) => purpose === 'deadLetter'),
      ({ hop }) => hop,
    ),
  };
  flows.set(messaging, made);
  return made;
}

/** A function without its version or alias. */
function unqualified(arn: string): string {
  return parseArn(arn)?.service === 'lambda' ? arn.split(':').slice(0, 7).join(':') : arn;
}
