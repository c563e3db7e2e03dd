/** Which findings a template acknowledges: a construct wrote the reason to the metadata of what was found. */
import type { Finding, Guard } from './guard.ts';

/** As `acknowledgeGuard` of the constructs writes it, which the guards do without. */
const METADATA = 'waybill:acknowledged';

/**
 * The reason, or undefined where the finding is not acknowledged.
 *
 * | metadata of the resource | |
 * |---|---|
 * | has the guard's id, with the value that was found | acknowledged |
 * | has the guard's id, with another value | found: somebody has changed the value since |
 * | has no such id | found |
 */
export function acknowledgementOf({
  guard,
  finding,
}: {
  readonly guard: Pick<Guard, 'id'>;
  readonly finding: Finding;
}): string | undefined {
  const all = finding.resource.source.Metadata?.[METADATA];
  if (!isObject(all)) return undefined;
  const own = all[guard.id];
  if (!isObject(own) || own['received'] !== finding.received) return undefined;
  return typeof own['reason'] === 'string' ? own['reason'] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
