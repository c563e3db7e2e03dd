/** Policies that are resources of their own and are attached to queues, topics, buses and functions. */
import type { Resource } from './model.ts';
import { object, objects } from './property.ts';

export interface AttachedPolicy {
  /** The policy's resource; the sink's own where the policy is one of its properties. */
  readonly resource: Resource;
  readonly statements: readonly PolicyStatement[];
}

/** A statement as it stands in the document, with intrinsic functions resolved. */
export type PolicyStatement = Readonly<Record<string, unknown>>;

export function policiesByTarget(
  policies: readonly Resource[],
  targetsOf: (policy: Resource) => readonly string[],
): Map<string, AttachedPolicy[]> {
  const byTarget = new Map<string, AttachedPolicy[]>();
  for (const resource of policies) {
    const attached = { resource, statements: statementsOf(resource.properties['PolicyDocument']) };
    for (const target of targetsOf(resource))
      byTarget.set(target, [...(byTarget.get(target) ?? []), attached]);
  }
  return byTarget;
}

/** The statements of a document, given as object or as JSON text. */
export function statementsOf(document: unknown): readonly PolicyStatement[] {
  return objects(object(document)?.['Statement']);
}

/** One document of several policies, to be evaluated. Undefined where there is no policy at all. */
export function documentOf(policies: readonly AttachedPolicy[]): object | undefined {
  if (policies.length === 0) return undefined;
  return { Version: '2012-10-17', Statement: policies.flatMap(({ statements }) => statements) };
}
