/** Remembers the alert topics of an application, so that alarms find theirs whatever was created first. */
import { Stack, Token } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { applicationOf } from './application-of.ts';

interface Registered {
  readonly stack: Stack;
  readonly topic: ITopic;
}

const registry = new WeakMap<IConstruct, Registered[]>();

export function registerAlertTopic(scope: IConstruct, topic: ITopic): void {
  const application = applicationOf(scope);
  registry.set(application, [...(registry.get(application) ?? []), { stack: Stack.of(scope), topic }]);
}

/**
 * The only alert topic of the stack, else the only one of the application in the stack's account and Region, else
 * undefined. An alarm cannot act in another Region, and the topic of another account lets only its own alarms in.
 */
export function alertTopicOf(scope: IConstruct): ITopic | undefined {
  const here = Stack.of(scope);
  const inReach = alertTopicsInReach(scope);
  const ofStack = inReach.filter(({ stack }) => stack === here);
  if (ofStack.length === 1) return ofStack[0]?.topic;
  return ofStack.length === 0 && inReach.length === 1 ? inReach[0]?.topic : undefined;
}

/** Those of the application in the account and Region of the scope's stack. */
export function alertTopicsInReach(scope: IConstruct): readonly Registered[] {
  const here = Stack.of(scope);
  return (registry.get(applicationOf(scope)) ?? []).filter(
    ({ stack }) => !differ(stack.account, here.account) && !differ(stack.region, here.region),
  );
}

/** What is known only at deployment is taken for the same. */
function differ(one: string, other: string): boolean {
  return one !== other && !Token.isUnresolved(one) && !Token.isUnresolved(other);
}
