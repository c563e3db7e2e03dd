/** What the deployed functions of the jobs system run on, made from their environment at first use. */
import { AIJobEnded } from '../../catalog/jobs/index.ts';
import type { ReportFailure } from '../http/http-handler.ts';
import { dynamoDbClient } from '../runtime/aws/dynamodb.ts';
import type { DynamoDbClient } from '../runtime/aws/dynamodb.ts';
import { s3ClaimCheck } from '../runtime/claim-check/index.ts';
import { s3ClaimStore } from '../runtime/claim-check/s3-claim-store.ts';
import { createControls, createLogger, createPublisher, sqsTransport } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createJobStore } from './job-store.ts';
import type { JobStore } from './job-store.ts';
import { TABLE_CALLS } from './limits.ts';
import { resultStoreIn } from './result-store.ts';
import type { ResultStore } from './result-store.ts';
import { jobsNumber, jobsVariable } from './settings.ts';

export const logger = createLogger();

/** Switches of the worker and of its tenants. */
export const controls = createControls();

export interface JobsTable {
  readonly client: DynamoDbClient;
  readonly store: JobStore;
  readonly retentionDays: number;
}

let made: JobsTable | undefined;

/** @throws JobsError WAYBILL_JOBS_NOT_CONFIGURED */
export function jobsTable(): JobsTable {
  made ??= makeTable();
  return made;
}

function makeTable(): JobsTable {
  const table = jobsVariable('JOBS_TABLE_NAME');
  const client = dynamoDbClient(table, process.env, TABLE_CALLS);
  const retentionDays = jobsNumber('JOBS_RETENTION_DAYS');
  const store = createJobStore({
    client,
    table,
    retentionDays,
    maxRunningPerTenant: jobsNumber('JOBS_MAX_RUNNING_PER_TENANT'),
    dailyPerTenant: jobsNumber('JOBS_DAILY_PER_TENANT'),
  });
  return { client, store, retentionDays };
}

/** Of the worker, to the response queue. */
export function resultPublisher() {
  return createPublisher({
    contracts: [AIJobEnded],
    transport: sqsTransport({ queueUrl: jobsVariable('AI_JOB_RESPONSE_QUEUE_URL') }),
    claimCheck: s3ClaimCheck(),
  });
}

/** Of results that are too large for a row. */
export function resultStore(): ResultStore {
  return resultStoreIn(s3ClaimStore());
}

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
