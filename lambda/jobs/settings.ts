/** The variables that the functions of the jobs system find. The construct sets them. */
import { positiveNumberVariable } from '../runtime/environment.ts';
import type { Environment } from '../runtime/environment.ts';
import { JobsError } from './errors.ts';

const VARIABLES = {
  AI_JOB_REQUEST_QUEUE_URL: 'it is the URL of the queue that takes the requests',
  AI_JOB_RESPONSE_QUEUE_URL: 'it is the URL of the queue that takes the results',
  JOBS_TABLE_NAME: 'it names the table of the jobs',
} as const;

export type JobsVariable = keyof typeof VARIABLES;

/** @throws JobsError WAYBILL_JOBS_NOT_CONFIGURED */
export function jobsVariable(name: JobsVariable, environment: Environment = process.env): string {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  throw new JobsError('WAYBILL_JOBS_NOT_CONFIGURED', `${name} is not set: ${VARIABLES[name]}`);
}

export type JobsNumber = 'JOBS_MAX_RUNNING_PER_TENANT' | 'JOBS_DAILY_PER_TENANT' | 'JOBS_RETENTION_DAYS';

/** @throws JobsError WAYBILL_JOBS_NOT_CONFIGURED, or RuntimeError WAYBILL_ENVIRONMENT_INVALID */
export function jobsNumber(name: JobsNumber, environment: Environment = process.env): number {
  const value = positiveNumberVariable(environment, name);
  if (value !== undefined) return value;
  throw new JobsError('WAYBILL_JOBS_NOT_CONFIGURED', `${name} is not set: a whole number above zero`);
}
