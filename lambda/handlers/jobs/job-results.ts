/** Consumer `job-results`: writes how jobs ended to their rows. */
import { AIJobEnded } from '../../../catalog/jobs/index.ts';
import { jobsTable, resultStore } from '../../jobs/environment.ts';
import { takeResult } from '../../jobs/take-result.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(AIJobEnded, (event, context) =>
  takeResult({ store: jobsTable().store, results: resultStore() }, event, context),
);
