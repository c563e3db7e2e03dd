/** Puts events on one Custom Event Bus, in the order of each key. */
import { customEventBusClient } from '../aws/custom-event-bus.ts';
import type { CustomEventBusClient, PutEventsAnswer } from '../aws/custom-event-bus.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { entryFailure } from './call-error.ts';
import type { EntryFailure } from './call-error.ts';
import { groupIdOf } from './group-id.ts';
import { CUSTOM_EVENT_BUS_LIMITS } from './limits.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface CustomEventBusTransportProps {
  /** With the id at its end, for example `arn:aws:events:eu-west-1:111122223333:event-busv2/orders/...`. */
  readonly eventBusArn: string;
  /** @default - signs its own requests, with the credentials of the environment */
  readonly client?: CustomEventBusClient;
  readonly tuning?: SendTuning;
}

/**
 * `Source` is the envelope's source, `DetailType` its type, `Detail` the whole envelope. The event group is the
 * ordering key, else the tenant, and the deduplication id the eventId (D8): whether order matters is a subscriber's
 * affair, which a publisher cannot know, so of a group one event at a time is under way.
 *
 * @example
 * const transport = customEventBusTransport({ eventBusArn: process.env.BUS_ARN });
 */
export function customEventBusTransport(props: CustomEventBusTransportProps): Transport {
  const client = props.client ?? customEventBusClient(process.env);
  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const failed = await sendInBatches(messages, {
        limits: CUSTOM_EVENT_BUS_LIMITS,
        sizeOf: entryBytes,
        laneOf: groupIdOf,
        call: async (batch) => {
          const answer = await client.putEvents({
            EventBusArn: props.eventBusArn,
            Entries: batch.map(entryOf),
          });
          return batch.map((_, position) => resultOf(answer.Entries?.[position]));
        },
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}

/** `arn:aws:events:REGION:ACCOUNT:event-busv2/NAME/ID`; a classic bus is an `event-bus/NAME`. */
export function isCustomEventBus(arn: string): boolean {
  const [, , service, , , resource = ''] = arn.split(':');
  return service === 'events' && resource.startsWith('event-busv2/');
}

const entryOf = (message: EncodedMessage) => ({
  Source: message.source,
  DetailType: message.eventType,
  Detail: message.body,
  SystemMetadata: { EventGroupId: groupIdOf(message), DeduplicationId: message.eventId },
});

function entryBytes(message: EncodedMessage): number {
  return [message.source, message.eventType, message.body, groupIdOf(message), message.eventId].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    0,
  );
}

/** Codes of a failed entry that a later try may clear: the errors of the API that are not the sender's. */
const TRANSIENT = new Set(['InternalException', 'ThrottlingException']);

/** `DEDUPLICATED` is a success: the bus has the event. */
function resultOf(
  result: NonNullable<PutEventsAnswer['Entries']>[number] | undefined,
): EntryFailure | undefined {
  if (result?.SuccessCode !== undefined && result.ErrorCode === undefined) return undefined;
  const code = result?.ErrorCode ?? 'WAYBILL_NO_ANSWER';
  const transient = TRANSIENT.has(code) || result?.ErrorCode === undefined;
  return entryFailure(code, result?.ErrorMessage ?? 'the service did not answer for the entry', !transient);
}
