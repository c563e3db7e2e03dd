/** Public surface of the sample workload: create it, run it, measure what came of it. */
export { malformedMessages } from './malformed.ts';
export type { MalformedMessage } from './malformed.ts';
export { measure } from './measure.ts';
export type { ConsumerMeasure, Measurement, QueryDatabase } from './measure.ts';
export type { SinkReport } from './sink.ts';
export { createWorkload } from './workload.ts';
export type { RunOptions, Workload, WorkloadOptions, WorkloadReport } from './workload.ts';
