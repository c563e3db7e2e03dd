/** Public surface of the agents workload: create it, run it, move the agents meanwhile, measure and judge what came of it. */
export { agentsFailures, agentsReport, agentsSummary } from './judge.ts';
export type { AgentsOutcome } from './judge.ts';
export { AGENTS_SCHEMA, measureAgents } from './measure.ts';
export { expectedEffects } from './model.ts';
export { createMover, parityOf, TRANSPORTS } from './moves.ts';
export type { AgentsRoute } from './moves.ts';
export { progressOf } from './progress.ts';
export type { AgentsProgress } from './progress.ts';
export { createAgentsWorkload } from './workload.ts';
