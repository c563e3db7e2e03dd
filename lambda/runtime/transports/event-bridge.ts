/** Puts events on one EventBridge bus. A bus keeps no order. */
import { eventBridge } from '../clients.ts';
import type { EventBridgeSender } from '../clients.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { entryFailure } from './call-error.ts';
import type { EntryFailure } from './call-error.ts';
import { EVENT_BRIDGE_LIMITS } from './limits.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface EventBridgeTransportProps {
  /** Name or ARN of the bus. */
  readonly eventBusName: string;
  /** @default - one client per process, see clients.ts */
  readonly client?: EventBridgeSender;
  readonly tuning?: SendTuning;
}

/**
 * Codes of a failed entry that a later try may clear. Source: EventBridge API, PutEventsResultEntry.
 */
const TRANSIENT = new Set([
  'InternalFailure',
  'InternalException',
  'ThrottlingException',
  'ServiceUnavailable',
]);

/**
 * `Source` is the envelope's source, `DetailType` its type, `Detail` the whole envelope.
 *
 * @example
 * const transport = eventBridgeTransport({ eventBusName: 'saas-prod' });
 */
export function eventBridgeTransport(props: EventBridgeTransportProps): Transport {
  const entry = (message: EncodedMessage) => ({
    EventBusName: props.eventBusName,
    Source: message.source,
    DetailType: message.eventType,
    Detail: message.body,
  });

  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const { api, client } = await eventBridge(props.client, props.eventBusName);
      const failed = await sendInBatches(messages, {
        limits: EVENT_BRIDGE_LIMITS,
        sizeOf: entryBytes,
        call: async (batch) => {
          const answer = await client.send(new api.PutEventsCommand({ Entries: batch.map(entry) }));
          return batch.map((_, position) => resultOf(answer.Entries?.[position]));
        },
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}

/** Source: "Calculating PutEvents event entry size", eventbridge/latest/userguide/eb-putevent-size.html. */
function entryBytes(message: EncodedMessage): number {
  return (
    Buffer.byteLength(message.source) + Buffer.byteLength(message.eventType) + Buffer.byteLength(message.body)
  );
}

/** Entries are answered in their order: with an EventId when accepted, with an ErrorCode when not. */
function resultOf(
  result:
    | {
        readonly EventId?: string | undefined;
        readonly ErrorCode?: string | undefined;
        readonly ErrorMessage?: string | undefined;
      }
    | undefined,
): EntryFailure | undefined {
  if (result?.EventId !== undefined && result.ErrorCode === undefined) return undefined;
  const code = result?.ErrorCode ?? 'WAYBILL_NO_ANSWER';
  const transient = TRANSIENT.has(code) || result?.ErrorCode === undefined;
  return entryFailure(code, result?.ErrorMessage ?? 'the service did not answer for the entry', !transient);
}
