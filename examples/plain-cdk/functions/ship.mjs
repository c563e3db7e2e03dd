/** Ships each order of a batch and says so in the `Shipped` queue; an order without an address fails. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const sqs = new SQSClient();

export async function handler(batch) {
  const batchItemFailures = [];
  for (const record of batch.Records) {
    try {
      const { orderId, address } = JSON.parse(record.body);
      if (!address) throw new Error(`order ${orderId} has no address`);
      const MessageBody = JSON.stringify({ orderId });
      await sqs.send(new SendMessageCommand({ QueueUrl: process.env.SHIPPED_QUEUE_URL, MessageBody }));
    } catch {
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}
