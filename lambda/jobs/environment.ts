/** What the deployed functions of the jobs system run on, made from their environment at first use. */
import { AIJobEnded } from '../../catalog/jobs/index.ts';
import type { ReportFailure } from '../http/http-handler.ts';
import { dynamoDbClient } from '../runtime/aws/dynamodb.ts';
import type { DynamoDbClient } from '../runtime/aws/dynamodb.ts';
import { createControls, createLogger, createPublisher, sqsTransport } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createJobStore } from './job-store.ts';
import type { JobStore } from './job-store.ts';
import type { ResultStore } from './result-store.ts';
import { s3ResultStore } from './s3-result-store.ts';
import { jobsNumber, jobsVariable } from './settings.ts';

export const logger = createLogger();

/** Switches of the worker and of its tenants; with them failures are counted, and receives are not. */
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
  const client = dynamoDbClient(table);
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
  });
}

/** Of results that are too large for a row. Its bucket is looked for when there is one. */
export function resultStore(): ResultStore {
  const bucket = (): ResultStore => s3ResultStore(jobsVariable('WAYBILL_CLAIM_CHECK_BUCKET'));
  return {
    write: async (key, attempt, result) => bucket().write(key, attempt, result),
    read: async (claim) => bucket().read(claim),
  };
}

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
