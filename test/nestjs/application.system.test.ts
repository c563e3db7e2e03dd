/** A Nest application in a process of its own, compiled from decorators, between the embedded SNS and SQS and a browser's WebSocket. */
import { execFileSync, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { createEnvelope } from '../../lib/contracts/index.ts';
import { createPublisher, snsTransport } from '../../lambda/runtime/index.ts';
import type { EventPublisher } from '../../lambda/runtime/index.ts';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import type { EmbeddedAws } from '../../local/aws/index.ts';
import { createTicket } from '../../nestjs/index.ts';
import { ImageFinished, ImageRemoved } from './app/events.ts';
import { until } from '../support/waiting.ts';

const TICKET_SECRET = 'a-secret-of-the-test-with-32-bytes';
const DEAD = 'gallery-dlq';

let built: string;
let aws: EmbeddedAws;
let sqs: SQSClient;
let sns: SNSClient;
let environment: NodeJS.ProcessEnv;
let publisher: EventPublisher<typeof ImageFinished | typeof ImageRemoved>;
let processes: Application[] = [];
let clients: Client[] = [];

beforeAll(() => {
  mkdirSync('.waybill', { recursive: true });
  built = mkdtempSync('.waybill/nestjs-application-');
  const compiler = join(process.cwd(), 'node_modules/typescript/bin/tsc');
  // types.test.ts checks the types.
  const options = ['-p', 'test/nestjs/app', '--outDir', built, '--rootDir', '.', '--noCheck'];
  execFileSync(process.execPath, [compiler, ...options], { stdio: 'inherit' });
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

beforeEach(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  sqs = new SQSClient(settings);
  sns = new SNSClient(settings);
  const deadLetters = await createQueue(DEAD);
  const queue = await createQueue('gallery', { VisibilityTimeout: '30', Policy: allowSns('gallery') });
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'images' }));
  await sns.send(
    new SubscribeCommand({
      TopicArn: TopicArn!,
      Protocol: 'sqs',
      Endpoint: await arnOf(queue),
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  publisher = createPublisher({
    contracts: [ImageFinished, ImageRemoved],
    transport: snsTransport({ topicArn: TopicArn!, client: sns }),
  });
  environment = {
    PATH: process.env['PATH'],
    // Each process loads the same packages.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    USE_LOCAL_AWS: aws.endpointUrl,
    WAYBILL_QUEUE_URL: queue,
    WAYBILL_LOG_LEVEL: 'error',
    DEAD_LETTER_QUEUE_URL: deadLetters,
    TOPIC_ARN: TopicArn!,
    TICKET_SECRET,
  };
  processes = [];
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.socket.terminate();
  await Promise.all(processes.map((application) => application.stop()));
  sqs.destroy();
  sns.destroy();
  await aws.close();
});

const allowSns = (name: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:aws:sqs:us-east-1:000000000000:${name}`,
      },
    ],
  });

async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl!;
}

async function attributesOf(url: string): Promise<Partial<Record<string, string>>> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  return Attributes!;
}

const arnOf = async (url: string): Promise<string> => (await attributesOf(url))['QueueArn']!;

interface Told {
  readonly type: string;
  readonly imageId?: string;
  readonly port?: number;
}

interface Application {
  readonly child: ChildProcess;
  readonly port: number;
  readonly told: readonly Told[];
  stop(): Promise<void>;
}

async function start(): Promise<Application> {
  const told: Told[] = [];
  const child = fork(join(built, 'test/nestjs/app/main.js'), {
    env: environment,
    execArgv: ['-C', 'waybill-source', '--disable-warning=ExperimentalWarning'],
  });
  child.on('message', (message) => told.push(message as Told));
  await until(() => told.length > 0 || child.exitCode !== null);
  const application: Application = {
    child,
    port: told[0]?.port ?? 0,
    told,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  processes.push(application);
  expect(application.port).toBeGreaterThan(0);
  return application;
}

const ended = (application: Application): string[] =>
  application.told.filter(({ type }) => type === 'ended').map(({ imageId }) => imageId ?? '');
const begun = (application: Application): string[] =>
  application.told.filter(({ type }) => type === 'begun').map(({ imageId }) => imageId ?? '');

interface Received {
  readonly type: string;
  readonly cursor?: number;
  readonly id?: string;
  readonly data?: { readonly imageId: string };
}

interface Client {
  readonly socket: WebSocket;
  readonly received: Received[];
  readonly images: () => string[];
}

async function connect(application: Application, cursor: number | 'latest'): Promise<Client> {
  const session = { tenantId: 'acme', userId: 'u1', expiresAt: Date.now() + 3_600_000 };
  const ticket = createTicket(TICKET_SECRET, session);
  const socket = new WebSocket(`ws://127.0.0.1:${application.port}/push?ticket=${ticket}`);
  const received: Received[] = [];
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as Received));
  await once(socket, 'open');
  socket.send(JSON.stringify({ action: 'resume', cursor }));
  const client: Client = {
    socket,
    received,
    images: () =>
      received.filter(({ type }) => type === 'notification').map(({ data }) => data?.imageId ?? ''),
  };
  clients.push(client);
  await until(() => received.some(({ type }) => type === 'caught-up'));
  return client;
}

/** The status with which a handshake is refused. */
async function refusal(application: Application, query: string): Promise<number | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${application.port}/push${query}`);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  return response.statusCode;
}

const finished = (imageId: string, userId = 'u1') =>
  createEnvelope(ImageFinished, { tenantId: 'acme', data: { imageId, userId } });

describe('a Nest application', () => {
  test('an event goes from the topic over the queue and a handler to the browser; a second handler publishes', async () => {
    const application = await start();
    const client = await connect(application, 0);

    await publisher.publish(finished('first'));
    await publisher.publish(
      createEnvelope(ImageRemoved, { tenantId: 'acme', data: { imageId: 'second', userId: 'u1' } }),
    );
    await publisher.publish(finished('of somebody else', 'u2'));
    await until(() => client.images().length === 2 && ended(application).length === 3);

    expect(client.images().toSorted()).toEqual(['first', 'second-removed']);
    const health = await fetch(`http://127.0.0.1:${application.port}/health`);
    expect(await health.json()).toMatchObject({
      status: 'up',
      consumers: [{ consumer: 'gallery', state: 'running', handled: 4, failed: 0 }],
    });
  });

  test('D3 D10 poison is dead-lettered with its reason, a handler that throws is tried again, their neighbours flow', async () => {
    const application = await start();
    const client = await connect(application, 0);

    await sqs.send(
      new SendMessageCommand({ QueueUrl: environment['WAYBILL_QUEUE_URL']!, MessageBody: 'no envelope' }),
    );
    const { failed } = await publisher.publishBatch([finished('fails-once'), finished('a'), finished('b')]);
    await until(() => client.images().length === 3);

    expect(failed).toEqual([]);
    expect(client.images().toSorted()).toEqual(['a', 'b', 'fails-once']);
    expect(begun(application).filter((imageId) => imageId === 'fails-once')).toHaveLength(2);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: environment['DEAD_LETTER_QUEUE_URL']!,
        MessageAttributeNames: ['All'],
        WaitTimeSeconds: 20,
      }),
    );
    expect(Messages).toHaveLength(1);
    expect(Messages![0]!.Body).toBe('no envelope');
    expect(JSON.stringify(Messages![0]!.MessageAttributes)).toContain('WAYBILL_ENVELOPE_NOT_JSON');
  });

  test('D17 a shutdown waits for the handler that runs; the rest goes to the next process, nothing lost or twice', async () => {
    const first = await start();
    // Two places: both are taken by handlers that wait, all else waits in the queue.
    await publisher.publishBatch([finished('slow-1'), finished('slow-2')]);
    await until(() => begun(first).length === 2);
    await publisher.publishBatch([finished('later-1'), finished('later-2')]);

    first.child.kill('SIGTERM');
    await until(() => first.told.some(({ type }) => type === 'stopping'));
    expect(ended(first)).toEqual([]);
    first.child.send('open');
    // Not at its exit: what it told last may come later.
    await once(first.child, 'close');

    expect(first.child.exitCode).toBe(0);
    expect(ended(first).toSorted()).toEqual(['slow-1', 'slow-2']);
    const second = await start();
    await until(() => ended(second).length === 2);
    expect(ended(second).toSorted()).toEqual(['later-1', 'later-2']);
    expect(begun(first).concat(begun(second)).toSorted()).toEqual(['later-1', 'later-2', 'slow-1', 'slow-2']);
    // The message is deleted after its handler ended.
    await until(async () => {
      const queue = await attributesOf(environment['WAYBILL_QUEUE_URL']!);
      const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = queue;
      return ApproximateNumberOfMessages === '0' && ApproximateNumberOfMessagesNotVisible === '0';
    });
  });

  test('who was away gets what came meanwhile, once and in order, from its cursor', async () => {
    const application = await start();
    const client = await connect(application, 0);
    await publisher.publish(finished('1'));
    await until(() => client.images().length === 1);
    const cursor = client.received.find(({ type }) => type === 'notification')!.cursor!;
    client.socket.terminate();

    for (const imageId of ['2', '3', '4']) {
      await publisher.publish(finished(imageId));
      await until(() => ended(application).includes(imageId));
    }
    const again = await connect(application, cursor);
    const tab = await connect(application, 'latest');
    await publisher.publish(finished('5'));
    await until(() => again.images().length === 4 && tab.images().length === 1);

    expect(again.images()).toEqual(['2', '3', '4', '5']);
    expect(
      again.received.filter(({ type }) => type === 'notification').map(({ cursor: each }) => each),
    ).toEqual([2, 3, 4, 5]);
    expect(tab.images()).toEqual(['5']);
  });

  test('without a ticket of this application no connection is opened', async () => {
    const application = await start();
    const other = createTicket('another-secret-that-has-32-bytes-too', {
      tenantId: 'acme',
      userId: 'u1',
      expiresAt: Date.now() + 60_000,
    });

    expect(await refusal(application, '')).toBe(401);
    expect(await refusal(application, '?ticket=nonsense')).toBe(403);
    expect(await refusal(application, `?ticket=${other}`)).toBe(403);
  });
});
