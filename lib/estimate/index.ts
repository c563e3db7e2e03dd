/** Public surface of the estimate: cost and capacity of a synthesized application. */
export { CapacityChecks } from './capacity-checks.ts';
export type { CapacityChecksProps } from './capacity-checks.ts';
export { compare } from './compare.ts';
export type { Comparison, CostChange } from './compare.ts';
export type { EstimateOptions } from './context.ts';
export type { CostLine, CostService } from './cost/index.ts';
export { estimate } from './estimate.ts';
export type { Cost, Estimate, NamedCost } from './estimate.ts';
export { flowOf } from './flow.ts';
export type { Flow, TrafficFlow } from './flow.ts';
export { DEFAULT_ASSUMPTIONS } from './load.ts';
export type { Assumptions, LoadProfile } from './load.ts';
export { transportCosts, TRANSPORTS } from './transports/index.ts';
export type {
  TransportCost,
  TransportCostLine,
  TransportCostOptions,
  TransportKind,
  TransportLoad,
  TransportSizes,
} from './transports/index.ts';
export { comparisonTable, fullTable, shortTable } from './table.ts';
export { VERDICT_RULES } from './verdict.ts';
export type { Verdict, VerdictCode, VerdictRule, VerdictSeverity } from './verdict.ts';
