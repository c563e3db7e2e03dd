/** Sends to one SQS queue, standard or FIFO. */
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import type { Transport } from '../types.ts';
import { isFifo } from './group-id.ts';
import { SQS_LIMITS } from './limits.ts';
import { messageTransport } from './message-transport.ts';
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
  return messageTransport({
    fifo: isFifo(props.queueUrl),
    limits: { ...SQS_LIMITS, bytes: props.maximumMessageSize ?? SQS_LIMITS.bytes },
    tuning: props.tuning,
    open: async () => {
      const { api, client } = await sqs(props.client);
      return (entries) =>
        client.send(
          new api.SendMessageBatchCommand({
            QueueUrl: props.queueUrl,
            Entries: entries.map(({ entry, body }) => ({ ...entry, MessageBody: body })),
          }),
        );
    },
  });
}
