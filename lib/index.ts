/** Public surface of the package `waybill`: the constructs, and the topology they write. */
export * from './constructs/index.ts';
export * from './topology/index.ts';
