/** The routes of the jobs system's REST API that need a function: a job, a caller's jobs, a cancellation. */
import { restHandler } from '../../http/rest-handler.ts';
import { jobsProblem } from '../../jobs/api/problem.ts';
import { jobsRoutes } from '../../jobs/api/routes.ts';
import { jobsTable, reportFailure, resultStore } from '../../jobs/environment.ts';

export const handler = restHandler(
  jobsRoutes(() => ({ ...jobsTable(), results: resultStore(), now: Date.now })),
  reportFailure,
  jobsProblem,
);
