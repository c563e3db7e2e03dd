/** What a change costs: the difference of two estimates, line by line. */
import type { Cost, Estimate } from './estimate.ts';

export interface CostChange {
  readonly stack: string;
  readonly constructPath: string;
  /** The service or consumer; null for what is shared. */
  readonly owner: string | null;
  readonly service: string;
  readonly item: string;
  /** Undefined: the line is new. */
  readonly before: Cost | undefined;
  /** Undefined: the line is gone. */
  readonly after: Cost | undefined;
  readonly difference: Cost;
}

export interface Comparison {
  readonly schemaVersion: '1.0';
  readonly before: Cost;
  readonly after: Cost;
  readonly difference: Cost;
  /** What changed by more than a tenth of a cent, the largest difference at the declared load first. */
  readonly changes: readonly CostChange[];
}

/** Below this a difference is noise of floating point, or not worth a line. */
const LEAST_DIFFERENCE_USD = 0.001;

export function compare(before: Estimate, after: Estimate): Comparison {
  const earlier = byKey(before);
  const later = byKey(after);
  const changes = [...new Set([...earlier.keys(), ...later.keys()])]
    .map((key) => changeOf(earlier.get(key), later.get(key)))
    .filter(({ difference }) => isWorthALine(difference))
    .sort((a, b) => Math.abs(b.difference.load) - Math.abs(a.difference.load));
  return {
    schemaVersion: '1.0',
    before: before.total,
    after: after.total,
    difference: minus(after.total, before.total),
    changes,
  };
}

type Line = Estimate['lines'][number];

/** Lines of the same resource and item are one. */
function byKey({ lines }: Estimate): ReadonlyMap<string, Line> {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = [line.stack, line.constructPath, line.service, line.item].join('\n');
    const other = found.get(key);
    found.set(
      key,
      other === undefined ? line : { ...line, idle: line.idle + other.idle, load: line.load + other.load },
    );
  }
  return found;
}

function changeOf(before: Line | undefined, after: Line | undefined): CostChange {
  const { stack, constructPath, owner, service, item } = (after ?? before)!;
  const nothing = { idle: 0, load: 0 };
  const cost = (line: Line | undefined): Cost | undefined =>
    line === undefined ? undefined : { idle: line.idle, load: line.load };
  return {
    stack,
    constructPath,
    owner,
    service,
    item,
    before: cost(before),
    after: cost(after),
    difference: minus(after ?? nothing, before ?? nothing),
  };
}

function minus(a: Cost, b: Cost): Cost {
  return { idle: a.idle - b.idle, load: a.load - b.load };
}

function isWorthALine({ idle, load }: Cost): boolean {
  return Math.abs(idle) >= LEAST_DIFFERENCE_USD || Math.abs(load) >= LEAST_DIFFERENCE_USD;
}
