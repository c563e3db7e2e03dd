/** What a guard is: one rule about an assembly, and what it finds. */
import type { Messaging, Resource } from '../assembly/index.ts';

export interface Guard {
  /** As in the design: `W1` to `W22` for silent loss, `D14` for a rule of delivery. Part of the code and of the nag rule's name. */
  readonly id: string;
  /** What is wrong where it finds something, in one short sentence. */
  readonly title: string;
  /** Why an operator should care: what is lost, and how it looks when it happens. */
  readonly explanation: string;
  /** What it rests on: a page below docs.aws.amazon.com, a URL, or a file of ours. {@link linkOf} makes it a link. */
  readonly source: string;
  /** A warning where the guard cannot know for certain that a message will be lost. */
  readonly level: 'error' | 'warning';
  /** Says nothing about what it cannot know, such as values that only AWS has. */
  check(messaging: Messaging): readonly Finding[];
}

export interface Finding {
  /** What has to be changed. */
  readonly resource: Resource;
  /** The property, or the policy, that is wrong, in CloudFormation's words. */
  readonly property: string;
  readonly received: string;
  readonly allowed: string;
  /** What to do, and where it is not obvious, why. */
  readonly fix: string;
  /**
   * What this one rests on, as {@link Guard.source}.
   * @default - what the guard rests on
   */
  readonly source?: string;
}

/** Stable, for tests, tools and `waybill explain`. */
export function codeOf({ id }: Pick<Guard, 'id'>): string {
  return `WAYBILL_${id}`;
}

/** The source as somebody can open it. */
export function linkOf({ source }: Pick<Guard, 'source'>): string {
  return /^(?:https:|docs\/)/.test(source) ? source : `https://docs.aws.amazon.com/${source}`;
}

/** One line: code, construct path, property, received, allowed, fix. */
export function describeFinding(guard: Guard, finding: Finding): string {
  const { resource, property, received, allowed, fix } = finding;
  return `${codeOf(guard)}: [${resource.constructPath}] ${property}: received ${received}, allowed ${allowed}; ${fix}`;
}
