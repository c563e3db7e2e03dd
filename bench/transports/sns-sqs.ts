/**
 * SNS and SQS FIFO on the embedded AWS, in a process of its own: this says what our side costs, and nothing of the
 * latency of AWS.
 */
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';

import { poll } from '../../lambda/runtime/poll.ts';
import { snsTransport } from '../../lambda/runtime/transports/sns.ts';
import type { Transport } from '../../lambda/runtime/types.ts';
import { startServer } from '../local/peers.ts';
import { CONCURRENCY, OrderPlaced, silent } from '../subscriptions.ts';
import { sendAll } from './send.ts';
import type { Started } from './started.ts';

export async function startSnsSqs(): Promise<Started> {
  const aws = await startServer('waybill');
  const settings = {
    endpoint: aws.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  };
  const [sns, sqs] = [new SNSClient(settings), new SQSClient(settings)];
  let names = 0;
  let queueUrl = '';
  let transport: Transport | undefined;
  return {
    contender: {
      name: 'sns-sqs (FIFO, embedded AWS)',
      fill: (from, count) => sendAll(transport!, from, count),
      async start(sink) {
        const poller = poll(OrderPlaced, ({ eventId, data }) => sink.handle(eventId, data), {
          queueUrl,
          client: sqs,
          consumer: 'bench',
          concurrency: CONCURRENCY,
          pollers: 2,
          logger: silent,
        });
        return () => poller.stop();
      },
      async clear() {
        names += 1;
        const topic = { FifoTopic: 'true', FifoThroughputScope: 'MessageGroup' };
        const { TopicArn } = await sns.send(
          new CreateTopicCommand({ Name: `bench-${names}.fifo`, Attributes: topic }),
        );
        const queue = {
          FifoQueue: 'true',
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
        };
        const { QueueUrl } = await sqs.send(
          new CreateQueueCommand({ QueueName: `bench-${names}.fifo`, Attributes: queue }),
        );
        queueUrl = QueueUrl!;
        const { Attributes } = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
        );
        await sns.send(
          new SubscribeCommand({
            TopicArn: TopicArn!,
            Protocol: 'sqs',
            Endpoint: Attributes!['QueueArn']!,
            Attributes: { RawMessageDelivery: 'true' },
          }),
        );
        transport = snsTransport({ topicArn: TopicArn!, client: sns });
      },
    },
    async stop() {
      sns.destroy();
      sqs.destroy();
      await aws.stop();
    },
  };
}
