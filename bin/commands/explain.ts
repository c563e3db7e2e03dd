/** `waybill explain CODE`: what a code means, why it matters and what to do; without a code, the list of all. */
import { AREAS, EXPLANATIONS } from '../explanations/index.ts';
import type { Explanation } from '../explanations/index.ts';
import { CommandError, EXIT } from '../command-error.ts';

export interface ExplainOptions {
  readonly json?: boolean;
}

/**
 * Takes `WAYBILL_W10`, `W10` and `Waybill-W10`, in any case; of a capacity check also the code without its beginning.
 * Exits 2 for a code that is none, with the nearest there is.
 */
export function explain(given: string | undefined, { json = false }: ExplainOptions): void {
  if (given === undefined) {
    process.stdout.write(json ? `${JSON.stringify(EXPLANATIONS, null, 2)}\n` : listOfAll());
    return;
  }
  const code = codeOf(given);
  const explanation = EXPLANATIONS[code];
  if (explanation === undefined) {
    process.exitCode = EXIT.usage;
    const error = new CommandError('WAYBILL_CODE_UNKNOWN', `there is no code ${given}`, {
      fix: suggestion(code),
    });
    process.stderr.write(`waybill: ${error.message}\n  Fix: ${error.fix}\n  Code: ${error.code}\n`);
    return;
  }
  process.stdout.write(
    json ? `${JSON.stringify({ code, ...explanation }, null, 2)}\n` : describe(code, explanation),
  );
}

const PREFIX = 'WAYBILL_';

/** The code that was meant by what somebody has copied out of a report. */
function codeOf(given: string): string {
  const bare = given
    .trim()
    .toUpperCase()
    .replace(/^WAYBILL(?:CAPACITY)?::/, '')
    .replace(/^WAYBILL[-_]/, '')
    .replaceAll('-', '_');
  const whole = `${PREFIX}${bare}`;
  // What a job ends with is none of Waybill's own errors.
  if (Object.hasOwn(EXPLANATIONS, bare)) return bare;
  const ofCapacity = `${PREFIX}CAPACITY_${bare}`;
  return !Object.hasOwn(EXPLANATIONS, whole) && Object.hasOwn(EXPLANATIONS, ofCapacity) ? ofCapacity : whole;
}

function describe(code: string, { what, why, fix, example, source }: Explanation): string {
  return `${code}\n\n${what}\n\n  Why it matters  ${why}\n  What to do      ${fix}\n  Example         ${example}\n  Source          ${addressOf(source)}\n`;
}

/** Where a source can be read: AWS's pages by their address, our own by their path in the package. */
function addressOf(source: string): string {
  return /^(?:https:|docs\/)/.test(source) ? source : `https://docs.aws.amazon.com/${source}`;
}

function listOfAll(): string {
  return AREAS.map(({ title, explanations }) => {
    const lines = Object.entries(explanations).map(([code, { what }]) => `  ${code.padEnd(46)}${what}\n`);
    return `${title}\n${lines.join('')}`;
  }).join('\n');
}

/** More letters than this are no slip of the fingers: it is somebody else's code. */
const MAX_SLIPS = 6;

function suggestion(code: string): string {
  const [nearest] = Object.keys(EXPLANATIONS)
    .map((known) => ({ known, distance: distanceBetween(code, known) }))
    .filter(({ distance }) => distance <= MAX_SLIPS)
    .toSorted((a, b) => a.distance - b.distance);
  const list = '`waybill explain` lists all of them';
  return nearest === undefined ? list : `did you mean ${nearest.known}? ${list}`;
}

/** Levenshtein: how many letters have to be added, removed or exchanged. */
function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const exchanged = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
