/** Consumer `job-worker`: lets a model carry out the jobs that were asked for. */
import { AIJobRequested } from '../../../catalog/jobs/index.ts';
import { controls, jobsTable, resultPublisher } from '../../jobs/environment.ts';
import { HEARTBEAT, LONGEST_WAIT_MILLISECONDS, REQUEST_BACKOFF } from '../../jobs/limits.ts';
import { echoModel } from '../../jobs/models/echo.ts';
import { runJob } from '../../jobs/worker/run-job.ts';
import { consume, putBackCopies } from '../../runtime/index.ts';

const model = echoModel();

export const handler = consume(
  AIJobRequested,
  (event, context) =>
    runJob({ store: jobsTable().store, model, publisher: resultPublisher() }, event, context),
  {
    controls,
    heartbeat: HEARTBEAT,
    backoff: REQUEST_BACKOFF,
    putBack: putBackCopies({ longestWait: LONGEST_WAIT_MILLISECONDS }),
  },
);
