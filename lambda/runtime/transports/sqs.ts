/** Sends to one SQS queue, standard or FIFO. */
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { positional } from './batch-answer.ts';
import { deliveryIds, groupIdOf, isFifo } from './group-id.ts';
import { SQS_LIMITS } from './limits.ts';
import { entryBytes, messageAttributes } from './message-attributes.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface SqsTransportProps {
  /** A queue whose name ends with `.fifo` gets group and deduplication ids, and its order is kept. */
  readonly queueUrl: string;
  /**
   * The queue's MaximumMessageSize in bytes, where it was lowered.
   * @default 1048576
   */
  readonly maximumMessageSize?: number;
  /** @default - one client per process, see clients.ts */
  readonly client?: SqsSender;
  readonly tuning?: SendTuning;
}

/**
 * @example
 * const transport = sqsTransport({ queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/jobs' });
 */
export function sqsTransport(props: SqsTransportProps): Transport {
  const fifo = isFifo(props.queueUrl);

  const entry = (message: EncodedMessage, position: number) => ({
    Id: String(position),
    MessageBody: message.body,
    MessageAttributes: messageAttributes(message),
    ...deliveryIds(message, fifo),
  });

  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const { api, client } = await sqs(props.client);
      const failed = await sendInBatches(messages, {
        limits: { ...SQS_LIMITS, bytes: props.maximumMessageSize ?? SQS_LIMITS.bytes },
        sizeOf: (message) =>
          entryBytes('0', message.body, messageAttributes(message), { ...deliveryIds(message, fifo) }),
        ...(fifo && { laneOf: groupIdOf }),
        call: async (batch) => {
          const answer = await client.send(
            new api.SendMessageBatchCommand({ QueueUrl: props.queueUrl, Entries: batch.map(entry) }),
          );
          return positional(batch.length, answer);
        },
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}
