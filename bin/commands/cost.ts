/** `waybill cost`: what an environment costs by the month, and what a change to it costs. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readAssembly } from '../../lib/assembly/index.ts';
import { ENVIRONMENT_NAMES, environmentConfig } from '../../lib/config/index.ts';
import type { EnvironmentName } from '../../lib/config/index.ts';
import { compare, comparisonTable, estimate, fullTable } from '../../lib/estimate/index.ts';
import type { Estimate, EstimateOptions } from '../../lib/estimate/index.ts';
import { synthesize, SynthesisError } from '../../local/run/synthesize.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { withRevision } from '../git-worktree.ts';

export interface CostOptions {
  readonly env: string;
  readonly region?: string;
  /** A revision, or the path of a cdk.out directory. */
  readonly compare?: string;
  readonly json?: boolean;
}

/** Bundles of functions cost time and change no price. */
const WITHOUT_BUNDLES = { 'aws:cdk:bundling-stacks': [] };
/** For example us-east-1 or us-gov-west-1. */
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const COMMIT_LENGTH = 10;
/** A revision that is checked out is taken away before the process ends. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function cost(options: CostOptions): Promise<void> {
  if (options.region !== undefined && !REGION.test(options.region)) {
    throw new CommandError('WAYBILL_REGION_INVALID', `"${options.region}" is no Region`, {
      fix: 'give one such as eu-west-1',
    });
  }
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  for (const signal of STOPPING) process.once(signal, interrupt);
  try {
    await report(options, interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.exitCode = EXIT.interrupted;
  } finally {
    for (const signal of STOPPING) process.removeListener(signal, interrupt);
  }
}

async function report(options: CostOptions, signal: AbortSignal): Promise<void> {
  const values: EstimateOptions = { load: loadOf(options.env), region: options.region };
  const directory = process.cwd();
  // What costs nothing to find out comes first: a wrong revision is told before the first synth.
  const other =
    options.compare === undefined
      ? undefined
      : await before(directory, options.compare, options, values, signal);
  const now = await synthesized(directory, options.env, values, signal);
  if (other === undefined) {
    process.stdout.write(options.json === true ? json(now) : fullTable(now));
    return;
  }
  const comparison = compare(other.estimate, now);
  process.stdout.write(
    options.json === true
      ? json({ ...comparison, environment: now.environment, comparedWith: other.name })
      : comparisonTable(comparison, { before: other.name, after: 'the working tree' }),
  );
}

/** What is compared with: an assembly that is there, else a revision that is synthesized. */
async function before(
  directory: string,
  name: string,
  { env }: CostOptions,
  values: EstimateOptions,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly estimate: Estimate }> {
  const path = resolve(directory, name);
  if (existsSync(join(path, 'manifest.json')))
    return { name, estimate: estimate(readAssembly(path), values) };
  return withRevision(directory, name, async (there, commit) => {
    try {
      return {
        name: `${name} (${commit.slice(0, COMMIT_LENGTH)})`,
        estimate: await synthesized(there, env, values, signal),
      };
    } catch (cause) {
      if (signal.aborted || !(cause instanceof SynthesisError)) throw cause;
      throw new CommandError('WAYBILL_REVISION_NOT_SYNTHESIZED', `${name} cannot be synthesized`, {
        cause,
        fix: 'it runs with the dependencies that are installed now; compare with the cdk.out directory of a synth of that revision instead',
      });
    }
  });
}

async function synthesized(
  directory: string,
  environment: string,
  values: EstimateOptions,
  signal: AbortSignal,
): Promise<Estimate> {
  const outputDirectory = mkdtempSync(join(tmpdir(), 'waybill-cost-'));
  try {
    await synthesize({ directory, environment, outputDirectory, context: WITHOUT_BUNDLES, signal });
    return estimate(readAssembly(outputDirectory), values);
  } finally {
    rmSync(outputDirectory, { recursive: true, force: true });
  }
}

/** An application of somebody else has environments of its own, and the default load. */
function loadOf(environment: string): EstimateOptions['load'] {
  return ENVIRONMENT_NAMES.includes(environment as EnvironmentName)
    ? environmentConfig(environment).load
    : undefined;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
