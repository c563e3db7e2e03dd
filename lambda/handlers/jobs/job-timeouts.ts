/** Each minute: ends the jobs whose deadline is over. */
import { endOverdueJobs } from '../../jobs/end-overdue.ts';
import { jobsTable, logger } from '../../jobs/environment.ts';

export async function handler(): Promise<{ readonly ended: number }> {
  const { store, client } = jobsTable();
  return { ended: await endOverdueJobs({ store, client, logger, now: Date.now }) };
}
