/** Real GitHub payloads, dealt to the tenants in an order that only the seed decides. */
import { createRequire } from 'node:module';
import { seededRandom } from './random.ts';
import type { Random } from './random.ts';

export interface ExamplePayload {
  /** The value of `X-GitHub-Event`. */
  readonly name: string;
  readonly body: string;
}

export type DeliveryKind =
  /** A delivery like any other. */
  | 'genuine'
  /** Sent a second time with the same id, as GitHub's "Redeliver" does. */
  | 'repeated'
  /** Signed with a wrong secret. */
  | 'forged';

export interface Delivery {
  readonly kind: DeliveryKind;
  /** Index of the tenant it is for. */
  readonly tenant: number;
  readonly deliveryId: string;
  readonly payload: ExamplePayload;
}

export interface DeliveryOptions {
  readonly seed: number;
  readonly tenants: number;
  readonly payloads?: readonly ExamplePayload[];
}

/** Every how many genuine deliveries one is repeated, and one is forged. */
const REPEAT_EVERY = 25;
const FORGE_EVERY = 50;

/** All payloads of `@octokit/webhooks-examples`, in its own order. */
export function examplePayloads(): readonly ExamplePayload[] {
  const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
    readonly name: string;
    readonly examples: readonly object[];
  }[];
  return examples.flatMap(({ name, examples: payloads }) =>
    payloads.map((payload) => ({ name, body: JSON.stringify(payload) })),
  );
}

/**
 * Deliveries without end. Each round deals every payload once, shuffled; repeated and forged ones are in
 * addition to the genuine ones.
 */
export function* deliveries(options: DeliveryOptions): Generator<Delivery, never> {
  const random = seededRandom(options.seed);
  const payloads = options.payloads ?? examplePayloads();
  for (let count = 1; ;) {
    for (const payload of shuffled(payloads, random)) {
      const delivery = { tenant: random.whole(options.tenants), deliveryId: random.uuid(), payload };
      yield { kind: 'genuine', ...delivery };
      if (count % REPEAT_EVERY === 0) yield { kind: 'repeated', ...delivery };
      if (count % FORGE_EVERY === 0) yield { kind: 'forged', ...delivery, deliveryId: random.uuid() };
      count += 1;
    }
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random.whole(last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
