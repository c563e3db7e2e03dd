/** Publishes to one SNS topic, standard or FIFO. */
import { sns } from '../clients.ts';
import type { SnsSender } from '../clients.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { positional } from './batch-answer.ts';
import { deliveryIds, groupIdOf, isFifo } from './group-id.ts';
import { SNS_LIMITS } from './limits.ts';
import { entryBytes, messageAttributes } from './message-attributes.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface SnsTransportProps {
  /** A topic whose name ends with `.fifo` gets group and deduplication ids, and its order is kept. */
  readonly topicArn: string;
  /**
   * The topic's MaximumMessageSize in bytes, where it was raised.
   * @default 262144
   */
  readonly maximumMessageSize?: number;
  /** @default - one client per process, see clients.ts */
  readonly client?: SnsSender;
  readonly tuning?: SendTuning;
}

/**
 * @example
 * const publisher = createPublisher({ contracts: [OrderPlaced], transport: snsTransport({ topicArn }) });
 */
export function snsTransport(props: SnsTransportProps): Transport {
  const fifo = isFifo(props.topicArn);

  const entry = (message: EncodedMessage, position: number) => ({
    Id: String(position),
    Message: message.body,
    MessageAttributes: messageAttributes(message),
    ...deliveryIds(message, fifo),
  });

  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const { api, client } = await sns(props.client);
      const failed = await sendInBatches(messages, {
        limits: { ...SNS_LIMITS, bytes: props.maximumMessageSize ?? SNS_LIMITS.bytes },
        sizeOf: (message) =>
          entryBytes('0', message.body, messageAttributes(message), { ...deliveryIds(message, fifo) }),
        ...(fifo && { laneOf: groupIdOf }),
        call: async (batch) => {
          const answer = await client.send(
            new api.PublishBatchCommand({
              TopicArn: props.topicArn,
              PublishBatchRequestEntries: batch.map(entry),
            }),
          );
          return positional(batch.length, answer);
        },
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}
