/** Public surface of the agents workload: create it, run it, move the agents meanwhile, measure and judge what came of it. */
export { agentsFailures, agentsReport, agentsSummary } from './judge.ts';
export type { AgentsOutcome } from './judge.ts';
export { AGENTS_SCHEMA, measureAgents } from './measure.ts';
export { killTurns } from './kills.ts';
export type { KillTurns } from './kills.ts';
export { expectedEffects } from './model.ts';
export { createMover, parityOf, statusOf, TRANSPORTS } from './moves.ts';
export type { AgentsRoute } from './moves.ts';
export { createOperator } from './operator.ts';
export { progressOf } from './progress.ts';
export type { AgentsProgress } from './progress.ts';
export { createAgentsWorkload } from './workload.ts';
