/**
 * Messages a second without HTTP, by each project's own in-process interface. The peer's has no receive, so its
 * figure is for publishing into a queue alone, beside ours for the same.
 */
import { startEmbeddedAws } from '../../local/aws/index.ts';
import { startFauxqs } from './fauxqs.ts';
import { fauxqsFolder } from './peers.ts';
import { median } from './statistics.ts';

const ROUNDS = 5;
const MESSAGES = 100_000;
const BATCH = 10;
const BODY = JSON.stringify({ order: 'x'.repeat(500) });
const MESSAGE_ATTRIBUTES = {
  tenantId: { DataType: 'String', StringValue: 'acme' },
  eventType: { DataType: 'String', StringValue: 'OrderPlaced' },
};
const ENTRIES = Array.from({ length: BATCH }, (_, index) => ({
  Id: String(index),
  Message: BODY,
  MessageAttributes: MESSAGE_ATTRIBUTES,
}));

interface Rate {
  readonly what: string;
  readonly rate: number;
}

/** The first is our whole cycle. */
export async function measureInProcess(withFauxqs: boolean): Promise<readonly Rate[]> {
  const rates: Rate[] = [
    { what: 'ours: publish batch, receive, delete', rate: await ourCycle() },
    { what: 'ours: publish batch into a queue', rate: await ourPublish() },
  ];
  if (withFauxqs) rates.push({ what: 'fauxqs: publish into a queue', rate: await fauxqsPublish() });
  return rates;
}

async function ours() {
  const embedded = await startEmbeddedAws({ port: 0 });
  const { sns, sqs } = embedded.services;
  const { context } = embedded;
  const root = { accountId: context.accountId, arn: `arn:aws:iam::${context.accountId}:root` };
  const queueArn = `arn:aws:sqs:${context.region}:${context.accountId}:bench`;
  const { TopicArn } = sns.createTopic({ Name: 'bench' });
  await sqs.handle(
    'CreateQueue',
    {
      QueueName: 'bench',
      Attributes: {
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'sns.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: queueArn,
            },
          ],
        }),
      },
    },
    root,
  );
  sns.subscribe({
    TopicArn,
    Protocol: 'sqs',
    Endpoint: queueArn,
    Attributes: { RawMessageDelivery: 'true' },
  });
  const publish = () => sns.publishBatch({ TopicArn, PublishBatchRequestEntries: ENTRIES });
  return { embedded, sqs, queueArn, publish };
}

async function ourCycle(): Promise<number> {
  const { embedded, sqs, queueArn, publish } = await ours();
  const rate = await measured(async () => {
    for (let sent = 0; sent < MESSAGES; sent += BATCH) {
      await publish();
      let left = BATCH;
      while (left > 0) {
        const messages = await sqs.receiveMessage(queueArn, {
          MaxNumberOfMessages: BATCH,
          WaitTimeSeconds: 1,
        });
        for (const { ReceiptHandle } of messages) sqs.deleteMessage(queueArn, ReceiptHandle);
        left -= messages.length;
      }
    }
  });
  await embedded.close();
  return rate;
}

async function ourPublish(): Promise<number> {
  const { embedded, sqs, queueArn, publish } = await ours();
  const { context } = embedded;
  const rate = await measured(
    async () => {
      for (let sent = 0; sent < MESSAGES; sent += BATCH) await publish();
    },
    () => {
      if (sqs.counts(queueArn).visible !== MESSAGES) throw new Error('Not every message came');
      return sqs.handle(
        'DeleteQueue',
        { QueueUrl: sqs.queueUrl(queueArn) },
        { accountId: context.accountId, arn: '' },
      );
    },
    1,
  );
  await embedded.close();
  return rate;
}

async function fauxqsPublish(): Promise<number> {
  const server = await startFauxqs(fauxqsFolder(), 0);
  server.createTopic('bench');
  server.createQueue('bench');
  server.subscribe({ topic: 'bench', queue: 'bench', attributes: { RawMessageDelivery: 'true' } });
  const rate = await measured(
    () => {
      for (let sent = 0; sent < MESSAGES; sent++) {
        server.publish('bench', BODY, { messageAttributes: MESSAGE_ATTRIBUTES });
      }
    },
    () => server.reset(),
  );
  await server.stop();
  return rate;
}

async function measured(
  work: () => Promise<void> | void,
  after: () => unknown = () => undefined,
  rounds = ROUNDS,
): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    await work();
    rates.push((MESSAGES / (performance.now() - startedAt)) * 1000);
    await after();
  }
  return median(rates);
}
