/**
 * Messages a second through the AWS SDK. All servers get the same loop, one after the other in each round, so that
 * what else the machine does meets all alike.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTopicCommand, PublishBatchCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startServer, type ServerName } from './peers.ts';
import { median } from './statistics.ts';

const ROUNDS = 3;
const RUN_MILLISECONDS = 6000;
/** Not counted: connections open, code is compiled. */
const WARM_UP_MILLISECONDS = 1500;
const PUBLISHERS = 2;
const CONSUMERS = 2;
const BATCH = 10;
/** Messages under way at most; one of the peers slows down with a backlog. */
const MAXIMUM_BACKLOG = 100;
const BODY = JSON.stringify({ order: 'x'.repeat(500) });

export async function measureThroughSdk(
  servers: readonly ServerName[],
): Promise<ReadonlyMap<ServerName, number>> {
  const rates = new Map<ServerName, number[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of servers) {
      const server = await startServer(name);
      try {
        rates.get(name)?.push(await messagesPerSecond(server.url));
      } finally {
        await server.stop();
      }
    }
  }
  return new Map([...rates].map(([server, values]) => [server, median(values)]));
}

async function messagesPerSecond(endpoint: string): Promise<number> {
  const configuration = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const sns = new SNSClient(configuration);
  const sqs = new SQSClient(configuration);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'bench' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'bench' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: Attributes?.['QueueArn'],
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );

  let published = 0;
  let deleted = 0;
  const run = { over: false };
  const publish = async () => {
    while (!run.over) {
      if (published - deleted >= MAXIMUM_BACKLOG) {
        await sleep(1);
        continue;
      }
      published += BATCH;
      await sns.send(
        new PublishBatchCommand({
          TopicArn,
          PublishBatchRequestEntries: Array.from({ length: BATCH }, (_, index) => ({
            Id: String(index),
            Message: BODY,
            MessageAttributes: {
              tenantId: { DataType: 'String', StringValue: 'acme' },
              eventType: { DataType: 'String', StringValue: 'OrderPlaced' },
            },
          })),
        }),
      );
    }
  };
  const consume = async () => {
    while (!run.over) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: BATCH, WaitTimeSeconds: 1 }),
      );
      if (Messages.length === 0) continue;
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      deleted += Messages.length;
    }
  };
  const loops = [
    ...Array.from({ length: PUBLISHERS }, publish),
    ...Array.from({ length: CONSUMERS }, consume),
  ];
  await sleep(WARM_UP_MILLISECONDS);
  const before = { deleted, at: performance.now() };
  await sleep(RUN_MILLISECONDS);
  const rate = ((deleted - before.deleted) / (performance.now() - before.at)) * 1000;
  run.over = true;
  await Promise.all(loops);
  sns.destroy();
  sqs.destroy();
  return rate;
}
