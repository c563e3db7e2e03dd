/** Remembers the alert topics of an application, so that alarms find theirs whatever was created first. */
import { Stack } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';

interface Registered {
  readonly stack: Stack;
  readonly topic: ITopic;
}

const registry = new WeakMap<IConstruct, Registered[]>();

export function registerAlertTopic(scope: IConstruct, topic: ITopic): void {
  const root = scope.node.root;
  registry.set(root, [...(registry.get(root) ?? []), { stack: Stack.of(scope), topic }]);
}

/** The only alert topic of the stack, else the only one of the application, else undefined. */
export function alertTopicOf(scope: IConstruct): ITopic | undefined {
  const all = registry.get(scope.node.root) ?? [];
  const ofStack = all.filter(({ stack }) => stack === Stack.of(scope));
  if (ofStack.length === 1) return ofStack[0]?.topic;
  return ofStack.length === 0 && all.length === 1 ? all[0]?.topic : undefined;
}
