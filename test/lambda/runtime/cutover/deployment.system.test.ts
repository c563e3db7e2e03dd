/**
 * A deployment that puts an event source mapping back to what its template says, after `waybill transport move` has switched
 * it: by the embedded CloudFormation, SQS and Lambda, on a clock that the test moves. Nothing is lost, and nothing happens twice.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { moveWithMapping } from '../../../../bin/transport/move.ts';
import { switchedMappings } from '../../../../bin/transport/switched.ts';
import {
  claimOnce,
  registerConsumers,
  transportsOfConsumers,
} from '../../../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../../../lambda/runtime/cutover/index.ts';
import { eventMetrics } from '../../../../lambda/runtime/event-store/metrics/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { bundleOptions } from '../../../../lib/constructs/bundle-options.ts';
import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { until } from '../../../support/waiting.ts';
import { noted, useCutover } from './support.ts';

const CONSUMER = 'recorder';
const ARN = 'arn:aws:sqs:us-east-1:000000000000';
const QUEUE = `${ARN}:recorder.fifo`;
const DEAD_LETTERS = `${ARN}:recorder-dlq.fifo`;
/** As the agents' queues have it: FIFO, ten receives. */
const MAX_RECEIVE_COUNT = 10;
/** Milliseconds of the queues' time. */
const STEP = 1_000;
const MINUTE = 60_000;

const database = useCutover();
let code: string;
let aws: EmbeddedAws;
let clock: ReturnType<typeof manualClock>;
let lambda: LambdaClient;
let cloudFormation: CloudFormationClient;

beforeAll(async () => {
  code = await mkdtemp(join(tmpdir(), 'waybill-deployment-'));
  await build({
    ...bundleOptions(),
    entryPoints: { index: join(import.meta.dirname, 'queue-consumer.ts') },
    outdir: code,
  });
});
beforeEach(async () => {
  clock = manualClock();
  aws = await startEmbeddedAws({ port: 0, clock });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  lambda = new LambdaClient(settings);
  cloudFormation = new CloudFormationClient(settings);
  aws.services.lambda.createFunction({
    functionName: 'recorder',
    handler: 'index.handler',
    codeDirectory: code,
    environment: {
      WAYBILL_CONSUMER: CONSUMER,
      WAYBILL_TRANSPORT: 'sns-sqs',
      WAYBILL_MAX_RECEIVE_COUNT: String(MAX_RECEIVE_COUNT),
      DATABASE_URL: database().url,
    },
  });
});
afterEach(async () => {
  lambda.destroy();
  cloudFormation.destroy();
  await aws.close();
});
afterAll(() => rm(code, { recursive: true, force: true }));

/** A deployment. Any change to the mapping makes CloudFormation send all that the template says of it. */
async function deploy(batchSize: number, enabled: boolean): Promise<void> {
  const fifo = { FifoQueue: true };
  const TemplateBody = JSON.stringify({
    Resources: {
      DeadLetters: { Type: 'AWS::SQS::Queue', Properties: { ...fifo, QueueName: 'recorder-dlq.fifo' } },
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          ...fifo,
          QueueName: 'recorder.fifo',
          RedrivePolicy: {
            deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] },
            maxReceiveCount: MAX_RECEIVE_COUNT,
          },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          FunctionName: 'recorder',
          BatchSize: batchSize,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          Enabled: enabled,
        },
      },
    },
  });
  const isNew = batchSize === 10;
  const stack = { StackName: 'agents', TemplateBody };
  await (isNew
    ? cloudFormation.send(new CreateStackCommand(stack))
    : cloudFormation.send(new UpdateStackCommand(stack)));
  const wanted = isNew ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE';
  await inTime(async () => {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: 'agents' }));
    return Stacks[0]?.StackStatus === wanted;
  });
}

/** Time passes for the queues while no function runs: no machine is so slow that a message comes back too early. */
const inTime = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  until(async () => {
    if (await condition()) return true;
    if (aws.services.lambda.busy() === 0) await clock.advance(STEP);
    return false;
  });
async function pass(milliseconds: number): Promise<void> {
  const end = clock.now() + milliseconds;
  await inTime(() => clock.now() >= end);
}

const waiting = (queueArn: string): number => {
  const { visible, inFlight } = aws.services.sqs.counts(queueArn);
  return visible + inFlight;
};
async function mapping(): Promise<string | undefined> {
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: 'recorder' }),
  );
  return EventSourceMappings[0]?.State;
}
/** The commands of `waybill transport status` that it says to run. */
async function fixes(): Promise<readonly (string | undefined)[]> {
  const mappings = await switchedMappings(
    () => Promise.resolve(lambda),
    await transportsOfConsumers(database().pool),
  );
  return 'notAsked' in mappings ? [mappings.notAsked] : mappings.map(({ wrong }) => wrong?.fix);
}

const isLive = (configured: TransportName) =>
  registerConsumers(database().pool, [{ consumer: CONSUMER, configured, types: ['Noted'] }]);

/** As `waybill transport move` does it. What a mirror would have to prove is not what is tested here. */
const move = (from: TransportName, to: TransportName) =>
  moveWithMapping({
    pool: database().pool,
    lambda: () => Promise.resolve(lambda),
    functionName: undefined,
    switchWithin: MINUTE,
    options: { consumer: CONSUMER, from, to, force: true },
  });

/** In the record, and copied to the queue. */
async function happens(number: number): Promise<Envelope> {
  const event = noted('k', number);
  await database().store.append('k', [event]);
  aws.services.sqs.deliverToQueue(QUEUE, {
    body: JSON.stringify(event),
    messageGroupId: 'k',
    messageDeduplicationId: event.eventId,
  });
  return event;
}

async function handledByPostgres(event: Envelope): Promise<void> {
  await inTransaction(database().pool, async (tx) => {
    const { eventId } = event;
    expect(await claimOnce(tx, { consumer: CONSUMER, transport: 'postgres', eventId })).toBe(true);
    const { note, number } = event.data as { readonly note: string; readonly number: number };
    await tx.query(
      `insert into effect (consumer, event_id, note, number, transport) values ($1, $2, $3, $4, 'postgres')`,
      [CONSUMER, eventId, note, number],
    );
  });
}

async function effects(): Promise<readonly string[]> {
  const { rows } = await database().pool.query<{ number: number; transport: string }>(
    'select number, transport from effect order by id',
  );
  return rows.map(({ number, transport }) => `${number} by ${transport}`);
}

test('disabled where the consumer is live: events wait in the queue, the measure that the alarm takes tells, and nothing is lost', async () => {
  await isLive('postgres');
  await deploy(10, false);
  await move('postgres', 'sns-sqs');
  await happens(0);
  await inTime(() => waiting(QUEUE) === 0);

  await deploy(5, false);
  expect(await mapping()).toBe('Disabled');
  await happens(1);
  await happens(2);
  await pass(60 * MINUTE);

  expect(await effects()).toEqual(['0 by sns-sqs']);
  expect([waiting(QUEUE), waiting(DEAD_LETTERS)]).toEqual([2, 0]);
  const { consumers } = await eventMetrics(database().pool, {
    consumers: [{ name: CONSUMER, types: ['Noted'] }],
  });
  expect(consumers).toMatchObject([{ transport: 'sns-sqs', unprocessed: 2 }]);
  expect(consumers[0]!.oldestUnprocessedSeconds).toBeGreaterThan(0);
  expect(await fixes()).toEqual([
    'waybill transport move recorder --to sns-sqs --function recorder --why ...',
  ]);

  await move('sns-sqs', 'sns-sqs');
  await inTime(() => waiting(QUEUE) === 0);
  expect(await effects()).toEqual(['0 by sns-sqs', '1 by sns-sqs', '2 by sns-sqs']);
  expect(waiting(DEAD_LETTERS)).toBe(0);
  expect(await fixes()).toEqual([undefined]);
});

test('enabled where the consumer is not live: nothing has an effect by the queue, what was handled goes, the rest waits', async () => {
  await isLive('sns-sqs');
  await deploy(10, true);
  await database().pool.query(
    `insert into transport_mirror (transport, event_type, after_position) values ('sns-sqs', 'Noted', 0)`,
  );
  await happens(0);
  await inTime(() => waiting(QUEUE) === 0);
  await move('sns-sqs', 'postgres');
  expect(await mapping()).toBe('Disabled');

  await deploy(5, true);
  expect(await mapping()).toBe('Enabled');
  expect(await fixes()).toEqual([
    'waybill transport move recorder --to postgres --function recorder --why ...',
  ]);
  const [first, second] = [await happens(1), await happens(2)];
  await handledByPostgres(first);
  // PostgreSQL is half an hour behind with the second.
  await pass(30 * MINUTE);

  expect([waiting(QUEUE), waiting(DEAD_LETTERS)]).toEqual([1, 0]);
  await handledByPostgres(second);
  await inTime(() => waiting(QUEUE) === 0);
  expect(waiting(DEAD_LETTERS)).toBe(0);

  // The command that it says: the queue fills again, for a way back.
  await move('postgres', 'postgres');
  expect(await mapping()).toBe('Disabled');
  await happens(3);
  await pass(30 * MINUTE);
  expect([waiting(QUEUE), waiting(DEAD_LETTERS)]).toEqual([1, 0]);
  await move('postgres', 'sns-sqs');
  await inTime(() => waiting(QUEUE) === 0);
  expect(await effects()).toEqual(['0 by sns-sqs', '1 by postgres', '2 by postgres', '3 by sns-sqs']);
});
