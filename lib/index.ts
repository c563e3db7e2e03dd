/** Public surface of the package `waybill`: the constructs, the topology they write, the checks of capacity and cost. */
export * from './constructs/index.ts';
export * from './topology/index.ts';
export { CapacityChecks } from './estimate/index.ts';
export type { CapacityChecksProps, LoadProfile } from './estimate/index.ts';
