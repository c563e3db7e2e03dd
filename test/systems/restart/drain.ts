/** Small readers that the checks share. */
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';

/** Makes a queue; gives its URL and ARN. */
export async function createQueue(
  { sqs }: Clients,
  QueueName: string,
  Attributes: Partial<Record<QueueAttributeName, string>> = {},
): Promise<{ readonly url: string; readonly arn: string }> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const { Attributes: described } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return { url: String(QueueUrl), arn: String(described?.QueueArn) };
}

/** The URL of a queue as it is now: it changes with the port. */
export async function urlOf({ sqs }: Clients, QueueName: string): Promise<string> {
  return String((await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl);
}

/** Receives and deletes until nothing comes; gives the bodies in the order in which they came. */
export async function drain(clients: Clients, queueName: string): Promise<string[]> {
  const QueueUrl = await urlOf(clients, queueName);
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 30 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body ?? ''));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
    await clients.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** The text of every record of a stream, shard by shard. */
export async function recordsOf({ kinesis }: Clients, StreamName: string): Promise<string[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  const texts: string[] = [];
  for (const { ShardId } of Shards) {
    const start = await kinesis.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (let iterator = start.ShardIterator; iterator !== undefined;) {
      const read = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
      if (read.Records?.length === 0) break;
      texts.push(...(read.Records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString()));
      iterator = read.NextShardIterator;
    }
  }
  return texts;
}

/** Asks again and again until the answer is as it should be. @throws what the last asking threw */
export async function eventually(check: () => Promise<void>, withinMilliseconds = 200_000): Promise<void> {
  const end = Date.now() + withinMilliseconds;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
