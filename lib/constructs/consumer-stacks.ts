/**
 * Spreads consumers over a fixed number of stacks, so that a system grows past CloudFormation's 500 resources a
 * stack without ever moving a queue: a consumer's stack follows from its name alone.
 */
import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ValidationError } from './errors.ts';
import { deployAfter, referWeakly } from './stack-order.ts';

export interface ConsumerStacksProps {
  /**
   * How many stacks, 1 to 100. Chosen once and for good: with another number consumers change their stacks, and
   * a queue in another stack is another queue. Twelve consumers a stack leave room for chance and for growth.
   */
  readonly partitions: number;
  /**
   * Makes the stack of a partition, when its first consumer comes: a stack without constructs in it yet.
   * @default - a plain stack in the account and region of the stack around `scope`
   */
  readonly createStack?: (scope: Construct, id: string) => Stack;
  /**
   * What must be deployed before: the stacks of the topics, buses, keys and databases that consumers use.
   * Weak references order nothing by themselves.
   * @default - nothing
   */
  readonly dependsOn?: readonly Stack[];
}

/**
 * @example
 * const stacks = new ConsumerStacks(app, 'OrdersConsumers', { partitions: 8, dependsOn: [topics] });
 * new QueueConsumer(stacks.stackOf('fulfilment'), 'Fulfilment', { subscribesTo: [orders.events()], entry });
 */
export class ConsumerStacks {
  readonly #scope: Construct;
  readonly #id: string;
  readonly #props: ConsumerStacksProps;
  readonly #stacks = new Map<number, Stack>();

  /** @throws ValidationError WAYBILL_PARTITIONS_OUT_OF_RANGE */
  constructor(scope: Construct, id: string, props: ConsumerStacksProps) {
    if (!Number.isInteger(props.partitions) || props.partitions < 1 || props.partitions > MAX_PARTITIONS) {
      throw new ValidationError(scope, [
        {
          code: 'WAYBILL_PARTITIONS_OUT_OF_RANGE',
          prop: 'partitions',
          received: String(props.partitions),
          allowed: `a whole number from 1 to ${MAX_PARTITIONS}`,
          fix: 'take one for every twelve consumers that the system will ever have',
        },
      ]);
    }
    this.#scope = scope;
    this.#id = id;
    this.#props = props;
  }

  /** The stacks that have a consumer, in order of their numbers. */
  get stacks(): readonly Stack[] {
    return [...this.#stacks].toSorted(([a], [b]) => a - b).map(([, stack]) => stack);
  }

  /** The stack of a consumer. Its name decides, whatever other consumers there are. */
  stackOf(consumerName: string): Stack {
    const partition = partitionOf(consumerName, this.#props.partitions);
    const stack = this.#stacks.get(partition) ?? this.#createStack(`${this.#id}${partition + 1}`);
    this.#stacks.set(partition, stack);
    return stack;
  }

  #createStack(id: string): Stack {
    const { createStack, dependsOn } = this.#props;
    const stack = (createStack ?? plainStack)(this.#scope, id);
    referWeakly(stack);
    for (const other of dependsOn ?? []) deployAfter(stack, other);
    return stack;
  }
}

/** The same for ever: the first four bytes of the name's SHA-256, modulo the number of partitions. */
export function partitionOf(consumerName: string, partitions: number): number {
  return createHash('sha256').update(consumerName).digest().readUInt32BE(0) % partitions;
}

function plainStack(scope: Construct, id: string): Stack {
  const around = scope.node.scopes.findLast((candidate) => Stack.isStack(candidate));
  return new Stack(
    scope,
    id,
    around === undefined ? {} : { env: { account: around.account, region: around.region } },
  );
}

/** Well below the 2,000 stacks of an account and region, AWSCloudFormation/latest/UserGuide/cloudformation-limits.html. */
const MAX_PARTITIONS = 100;
