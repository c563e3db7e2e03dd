/** What SNS and SQS have in common: the same entries, limits of the same kind, answers of the same form. */
import type { EncodedMessage, Transport } from '../types.ts';
import { positional } from './batch-answer.ts';
import type { BatchAnswer } from './batch-answer.ts';
import { deliveryIds, groupIdOf } from './group-id.ts';
import type { DeliveryIds } from './group-id.ts';
import type { BatchLimits } from './limits.ts';
import { entryBytes, messageAttributes } from './message-attributes.ts';
import type { StringAttribute } from './message-attributes.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

/** An entry of a batch call, but for its body, which each service names in its own way. */
export interface MessageEntry extends DeliveryIds {
  /** The position in the batch. */
  readonly Id: string;
  readonly MessageAttributes: Record<string, StringAttribute>;
}

export interface MessageTransportProps {
  readonly fifo: boolean;
  readonly limits: BatchLimits;
  /** Loads the client and gives the batch call. */
  readonly open: () => Promise<
    (entries: readonly { readonly entry: MessageEntry; readonly body: string }[]) => Promise<BatchAnswer>
  >;
  readonly tuning: SendTuning | undefined;
}

export function messageTransport({ fifo, limits, open, tuning }: MessageTransportProps): Transport {
  const entryOf = (message: EncodedMessage, position: number) => ({
    body: message.body,
    entry: {
      Id: String(position),
      MessageAttributes: messageAttributes(message),
      ...deliveryIds(message, fifo),
    },
  });

  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const call = await open();
      const failed = await sendInBatches(messages, {
        limits,
        sizeOf: (message) => entryBytes(message.body, entryOf(message, 0).entry),
        ...(fifo && { laneOf: groupIdOf }),
        call: async (batch) => positional(batch.length, await call(batch.map(entryOf))),
        ...(tuning !== undefined && { tuning }),
      });
      return { failed };
    },
  };
}
