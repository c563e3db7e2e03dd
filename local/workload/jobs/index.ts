/** Public surface of the jobs workload: create it, run it, measure and judge what came of it. */
export { jobsFailures, jobsReport, jobsSummary } from './judge.ts';
export type { JobsOutcome } from './judge.ts';
export { measureJobs } from './measure.ts';
export type { JobRow, JobsMeasure, ScanTable } from './measure.ts';
export { DEFAULT_MIX } from './plan.ts';
export type { JobFate, JobMix } from './plan.ts';
export { createJobsWorkload } from './workload.ts';
export type { JobsWorkload, JobsWorkloadOptions, TakenJob } from './workload.ts';
