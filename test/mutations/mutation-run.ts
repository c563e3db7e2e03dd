/** Makes mistakes in an assembly, one at a time, and asks the guards and the proofs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemblyOf } from '../../lib/assembly/index.ts';
import type { Assembly, SourceStack } from '../../lib/assembly/index.ts';
import { readCloudAssembly } from '../../lib/assembly/cloud-assembly.ts';
import { checkAssembly } from '../../lib/guards/index.ts';
import { proveAssembly } from '../../lib/proofs/index.ts';
import { readTopology } from '../../lib/topology/index.ts';
import { harmlessBecause } from './harmless.ts';
import { mutationsOf } from './mutations.ts';
import type { Mutation } from './mutations.ts';

export interface Caught extends Mutation {
  readonly by: readonly ('guard' | 'proof')[];
}

export interface MutationResult {
  readonly all: number;
  readonly sampled: number;
  readonly harmless: readonly Mutation[];
  readonly caught: readonly Caught[];
  readonly escaped: readonly Mutation[];
}

/** @param sample how many; more than there are takes all */
export function mutationRun(directory: string, sample: number, seed: number): MutationResult {
  const topology = readTopology(directory);
  const stacks = readCloudAssembly(directory).stacks.map((stack): SourceStack => {
    const paths = stack.constructPaths();
    return {
      ...stack,
      constructPath: (logicalId) => paths.get(logicalId),
      nestedTemplate: (path) => JSON.parse(readFileSync(join(stack.directory, path), 'utf8')) as never,
    };
  });
  const before = assemblyOf(stacks, topology);
  if (isFound(before).length > 0) throw new Error('the assembly has findings before any mutation');

  const all = stacks.flatMap(({ stackName, template }) => mutationsOf(stackName, template));
  const chosen = shuffled(all, seed).slice(0, sample);
  const templates = new Map(stacks.map(({ stackName, template }) => [stackName, template]));
  const isHarmless = (mutation: Mutation): boolean =>
    harmlessBecause(mutation, templates.get(mutation.stackName) ?? {}) !== undefined;
  const tried = chosen
    .filter((mutation) => !isHarmless(mutation))
    .map((mutation) => ({
      ...mutation,
      by: isFound(
        assemblyOf(
          stacks.map((stack) =>
            stack.stackName === mutation.stackName
              ? { ...stack, template: mutation.apply(stack.template) }
              : stack,
          ),
          topology,
        ),
      ),
    }));
  return {
    all: all.length,
    sampled: chosen.length,
    harmless: chosen.filter(isHarmless),
    caught: tried.filter(({ by }) => by.length > 0),
    escaped: tried.filter(({ by }) => by.length === 0),
  };
}

function isFound(assembly: Assembly): readonly ('guard' | 'proof')[] {
  return [
    ...(checkAssembly(assembly).length > 0 ? (['guard'] as const) : []),
    ...(proveAssembly(assembly).some(({ breaks }) => breaks.length > 0) ? (['proof'] as const) : []),
  ];
}

/** The same order for the same seed: mulberry32. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((left, right) => left.key - right.key)
    .map(({ item }) => item);
}
