/** What our constructs cost at synth, next to the same resources in plain CDK: `npm run bench -- synth`. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Kind, Size } from './synth/applications.ts';

interface Scale extends Size {
  readonly runs: number;
  /** Of ours to plain CDK, at most: CPU and wall time, and memory. */
  readonly target: number;
}

const SCALES: readonly Scale[] = [
  { services: 50, consumers: 3, runs: 7, target: 1.3 },
  { services: 200, consumers: 1, runs: 5, target: 1.5 },
];

interface Measurement {
  readonly milliseconds: number;
  readonly constructMilliseconds: number;
  readonly cpuMilliseconds: number;
  readonly megabytes: number;
  readonly counts: Readonly<Record<string, number>>;
}

type Figure = Exclude<keyof Measurement, 'counts'>;

export async function run(): Promise<void> {
  for (const scale of SCALES) compare(scale);
}

/** Alternating, each run in a new process, so that neither profits from a warm or suffers from a busy machine. */
function compare(scale: Scale): void {
  measure('ours', scale);
  measure('plain', scale);
  const all: Record<Kind, Measurement[]> = { ours: [], plain: [] };
  for (let index = 0; index < scale.runs; index += 1) {
    for (const kind of ['ours', 'plain'] as const) all[kind].push(measure(kind, scale));
  }
  const { ours, plain } = all;
  assertSameResources(ours[0]!, plain[0]!);

  const total = Object.values(ours[0]!.counts).reduce((sum, count) => sum + count, 0);
  print(`${scale.services} services, ${total} resources, ${scale.runs} runs each, median (minimum)`);
  const rows: [string, Figure, string][] = [
    ['construct + synth', 'milliseconds', 'ms'],
    ['  of it construct', 'constructMilliseconds', 'ms'],
    ['CPU', 'cpuMilliseconds', 'ms'],
    ['peak memory', 'megabytes', 'MB'],
  ];
  for (const [label, figure, unit] of rows) {
    const [mine, theirs] = [figures(ours, figure), figures(plain, figure)];
    print(
      `${label.padEnd(20)} ours ${describe(mine, unit)}  plain CDK ${describe(theirs, unit)}  ratio ${(mine.median / theirs.median).toFixed(2)}`,
    );
  }
  const worst = Math.max(
    ...(['milliseconds', 'cpuMilliseconds', 'megabytes'] as const).map(
      (figure) => figures(ours, figure).median / figures(plain, figure).median,
    ),
  );
  const verdict = worst <= scale.target ? 'met' : 'MISSED';
  print(`target: at most ${scale.target} times plain CDK in time, CPU and memory: ${verdict}\n`);
}

function measure(kind: Kind, { services, consumers }: Size): Measurement {
  const child = fileURLToPath(new URL('./synth/child.ts', import.meta.url));
  const output = execFileSync(process.execPath, [child, kind, String(services), String(consumers)], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
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
