import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ProjectArchived } from '../../../catalog/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';
import type { handler as loaded } from '../../../lambda/handlers/outbox-relay.ts';
import { useDatabase } from '../../support/postgres.ts';

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:relayed';
const CONTEXT = { getRemainingTimeInMillis: () => 30_000 };
const NUDGE = { Records: [] };
const SCHEDULED = {};

const database = useDatabase();
let aws: EmbeddedAws;
let handler: typeof loaded;

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    DATABASE_URL: database().url,
    WAYBILL_LOG_LEVEL: 'silent',
    WAYBILL_PUBLISH_ROUTES: JSON.stringify([
      { source: 'core-api', target: QUEUE_ARN, events: ['ProjectArchived'] },
    ]),
  });
  const sqs = aws.context.services.get('sqs');
  await sqs.handle(
    'CreateQueue',
    { QueueName: 'relayed' },
    { accountId: aws.context.accountId, arn: 'test' },
  );
  ({ handler } = await import('../../../lambda/handlers/outbox-relay.ts'));
});
afterAll(async () => {
  await aws.close();
});
beforeEach(async () => {
  const { enqueue } = createOutbox({ contracts: [ProjectArchived] });
  const data = { projectId: 'p', archivedBy: 'u' };
  await enqueue({ query: (text, values) => database().pool.query(text, [...values]) }, [
    createEnvelope(ProjectArchived, { tenantId: 'tenant-1', data }),
  ]);
});

async function pending(): Promise<number> {
  const { rows } = await database().pool.query(`select 1 from event_outbox where status = 'PENDING'`);
  return rows.length;
}

test.each([
  ['a nudge', NUDGE],
  ['the schedule', SCHEDULED],
])('%s drains the outbox', async (_case, event) => {
  const before = aws.context.services.get('sqs').counts(QUEUE_ARN).visible;

  expect(await handler(event, CONTEXT)).toEqual({ batchItemFailures: [] });

  expect(await pending()).toBe(0);
  expect(aws.context.services.get('sqs').counts(QUEUE_ARN).visible).toBe(before + 1);
});

test('near its time limit it sends nothing and leaves the events to the next run', async () => {
  await handler(NUDGE, { getRemainingTimeInMillis: () => 1_000 });
  expect(await pending()).toBe(1);

  await handler(NUDGE, CONTEXT);
  expect(await pending()).toBe(0);
});

test('the schedule forgets what the inbox has kept long enough', async () => {
  const { pool } = database();
  await pool.query(
    `insert into event_inbox (consumer, event_id, handled_at)
     values ('a', gen_random_uuid(), now() - interval '100 days'), ('b', gen_random_uuid(), now())`,
  );

  await handler(SCHEDULED, CONTEXT);

  expect((await pool.query('select consumer from event_inbox')).rows).toEqual([{ consumer: 'b' }]);
});

test('a database that is down fails the run, so that the nudge comes again', async () => {
  await database().pool.query('alter table event_outbox rename to hidden');
  try {
    await expect(handler(NUDGE, CONTEXT)).rejects.toThrow();
  } finally {
    await database().pool.query('alter table hidden rename to event_outbox');
  }
});
