/** Results that are too large for a row. */
import type { JobResult } from '../../catalog/jobs/index.ts';
import type { JobKey } from './job-row.ts';

export interface ResultStore {
  /** Writes it, and answers under what it is found. An attempt has one place, so that no other attempt overwrites it. */
  write(key: JobKey, attempt: number, result: JobResult): Promise<string>;
  read(claim: string): Promise<JobResult>;
}
