/**
 * EventBridge makes or deletes one subscriber of a bus at a time; a second call meanwhile fails with
 * ConcurrentModificationException, and CloudFormation makes independent resources at once. So the subscribers of a
 * bus depend on each other in a chain. Source: eventbridge/latest/userguide/eb-custom-bus-subscribers.html.
 */
import { Stack } from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { deployAfter } from './stack-order.ts';

/** The last subscriber of each stack, in the order in which the stacks came. */
const chains = new WeakMap<IConstruct, Map<Stack, CfnResource>>();

/**
 * Within a stack it is a DependsOn. Across the stacks of an app it is a dependency of the stacks, which `cdk deploy`
 * and `cdk destroy` keep to. Out of reach are other apps, other accounts on a shared bus, and subscribers made by
 * hand: there the second one fails, and its deployment is to be repeated.
 */
export function chainSubscriber(bus: IConstruct, subscriber: CfnResource): void {
  const known = chains.get(bus);
  const lastByStack = known ?? new Map<Stack, CfnResource>();
  if (known === undefined) {
    chains.set(bus, lastByStack);
    // Not a check, but the moment for it: the stacks' own references have become dependencies by then, and a
    // dependency the other way round would be a circle.
    bus.node.addValidation({
      validate: () => {
        orderStacks([...lastByStack.keys()]);
        return [];
      },
    });
  }
  const stack = Stack.of(subscriber);
  const before = lastByStack.get(stack);
  if (before !== undefined) subscriber.node.addDependency(before);
  lastByStack.set(stack, subscriber);
}

/** Each stack after those before it, unless one of the two waits for the other anyway. */
function orderStacks(stacks: readonly Stack[]): void {
  for (const [position, later] of stacks.entries()) {
    for (const earlier of stacks.slice(0, position)) {
      if (waitsFor(later, earlier) || waitsFor(earlier, later)) continue;
      deployAfter(later, earlier, 'one subscriber of a bus is made at a time');
    }
  }
}

function waitsFor(stack: Stack, other: Stack, seen = new Set<Stack>()): boolean {
  if (seen.has(stack)) return false;
  seen.add(stack);
  return stack.dependencies.some((next) => next === other || waitsFor(next, other, seen));
}
