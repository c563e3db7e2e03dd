/** One deployment of a stack while it is under way: what it is asked for, what it did so far, and what it tells of it. */
import { randomUUID } from 'node:crypto';

import { addEvent } from './stack.ts';
import type { IgnoredProperty, Stack, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';
import type { Template } from '../../lib/assembly/template.ts';

/** What a stack is to become. */
export interface StackRequest extends Surroundings {
  readonly template: Template;
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Run {
  readonly stacks: Stacks;
  readonly stack: Stack;
  readonly request: StackRequest;
  readonly nested: NestedStacks;
  /** The number of this deployment. */
  readonly generation: number;
  /** How to undo what was done, the last last. */
  readonly undo: (() => Promise<void>)[];
  /** What was replaced, and goes in the end. */
  readonly replaced: StackResource[];
  readonly ignored: IgnoredProperty[];
}

export function event(
  run: Run,
  { logicalId, type }: Pick<StackResource, 'logicalId' | 'type'>,
  physicalId: string,
  status: string,
  reason?: string,
): void {
  addEvent(run.stack, {
    id: `${logicalId}-${status}-${randomUUID()}`,
    logicalId,
    physicalId,
    type,
    status,
    at: run.stacks.aws.clock.now(),
    ...(reason !== undefined && { reason }),
    ...(run.request.token !== undefined && { token: run.request.token }),
  });
}

export function setStatus(run: Run, status: string, reason?: string): void {
  const { stack } = run;
  stack.status = status;
  stack.statusReason = reason;
  event(run, { logicalId: stack.name, type: 'AWS::CloudFormation::Stack' }, stack.id, status, reason);
}
