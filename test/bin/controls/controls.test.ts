/** `waybill controls`, run as an operator runs it, against the embedded AWS over the wire. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';

let aws: EmbeddedAws;
let environment: Record<string, string>;
let codeDirectory: string;

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [dynamodb, sqs, lambda] = [
    new DynamoDBClient(settings),
    new SQSClient(settings),
    new LambdaClient(settings),
  ];
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'shop-controls',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  for (;;) {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'shop-controls' }));
    if (Table?.TableStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'payments' }));
  const { QueueUrl: parkingUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'parking' }));
  codeDirectory = await mkdtemp(join(tmpdir(), 'waybill-controls-'));
  await writeFile(join(codeDirectory, 'index.mjs'), 'export const handler = async () => ({});');
  aws.services.lambda.createFunction({
    functionName: 'payment-worker-function',
    handler: 'index.handler',
    codeDirectory,
    environment: {
      WAYBILL_CONSUMER: 'payment-worker',
      WAYBILL_CONTROLS_TABLE: 'shop-controls',
      WAYBILL_DEPENDENCIES: 'payment-gateway',
      WAYBILL_QUEUE_URL: queueUrl,
      WAYBILL_PARKING_QUEUE_URL: parkingUrl,
    },
  });
  await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'payment-worker-function',
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:payments',
    }),
  );
  for (const client of [dynamodb, sqs, lambda]) client.destroy();
});

afterAll(async () => {
  await aws.close();
  await rm(codeDirectory, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal: nobody is asked. */
function controls(...parameters: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['bin/waybill.mjs', 'controls', ...parameters],
      { env: { ...process.env, ...environment } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

interface Listed {
  readonly switches: readonly { readonly target: string; readonly state: string; readonly why: string }[];
  readonly breakers: readonly { readonly name: string; readonly state: string; readonly forced?: string }[];
  readonly consumers: readonly { readonly name: string; readonly mappings: readonly string[] }[];
}

async function listed(): Promise<Listed> {
  return JSON.parse((await controls('list', '--json')).stdout) as Listed;
}

describe('waybill controls', () => {
  test('a consumer is switched off and on: its mapping, the switch, and an audit of both', async () => {
    const paused = await controls(
      'pause',
      '--consumer',
      'payment-worker',
      '--why',
      'the gateway is down',
      '--yes',
      '--json',
    );
    expect(JSON.parse(paused.stdout)).toMatchObject({
      what: 'pause consumer#payment-worker',
      why: 'the gateway is down',
      who: expect.stringMatching(/^arn:aws:iam::/),
    });
    expect(await listed()).toMatchObject({
      switches: [{ target: 'consumer#payment-worker', state: 'paused', why: 'the gateway is down' }],
      consumers: [{ name: 'payment-worker', mappings: ['Disabled'] }],
    });

    await controls('resume', '--consumer', 'payment-worker', '--why', 'it is up', '--yes');
    expect(await listed()).toMatchObject({
      switches: [],
      consumers: [{ name: 'payment-worker', mappings: ['Enabled'] }],
    });
    const { stdout } = await controls('audit', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      { target: 'consumer#payment-worker on', why: 'it is up' },
      { target: 'consumer#payment-worker paused', why: 'the gateway is down' },
    ]);
  });

  test('a breaker is forced open, and decides again', async () => {
    await controls('breaker', 'payment-gateway', 'open', '--why', 'maintenance', '--yes');
    expect((await listed()).breakers).toMatchObject([{ name: 'payment-gateway', forced: 'open' }]);
    await controls('breaker', 'payment-gateway', 'auto', '--why', 'done', '--yes');
    const [breaker] = (await listed()).breakers;
    expect(breaker).toMatchObject({ name: 'payment-gateway', state: 'closed' });
    expect(breaker).not.toHaveProperty('forced');
  });

  test('a dry run says what would be, and changes nothing', async () => {
    const { code, stdout } = await controls('pause', '--tenant', 'acme', '--why', 'floods us', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('Messages of acme are parked, in their order, by payment-worker');
    expect((await listed()).switches).toEqual([]);
  });

  test.each([
    [['pause', '--tenant', 'acme', '--why', 'x'], 'WAYBILL_CONFIRMATION_MISSING'],
    [['pause', '--why', 'x', '--yes'], 'WAYBILL_TARGET_MISSING'],
    [['pause', '--consumer', 'nobody', '--why', 'x', '--yes'], 'WAYBILL_CONSUMER_UNKNOWN'],
    [['breaker', 'payment-gateway', 'ajar', '--why', 'x', '--yes'], 'WAYBILL_BREAKER_STATE_UNKNOWN'],
  ])('%j is refused with %s', async (parameters, expected) => {
    const { code, stderr } = await controls(...parameters);
    expect(code).toBe(1);
    expect(stderr).toContain(`Code: ${expected}`);
    expect((await listed()).switches).toEqual([]);
  });

  test('a reason is demanded', async () => {
    const { code, stderr } = await controls('pause', '--tenant', 'acme', '--yes');
    expect(code).toBe(2);
    expect(stderr).toContain('--why');
  });
});
