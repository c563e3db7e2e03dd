/** What our constructs cost at synth, next to the same resources in plain CDK: `npm run bench -- synth`. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Kind } from './synth/applications.ts';

const RUNS = 7;
const TARGET_RATIO = 1.3;

interface Measurement {
  readonly milliseconds: number;
  readonly constructMilliseconds: number;
  readonly cpuMilliseconds: number;
  readonly megabytes: number;
  readonly counts: Readonly<Record<string, number>>;
}

type Figure = Exclude<keyof Measurement, 'counts'>;

/** Alternating, each run in a new process, so that neither profits from a warm or suffers from a busy machine. */
export async function run(): Promise<void> {
  measure('ours');
  measure('plain');
  const all: Record<Kind, Measurement[]> = { ours: [], plain: [] };
  for (let index = 0; index < RUNS; index += 1) {
    for (const kind of ['ours', 'plain'] as const) all[kind].push(measure(kind));
  }
  const { ours, plain } = all;
  assertSameResources(ours[0]!, plain[0]!);

  const total = Object.values(ours[0]!.counts).reduce((sum, count) => sum + count, 0);
  print(`50 services, ${total} resources, ${RUNS} runs each, median (minimum)`);
  const rows: [string, Figure, string][] = [
    ['construct + synth', 'milliseconds', 'ms'],
    ['  of it construct', 'constructMilliseconds', 'ms'],
    ['CPU', 'cpuMilliseconds', 'ms'],
    ['memory', 'megabytes', 'MB'],
  ];
  for (const [label, figure, unit] of rows) {
    const [mine, theirs] = [figures(ours, figure), figures(plain, figure)];
    print(
      `${label.padEnd(20)} ours ${describe(mine, unit)}  plain CDK ${describe(theirs, unit)}  ratio ${(mine.median / theirs.median).toFixed(2)}`,
    );
  }
  const ratio = figures(ours, 'cpuMilliseconds').median / figures(plain, 'cpuMilliseconds').median;
  print(`target: CPU at most ${TARGET_RATIO} times plain CDK: ${ratio <= TARGET_RATIO ? 'met' : 'MISSED'}`);
}

function measure(kind: Kind): Measurement {
  const output = execFileSync(
    process.execPath,
    [fileURLToPath(new URL('./synth/child.ts', import.meta.url)), kind],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  return JSON.parse(output) as Measurement;
}

/** A comparison of different things would say nothing. */
function assertSameResources(ours: Measurement, plain: Measurement): void {
  const types = [...new Set([...Object.keys(ours.counts), ...Object.keys(plain.counts)])];
  const different = types.filter((type) => ours.counts[type] !== plain.counts[type]);
  if (different.length === 0) return;
  const list = different
    .map((type) => `${type} ${ours.counts[type] ?? 0} and ${plain.counts[type] ?? 0}`)
    .join(', ');
  throw new Error(`the two applications differ in their resources: ${list}`);
}

interface Figures {
  readonly median: number;
  readonly minimum: number;
}

function figures(measurements: readonly Measurement[], figure: Figure): Figures {
  const sorted = measurements.map((measurement) => measurement[figure]).toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)]!, minimum: sorted[0]! };
}

function describe({ median, minimum }: Figures, unit: string): string {
  return `${median.toFixed(0)} (${minimum.toFixed(0)}) ${unit}`.padEnd(20);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
