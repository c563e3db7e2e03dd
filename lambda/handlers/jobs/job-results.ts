/** Consumer `job-results`: writes how jobs ended to their rows. */
import { AIJobEnded } from '../../../catalog/jobs/index.ts';
import { jobsTable, resultStore } from '../../jobs/environment.ts';
import { LONGEST_WAIT_MILLISECONDS, RESULT_BACKOFF } from '../../jobs/limits.ts';
import { takeResult } from '../../jobs/take-result.ts';
import { s3ClaimCheck } from '../../runtime/claim-check/index.ts';
import { consume, putBackCopies } from '../../runtime/index.ts';

export const handler = consume(
  AIJobEnded,
  (event, context) => takeResult({ store: jobsTable().store, results: resultStore() }, event, context),
  {
    claimCheck: s3ClaimCheck(),
    backoff: RESULT_BACKOFF,
    putBack: putBackCopies({ longestWait: LONGEST_WAIT_MILLISECONDS }),
  },
);
