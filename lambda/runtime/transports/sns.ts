/** Publishes to one SNS topic, standard or FIFO. */
import { sns } from '../clients.ts';
import type { SnsSender } from '../clients.ts';
import type { Transport } from '../types.ts';
import { isFifo } from './group-id.ts';
import { SNS_LIMITS } from './limits.ts';
import { messageTransport } from './message-transport.ts';
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
  return messageTransport({
    fifo: isFifo(props.topicArn),
    limits: { ...SNS_LIMITS, bytes: props.maximumMessageSize ?? SNS_LIMITS.bytes },
    tuning: props.tuning,
    open: async () => {
      const { api, client } = await sns(props.client, props.topicArn);
      return (entries) =>
        client.send(
          new api.PublishBatchCommand({
            TopicArn: props.topicArn,
            PublishBatchRequestEntries: entries.map(({ entry, body }) => ({ ...entry, Message: body })),
          }),
        );
    },
  });
}
