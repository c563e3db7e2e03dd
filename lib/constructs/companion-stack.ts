/**
 * A stack beside another one, in another account or Region: for what must be where a message sets out, but belongs
 * to the consumer it goes to. It is deployed after the stack of the consumer and after that of the topic or bus, so
 * the queue is ready before the first message.
 */
import { Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { applicationOf } from './application-of.ts';
import { HopAlarms } from './alarms/index.ts';
import { locationOf } from './location.ts';
import type { Location } from './location.ts';
import { MessagingKey } from './messaging-key.ts';
import { pascalCase } from './names.ts';
import { deployAfter, referWeakly } from './stack-order.ts';

const KEY_ID = 'Key';

/** Made at first need, one per stack and location. */
function companionStack(scope: IConstruct, { account, region }: Location): Stack {
  const stack = outermostStackOf(scope);
  const here = locationOf(stack);
  const parts = [...(account === here.account ? [] : [account]), ...(region === here.region ? [] : [region])];
  const root = applicationOf(stack);
  const path = stack.node.path.slice(root.node.path === '' ? 0 : root.node.path.length + 1);
  const id = `${pascalCase(path)}In${pascalCase(parts.join('-'))}`;
  const known = root.node.tryFindChild(id);
  if (known instanceof Stack) return known;
  const companion = new Stack(root, id, {
    stackName: `${stack.stackName}-${parts.join('-')}`,
    description: `What ${stack.stackName} needs in ${parts.join(' ')}`,
    terminationProtection: stack.terminationProtection ?? false,
    tags: stack.tags.tagValues(),
    env: { account, region },
  });
  referWeakly(companion);
  deployAfter(companion, stack);
  return companion;
}

function outermostStackOf(scope: IConstruct): Stack {
  let stack = Stack.of(scope);
  while (stack.nestedStackParent !== undefined) stack = stack.nestedStackParent;
  return stack;
}

/** Where to make things, under which key, watched by whom. */
export interface Side {
  readonly scope: Construct;
  readonly encryptionKey: IKey | undefined;
  readonly alarms: HopAlarms;
}

/**
 * The side of `construct` in a location: itself where it is in it, else its part of the companion stack. A key is of
 * one Region and account, so the companion has one of its own where the construct has one; so are alarms.
 *
 * @param other the topic or bus, whose stack comes first
 */
export function sideIn(location: Location, own: Side, other: IConstruct): Side {
  const here = locationOf(own.scope);
  if (location.account === here.account && location.region === here.region) return own;
  const stack = companionStack(own.scope, location);
  deployAfter(stack, Stack.of(other));
  const id = idBelowStack(own.scope);
  const scope = stack.node.tryFindChild(id) ?? new Construct(stack, id);
  return {
    scope,
    encryptionKey: own.encryptionKey === undefined ? undefined : keyOf(stack),
    alarms: new HopAlarms(scope, { alarms: own.alarms.wanted ? 'all' : 'none' }),
  };
}

function keyOf(stack: Stack): IKey {
  return (stack.node.tryFindChild(KEY_ID) as MessagingKey | undefined) ?? new MessagingKey(stack, KEY_ID);
}

/** Below the outermost, whose companion it is: two nested stacks may hold the same. */
function idBelowStack(scope: IConstruct): string {
  const stackPath = outermostStackOf(scope).node.path;
  return pascalCase(scope.node.path.slice(stackPath === '' ? 0 : stackPath.length + 1));
}
