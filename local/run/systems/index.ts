/** The systems that the local run knows, each loaded only when it is asked for. */
import type { RunnableSystem } from './system.ts';

/** Names, so that the package does not take our application along. */
const COMMERCE: string = './commerce.ts';
const GENERATION: string = './generation.ts';
const JOBS: string = './jobs.ts';

const SYSTEMS: Readonly<Record<string, () => Promise<RunnableSystem>>> = {
  core: async () => (await import('./core.ts')).coreSystem,
  commerce: async () => ((await import(COMMERCE)) as { commerceSystem: RunnableSystem }).commerceSystem,
  generation: async () =>
    ((await import(GENERATION)) as { generationSystem: RunnableSystem }).generationSystem,
  jobs: async () => ((await import(JOBS)) as { jobsSystem: RunnableSystem }).jobsSystem,
};

export const SYSTEM_NAMES: readonly string[] = Object.keys(SYSTEMS);

/** Undefined for a name that is none of {@link SYSTEM_NAMES}. */
export async function systemNamed(name: string): Promise<RunnableSystem | undefined> {
  return Object.hasOwn(SYSTEMS, name) ? SYSTEMS[name]?.() : undefined;
}

export type { Activity, Feed, Judgement, Observed, RunnableSystem } from './system.ts';
