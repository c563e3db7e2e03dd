/** The runtime against the embedded SNS and SQS, over the wire and through the real SDK. */
import { SNSClient, CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manualClock, startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws, ManualClock } from '../../../local/aws/index.ts';
import { consume, createPublisher, poll, snsTransport, sqsTransport } from '../../../lambda/runtime/index.ts';
import type { Handler, Poller, SqsBatch } from '../../../lambda/runtime/index.ts';
import { capturedLog, OrderPlaced, orderPlaced } from './fixtures.ts';
import { untilOnClock } from '../../support/waiting.ts';

let aws: EmbeddedAws;
let clock: ManualClock;
let sqs: SQSClient;
let sns: SNSClient;
let pollers: Poller[];

beforeEach(async () => {
  clock = manualClock();
  aws = await startEmbeddedAws({ clock, port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  sqs = new SQSClient(settings);
  sns = new SNSClient(settings);
  pollers = [];
});

afterEach(async () => {
  await Promise.all(pollers.map((poller) => poller.stop()));
  sqs.destroy();
  sns.destroy();
  await aws.close();
});

interface Queue {
  readonly url: string;
  readonly arn: string;
}

async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<Queue> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl: url } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url!, AttributeNames: ['QueueArn'] }),
  );
  return { url: url!, arn: Attributes!['QueueArn']! };
}

async function topicInto(queue: Queue, name: string): Promise<string> {
  const fifo: Record<string, string> = name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name, Attributes: fifo }));
  await sns.send(
    new SubscribeCommand({
      TopicArn: TopicArn!,
      Protocol: 'sqs',
      Endpoint: queue.arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  return TopicArn!;
}

/** A queue that SNS may send to. Permissions are another suite's concern. */
const openPolicy = (name: string): Record<string, string> => ({
  Policy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:aws:sqs:us-east-1:000000000000:${name}`,
      },
    ],
  }),
});

function startPoller(queue: Queue, handler: Handler<typeof OrderPlaced>, deadLetterQueueUrl = ''): void {
  const settings = { consumer: 'shipping', queueUrl: queue.url, client: sqs, deadLetterQueueUrl };
  pollers.push(poll(OrderPlaced, handler, { ...settings, concurrency: 20, logger: capturedLog().logger }));
}

/** Moves the embedded AWS's clock, so that backoffs end, until the condition holds. */
const until = (condition: () => boolean): Promise<void> => untilOnClock(clock, condition, 500);

describe('publisher, topic, queue, poller', () => {
  test('D4 D6 D8 FIFO: order per key holds while handlers fail, and nothing is lost', async () => {
    const queue = await createQueue('orders.fifo', openPolicy('orders.fifo'));
    const topicArn = await topicInto(queue, 'orders.fifo');
    const publisher = createPublisher({
      contracts: [OrderPlaced],
      transport: snsTransport({ topicArn, client: sns }),
    });
    const sent = Array.from({ length: 80 }, (_, index) => orderPlaced(`o${index}`, `c${index % 8}`));
    const handled: string[] = [];
    const failedOnce = new Set<string>();
    startPoller(queue, async ({ data, eventId }) => {
      if (Number(data.orderId.slice(1)) % 7 === 0 && !failedOnce.has(eventId)) {
        failedOnce.add(eventId);
        throw new Error('for a moment');
      }
      handled.push(data.orderId);
    });

    expect((await publisher.publishBatch(sent)).failed).toEqual([]);
    await until(() => handled.length >= sent.length);

    expect(failedOnce.size).toBe(12);
    expect(handled).toHaveLength(sent.length);
    for (let key = 0; key < 8; key += 1) {
      const ofKey = handled.map((id) => Number(id.slice(1))).filter((id) => id % 8 === key);
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
    }
  });

  test('D1 D3 standard: entries of publish, delete and visibility calls that fail lose nothing', async () => {
    const queue = await createQueue('orders', openPolicy('orders'));
    const topicArn = await topicInto(queue, 'orders');
    for (const [service, action] of [
      ['sns', 'PublishBatch'],
      ['sqs', 'DeleteMessageBatch'],
      ['sqs', 'ChangeMessageVisibilityBatch'],
    ] as const) {
      aws.context.faults.add({
        service,
        action,
        probability: 0.5,
        effect: { kind: 'fail-entries', share: 0.4 },
      });
    }
    const publisher = createPublisher({
      contracts: [OrderPlaced],
      transport: snsTransport({ topicArn, client: sns, tuning: { attempts: 10 } }),
    });
    const sent = Array.from({ length: 60 }, (_, index) => orderPlaced(`o${index}`));
    const handled = new Set<string>();
    let failures = 0;
    startPoller(queue, async ({ data, eventId }) => {
      if (failures < 10 && data.orderId.endsWith('3')) {
        failures += 1;
        throw new Error('for a moment');
      }
      handled.add(eventId);
    });

    expect((await publisher.publishBatch(sent)).failed).toEqual([]);
    await until(() => handled.size >= sent.length);

    expect(handled).toEqual(new Set(sent.map(({ eventId }) => eventId)));
    expect(
      Object.values(aws.context.faults.injected()).reduce((sum, count) => sum + count, 0),
    ).toBeGreaterThan(0);
  });

  test('D10 poison ends in the dead-letter queue with its reason, its attributes and its group', async () => {
    const deadLetters = await createQueue('orders-dlq.fifo');
    const queue = await createQueue('orders.fifo');
    const transport = sqsTransport({ queueUrl: queue.url, client: sqs });
    const poison = orderPlaced('poison', 'c1');
    const after = orderPlaced('after', 'c1');
    const encode = (envelope: typeof poison, body: string) => ({
      eventId: envelope.eventId,
      eventType: 'OrderPlaced',
      eventVersion: '1.0',
      source: 'shop',
      tenantId: 'acme',
      orderingKey: 'acme#c1',
      priority: 'normal' as const,
      body,
    });
    const handled: string[] = [];
    startPoller(queue, ({ data }) => void handled.push(data.orderId), deadLetters.url);

    await transport.send([encode(poison, '{"not":"an envelope"}'), encode(after, JSON.stringify(after))]);
    await until(() => handled.length === 1);

    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetters.url,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    expect(handled).toEqual(['after']);
    expect(Messages).toHaveLength(1);
    expect(Messages![0]).toMatchObject({
      Body: '{"not":"an envelope"}',
      Attributes: { MessageGroupId: 'acme#c1' },
      MessageAttributes: {
        eventType: { StringValue: 'OrderPlaced' },
        tenantId: { StringValue: 'acme' },
        deadLetterReason: { StringValue: 'WAYBILL_ENVELOPE_INVALID' },
        deadLetterConsumer: { StringValue: 'shipping' },
        deadLetterReceiveCount: { StringValue: '1' },
      },
    });
  });
});

describe('consume', () => {
  async function receiveAsLambda(queue: Queue): Promise<SqsBatch> {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return {
      Records: (Messages ?? []).map((message) => ({
        messageId: message.MessageId!,
        receiptHandle: message.ReceiptHandle!,
        body: message.Body!,
        attributes: message.Attributes!,
        eventSourceARN: queue.arn,
      })),
    };
  }

  test('D6 FIFO: after a failure the group comes back whole and in order when the head’s backoff is over, not before', async () => {
    const queue = await createQueue('payments.fifo', { VisibilityTimeout: '600' });
    process.env['AWS_ENDPOINT_URL_SQS'] = aws.endpointUrl;
    const publisher = createPublisher({
      contracts: [OrderPlaced],
      transport: sqsTransport({ queueUrl: queue.url, client: sqs }),
    });
    await publisher.publishBatch(['o1', 'o2', 'o3', 'o4'].map((id) => orderPlaced(id)));
    const handler = consume(
      OrderPlaced,
      ({ data }) => {
        if (data.orderId !== 'o1') throw new Error('down');
      },
      {
        consumer: 'payments',
        client: sqs,
        logger: capturedLog().logger,
        random: () => 0.99,
        backoff: { base: 8, cap: 60 },
      },
    );
    const batch = await receiveAsLambda(queue);

    const { batchItemFailures } = await handler(batch);
    delete process.env['AWS_ENDPOINT_URL_SQS'];
    aws.services.sqs.deleteMessage(queue.arn, batch.Records[0]!.receiptHandle);

    expect(batchItemFailures).toHaveLength(3);
    await clock.advance(7_900);
    expect((await receiveAsLambda(queue)).Records).toEqual([]);
    await clock.advance(1_100);
    const again = await receiveAsLambda(queue);
    expect(
      again.Records.map(({ body }) => (JSON.parse(body) as { data: { orderId: string } }).data.orderId),
    ).toEqual(['o2', 'o3', 'o4']);
  });
});
