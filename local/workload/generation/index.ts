/** Public surface of the generation workload: create it, run it, measure and judge what came of it. */
export { generationFailures, generationReport, generationSummary } from './judge.ts';
export type { GenerationOutcome } from './judge.ts';
export {
  ageSilentGenerations,
  GENERATION_SCHEMA,
  keyOf,
  measureGenerations,
  notesOf,
  pendingGenerations,
} from './measure.ts';
export type { TableItem } from './measure.ts';
export { createGenerationWorkload } from './workload.ts';
export type { GenerationWorkload } from './workload.ts';
