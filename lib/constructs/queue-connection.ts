/** What the paths from topics and from buses to a consumer's queue have in common. */
import { Stack } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import type { HopAlarms } from './alarms/index.ts';
import type { EventSubscription } from './event-routes.ts';
import { pascalCase } from './names.ts';

export interface QueueConnection {
  readonly scope: Construct;
  readonly queue: Queue;
  /** The consumer's name. */
  readonly consumer: string;
  readonly encryptionKey: IKey | undefined;
  /** Of the dead-letter queues. */
  readonly dataKeyReuse: Duration | undefined;
  /** How long an event may wait on its way to the consumer. */
  readonly maxAge: Duration;
  readonly alarms: HopAlarms;
}

export function uniqueEvents(sources: readonly EventSubscription[]): AnyEventContract[] {
  return [...new Set(sources.flatMap(({ events }) => events))];
}

/** A short id within the consumer: the origin's path below its stack, with the stack only where that is taken. */
export function originId(scope: Construct, origin: IConstruct): string {
  const path = origin.node.path;
  const stackPath = Stack.of(origin).node.path;
  const short = pascalCase(stackPath === '' ? path : path.slice(stackPath.length + 1));
  return scope.node.tryFindChild(`From${short}`) === undefined ? short : pascalCase(path);
}
