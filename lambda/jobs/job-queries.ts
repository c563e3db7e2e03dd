/** Reads of several jobs: a caller's own, newest first, and those that have not ended in time. */
import type { DynamoDbClient, Item } from '../runtime/aws/dynamodb.ts';
import { OPEN_SHARDS } from './limits.ts';
import { jobOf, partitionOf } from './job-row.ts';
import type { Job, JobKey } from './job-row.ts';
import type { JobStatus } from './job-state.ts';

export interface ListJobs {
  readonly tenantId: string;
  /** Only jobs whose id begins with it. */
  readonly jobIdPrefix: string;
  readonly status?: JobStatus;
  readonly limit: number;
  /** The answer's `next` of the page before. */
  readonly after?: PagePosition;
}

/** The job that a page ended with. */
export interface PagePosition {
  readonly createdKey: string;
  readonly jobId: string;
}

export interface JobPage {
  /** Without their results. */
  readonly jobs: readonly Job[];
  readonly next?: PagePosition;
}

const BY_CREATION = 'byCreation';
const OPEN = 'open';
/** Rows that one call reads: other users' jobs of the tenant are among them. */
const ROWS_PER_CALL = 200;
/** Calls of one page; what they did not find is on the next one. */
const MAX_CALLS = 5;

const LISTED =
  'pk, sk, #status, progress, attempt, createdAt, createdKey, updatedAt, startedAt, endedAt, #model, #error, cancelRequested, duplicates, conflicts';

export async function listJobs(client: DynamoDbClient, query: ListJobs): Promise<JobPage> {
  const { tenantId, jobIdPrefix, status, limit, after } = query;
  const jobs: Job[] = [];
  let position = after === undefined ? undefined : positionKey(tenantId, after);
  for (let call = 1; call <= MAX_CALLS; call += 1) {
    const answer = await client.call('Query', {
      IndexName: BY_CREATION,
      KeyConditionExpression: 'pk = :pk',
      FilterExpression: `begins_with(sk, :own)${status === undefined ? '' : ' AND #status = :status'}`,
      ProjectionExpression: LISTED,
      ExpressionAttributeNames: { '#status': 'status', '#model': 'model', '#error': 'error' },
      ExpressionAttributeValues: {
        ':pk': { S: partitionOf(tenantId) },
        ':own': { S: `JOB#${jobIdPrefix}-` },
        ...(status !== undefined && { ':status': { S: status } }),
      },
      ScanIndexForward: false,
      Limit: ROWS_PER_CALL,
      ...(position !== undefined && { ExclusiveStartKey: position }),
    });
    for (const item of answer.Items ?? []) {
      jobs.push(jobOf(item));
      if (jobs.length === limit) return { jobs, next: positionOf(item) };
    }
    position = answer.LastEvaluatedKey;
    if (position === undefined) return { jobs };
  }
  return { jobs, next: positionOf(position!) };
}

/** Jobs that have not ended although their deadline is over, shard by shard. */
export async function* overdueJobs(client: DynamoDbClient, now: number): AsyncGenerator<JobKey> {
  for (let shard = 0; shard < OPEN_SHARDS; shard += 1) {
    let position: Item | undefined;
    do {
      const answer = await client.call('Query', {
        IndexName: OPEN,
        KeyConditionExpression: 'openShard = :shard AND deadlineAt <= :now',
        ProjectionExpression: 'pk, sk',
        ExpressionAttributeValues: {
          ':shard': { S: String(shard) },
          ':now': { S: new Date(now).toISOString() },
        },
        ...(position !== undefined && { ExclusiveStartKey: position }),
      });
      for (const item of answer.Items ?? []) yield jobOf(item);
      position = answer.LastEvaluatedKey;
    } while (position !== undefined);
  }
}

function positionKey(tenantId: string, { createdKey, jobId }: PagePosition): Item {
  return { pk: { S: partitionOf(tenantId) }, sk: { S: `JOB#${jobId}` }, createdKey: { S: createdKey } };
}

function positionOf(item: Item): PagePosition {
  const { jobId } = jobOf(item);
  const createdKey = item['createdKey'];
  return { createdKey: createdKey !== undefined && 'S' in createdKey ? createdKey.S : '', jobId };
}
