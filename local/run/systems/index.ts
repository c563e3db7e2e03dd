/** The systems that the local run knows, each loaded only when it is asked for. */
import { existsSync } from 'node:fs';
import type { RunnableSystem } from './system.ts';

/** Names, so that the package does not take our application along. */
const OURS = {
  agents: './agents.ts',
  commerce: './commerce.ts',
  generation: './generation.ts',
  jobs: './jobs.ts',
} as const;
const { agents, commerce, generation, jobs }: Readonly<Record<keyof typeof OURS, string>> = OURS;

const SYSTEMS: Readonly<Record<string, () => Promise<RunnableSystem>>> = {
  core: async () => (await import('./core.ts')).coreSystem,
  agents: async () => ((await import(agents)) as { agentsSystem: RunnableSystem }).agentsSystem,
  commerce: async () => ((await import(commerce)) as { commerceSystem: RunnableSystem }).commerceSystem,
  generation: async () =>
    ((await import(generation)) as { generationSystem: RunnableSystem }).generationSystem,
  jobs: async () => ((await import(jobs)) as { jobsSystem: RunnableSystem }).jobsSystem,
};

export const SYSTEM_NAMES: readonly string[] = Object.keys(SYSTEMS);

/**
 * Systems of this repository that are not where this file is: an installed package has the core system only.
 * @param here for tests
 */
export function systemsElsewhere(here: string | URL = import.meta.url): readonly string[] {
  return Object.entries(OURS)
    .filter(([, file]) => !existsSync(new URL(file, here)))
    .map(([name]) => name);
}

/** Undefined for a name that is none of {@link SYSTEM_NAMES}. */
export async function systemNamed(name: string): Promise<RunnableSystem | undefined> {
  return Object.hasOwn(SYSTEMS, name) ? SYSTEMS[name]?.() : undefined;
}

export type { Activity, Feed, Judgement, Observed, RunnableSystem } from './system.ts';
