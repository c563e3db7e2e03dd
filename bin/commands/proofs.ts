/** `waybill proofs`: every claim of a synthesized application, proven or with the break. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readAssembly } from '../../lib/assembly/index.ts';
import type { Assembly } from '../../lib/assembly/index.ts';
import { proveAssembly } from '../../lib/proofs/index.ts';
import type { Proof, ProofKind } from '../../lib/proofs/index.ts';
import { describeBreak } from '../../lib/proofs/index.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { CommandError, EXIT } from '../command-error.ts';

export interface ProofsOptions {
  /** `KEY=VALUE`, as the CDK command line takes them. */
  readonly context: readonly string[];
  /** A cloud assembly that is there, instead of a synth. */
  readonly assembly?: string;
  readonly json?: boolean;
}

export async function proofs(options: ProofsOptions): Promise<void> {
  const assembly =
    options.assembly === undefined
      ? await synthesized(contextOf(options.context))
      : readAssembly(resolve(options.assembly));
  if (assembly.topology === undefined) {
    throw new CommandError(
      'WAYBILL_TOPOLOGY_NOT_FOUND',
      'the application declares no topology, so there is nothing to prove',
      {
        fix: "use Waybill's constructs, or make claims of your own with expectDelivery of waybill/testing; stages have a topology each: --assembly cdk.out/assembly-STAGE",
      },
    );
  }
  const all = proveAssembly(assembly);
  const broken = all.filter(({ breaks }) => breaks.length > 0);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ environment: assembly.topology.environment, proven: all.length - broken.length, broken: broken.length, proofs: all }, null, 2)}\n`
      : report(assembly.topology.environment, all),
  );
  if (broken.length > 0) process.exitCode = EXIT.failed;
}

async function synthesized({ env = 'local', ...context }: Record<string, string>): Promise<Assembly> {
  const outputDirectory = mkdtempSync(join(tmpdir(), 'waybill-proofs-'));
  try {
    await synthesize({
      directory: process.cwd(),
      environment: env,
      outputDirectory,
      // Bundles of functions cost time and change no proof.
      context: { ...context, 'aws:cdk:bundling-stacks': [] },
    });
    return readAssembly(outputDirectory);
  } finally {
    rmSync(outputDirectory, { recursive: true, force: true });
  }
}

function contextOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (!pair.includes('=') || key === '') {
        throw new CommandError('WAYBILL_CONTEXT_INVALID', `"${pair}" is no context value`, {
          fix: 'give KEY=VALUE, for example -c env=prod',
        });
      }
      return [key, value];
    }),
  );
}

const HEADINGS: Readonly<Record<ProofKind, string>> = {
  publish: 'Publishing',
  delivery: 'Delivery',
  isolation: 'Isolation',
  privilege: 'Least privilege',
  alarm: 'Alarms',
};

function report(environment: string, all: readonly Proof[]): string {
  const byKind = Map.groupBy(all, ({ kind }) => kind);
  const sections = [...byKind].map(
    ([kind, ofKind]) => `${HEADINGS[kind]}\n${ofKind.map((proof) => describe(proof)).join('')}`,
  );
  const broken = all.filter(({ breaks }) => breaks.length > 0);
  const verdict =
    broken.length === 0 ? `all ${all.length} proven` : `${broken.length} of ${all.length} broken`;
  return `${sections.join('\n')}\n${breaksOf(broken)}${environment}: ${verdict}\n`;
}

/** What is broken comes last, where whoever reads a terminal or the end of a log sees it. */
function breaksOf(broken: readonly Proof[]): string {
  if (broken.length === 0) return '';
  const told = broken.map(
    ({ claim, breaks }) => `  ${claim}\n${breaks.map((one) => `    ${describeBreak(one)}\n`).join('')}`,
  );
  return `Broken\n${told.join('')}\n`;
}

/** Hops are told of deliveries; of the others the claim says it all. */
function describe({ kind, claim, steps, breaks }: Proof): string {
  const verdict = breaks.length === 0 ? 'proven' : 'BROKEN';
  const hops = kind === 'delivery' ? steps.map((step) => `            ${step}\n`) : [];
  return `  ${verdict}  ${claim}\n${hops.join('')}`;
}
