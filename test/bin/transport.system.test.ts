/** `waybill transport`, run as an operator runs it, against a real PostgreSQL and the embedded AWS over the wire. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { cutoverMigrations, registerConsumers } from '../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../lambda/runtime/cutover/index.ts';
import { eventStoreMigrations } from '../../lambda/runtime/event-store/index.ts';
import { migrate, runtimeMigrations } from '../../lambda/runtime/postgres/index.ts';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import type { EmbeddedAws } from '../../local/aws/index.ts';
import { useDatabase } from '../support/postgres.ts';

const database = useDatabase();
let aws: EmbeddedAws;
let lambda: LambdaClient;
let environment: Record<string, string>;
let codeDirectory: string;

beforeAll(async () => {
  await migrate(database().pool, [...runtimeMigrations, ...eventStoreMigrations, ...cutoverMigrations]);
  aws = await startEmbeddedAws({ port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    DATABASE_URL: database().url,
    USER: 'operator',
  };
  const sqs = new SQSClient(settings);
  lambda = new LambdaClient(settings);
  await sqs.send(new CreateQueueCommand({ QueueName: 'sentiment' }));
  codeDirectory = await mkdtemp(join(tmpdir(), 'waybill-transport-'));
  await writeFile(join(codeDirectory, 'index.mjs'), 'export const handler = async () => ({});');
  for (const consumer of ['sentiment', 'sentiment-shadow']) {
    aws.services.lambda.createFunction({
      functionName: `${consumer}-function`,
      handler: 'index.handler',
      codeDirectory,
      environment: { WAYBILL_CONSUMER: consumer, WAYBILL_TRANSPORT: 'sns-sqs' },
    });
  }
  await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'sentiment-function',
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:sentiment',
      Enabled: false,
    }),
  );
  sqs.destroy();
});
afterEach(async () => {
  await database().pool.query('truncate consumer_transport, consumer_transport_move, transport_mirror');
});
afterAll(async () => {
  lambda.destroy();
  await aws.close();
  await rm(codeDirectory, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Answer> {
  const program = join(import.meta.dirname, '../../bin/waybill.ts');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=waybill-source', program, 'transport', ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...environment } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const start = (configured: TransportName) =>
  registerConsumers(database().pool, [{ consumer: 'sentiment', configured, types: ['FeedbackReceived'] }]);

const mirrored = (transport: TransportName) =>
  database().pool.query(
    `insert into transport_mirror (transport, event_type, after_position) values ($1, 'FeedbackReceived', 0)`,
    [transport],
  );

async function mappingState(): Promise<string | undefined> {
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: 'sentiment-function' }),
  );
  return EventSourceMappings[0]?.State;
}

/** What CloudFormation does with a template that says so. */
async function deploy(Enabled: boolean): Promise<void> {
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: 'sentiment-function' }),
  );
  const [mapping] = EventSourceMappings;
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled }));
}

describe('waybill transport', () => {
  test('says where consumers are live and what is in the way, and moves them there and back', async () => {
    await start('postgres');
    const refused = await run('move', 'sentiment', '--to', 'redis', '--why', 'rehearsal', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Code: WAYBILL_TRANSPORT_MOVE_UNSAFE');
    expect(refused.stderr).toContain('mirror-redis does not copy FeedbackReceived');

    await mirrored('redis');
    const dry = await run('move', 'sentiment', '--to', 'redis', '--why', 'rehearsal', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      stdout: 'would move sentiment from postgres to redis\nNothing was changed.\n',
    });
    const unasked = await run('move', 'sentiment', '--to', 'redis', '--why', 'rehearsal');
    expect(unasked.stderr).toContain('Code: WAYBILL_CONFIRMATION_MISSING');

    const moved = await run('move', 'sentiment', '--to', 'redis', '--why', 'rehearsal', '--yes', '--json');
    expect(JSON.parse(moved.stdout)).toMatchObject({
      from: 'postgres',
      to: 'redis',
      epoch: 2,
      moved: true,
      why: 'rehearsal',
    });
    const { stdout } = await run('status');
    expect(stdout).toContain('sentiment: redis since ');
    expect(stdout).toContain('  redis: 0 to copy');
    const back = await run('rollback', 'sentiment', '--why', 'enough', '--yes');
    expect(back.stdout).toMatch(
      / {2}sentiment: redis -> postgres \(epoch 3\) {2}operator: enough\n {2}what redis had given up/,
    );
    const status = await run('status', 'sentiment', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      consumers: [
        {
          consumer: 'sentiment',
          liveOn: 'postgres',
          moves: [{ to: 'postgres', by: 'operator' }, { to: 'redis' }],
        },
      ],
    });
  });

  test('enables the event source mapping behind a move to sns-sqs, and disables it before one away', async () => {
    await start('postgres');
    await mirrored('sns-sqs');
    expect(await mappingState()).toBe('Disabled');
    expect(await run('move', 'sentiment', '--to', 'sns-sqs', '--why', 'growth', '--yes')).toMatchObject({
      code: 0,
    });
    expect(await mappingState()).toBe('Enabled');
    const again = await run('move', 'sentiment', '--to', 'sns-sqs', '--why', 'growth', '--yes');
    expect(again.stdout).toContain('sentiment is live on sns-sqs since');
    // Refused: what was switched off for it is on again.
    const refused = await run('move', 'sentiment', '--to', 'redis', '--why', 'back', '--yes');
    expect(refused.code).toBe(1);
    expect(await mappingState()).toBe('Enabled');
    expect(
      await run(
        'rollback',
        'sentiment',
        '--why',
        'back',
        '--yes',
        '--given-up',
        '0190f1d2-0000-7000-8000-000000000000',
      ),
    ).toMatchObject({ code: 0, stdout: expect.stringContaining('1 events that were given up stay so') });
    expect(await mappingState()).toBe('Disabled');
    expect((await run('release', 'sentiment')).stdout).toContain(
      '1 events of sentiment may be handled again',
    );
  });

  test('says which mapping a deployment has switched back, fails, and the command that it says puts it right', async () => {
    await start('postgres');
    await mirrored('sns-sqs');
    const right = await run('status');
    expect(right).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('  sentiment: sentiment-function is Disabled\n'),
    });

    // Live elsewhere, and enabled.
    await deploy(true);
    const enabled = await run('status', '--json');
    expect(enabled.code).toBe(1);
    expect(JSON.parse(enabled.stdout)).toMatchObject({
      mappings: [{ consumer: 'sentiment', wrong: { fix: expect.stringContaining(' --to postgres ') } }],
    });
    const fix = ['--function', 'sentiment-function', '--why', 'deployment', '--yes'];
    expect((await run('move', 'sentiment', '--to', 'postgres', ...fix)).code).toBe(0);
    expect(await mappingState()).toBe('Disabled');

    // Live here, and disabled.
    await run('move', 'sentiment', '--to', 'sns-sqs', ...fix);
    await deploy(false);
    const disabled = await run('status');
    expect(disabled.code).toBe(1);
    expect(disabled.stdout).toContain('WRONG: is Disabled, and sentiment is live there');
    expect(disabled.stdout).toContain(
      'Fix: waybill transport move sentiment --to sns-sqs --function sentiment-function',
    );
    expect((await run('move', 'sentiment', '--to', 'sns-sqs', ...fix)).code).toBe(0);
    expect((await run('status')).code).toBe(0);
    await run('rollback', 'sentiment', ...fix);
    expect(await mappingState()).toBe('Disabled');
  });

  test('says so where Lambda cannot be asked, and is no failure for that', async () => {
    await start('postgres');
    await mirrored('sns-sqs');
    const was = environment['AWS_ENDPOINT_URL']!;
    environment['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
    try {
      const answer = await run('status');
      expect(answer.code).toBe(0);
      expect(answer.stdout).toContain('event source mappings: not looked at: ');
    } finally {
      environment['AWS_ENDPOINT_URL'] = was;
    }
  });

  test('compares a shadow with the record, and fails where they differ', async () => {
    await start('postgres');
    await mirrored('redis');
    const equal = await run('parity', 'sentiment', '--on', 'redis');
    expect(equal).toMatchObject({ code: 0, stdout: expect.stringContaining('equal to the record') });
    await database().pool.query(
      `insert into event_store (position, recorded_at, event_id, tenant_id, event_type, event_version, source, ordering_key, event_data)
       values (nextval('event_store_position'), now() - interval '1 hour', gen_random_uuid(), 'acme', 'FeedbackReceived', '1.0', 's', 'acme#p', '{}')`,
    );
    const missing = await run(
      'parity',
      'sentiment',
      '--on',
      'redis',
      '--after',
      '0',
      '--settle',
      '0',
      '--json',
    );
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stdout)).toMatchObject({ missing: 1, missingUnhandled: 1, isEqual: false });
  });

  test.each([
    [['move', 'nobody', '--to', 'redis', '--why', 'x', '--yes'], 'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN'],
    [['move', 'sentiment', '--to', 'pigeon', '--why', 'x', '--yes'], 'WAYBILL_TRANSPORT_NAME_UNKNOWN'],
    [['rollback', 'sentiment', '--why', 'x', '--yes'], 'WAYBILL_TRANSPORT_NOT_MOVED'],
    [
      ['move', 'sentiment', '--to', 'sns-sqs', '--function', 'other', '--why', 'x', '--yes'],
      'WAYBILL_TRANSPORT_FUNCTION_UNKNOWN',
    ],
  ])('%j is refused with %s', async (args, code) => {
    await start('postgres');
    const answer = await run(...args);
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain(`Code: ${code}`);
  });
});
