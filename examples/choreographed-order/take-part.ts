/** Makes a function of a participant: it notes what it hears, decides, notes what it says, and says it. */
import { createEnvelope } from 'waybill/contracts';
import { consume, publisherFromEnvironment } from 'waybill/runtime';
import type { EventPublisher, SqsHandler } from 'waybill/runtime';
import type { Facts, FlowEnvelope, FlowEvent, Participant } from './participant.ts';
import { openOrderBook } from './order-book.ts';

/**
 * Safe at every point at which it can stop. What is noted stays: an event that comes again changes nothing. What it
 * says is noted with the event that made it say so, and said again when that one comes again, with the same eventId.
 */
export function takePart({ reactsTo, publishes, decide }: Participant): SqsHandler {
  let publisher: EventPublisher<FlowEvent> | undefined;
  const book = openOrderBook();
  return consume(reactsTo, async (event) => {
    const heard = await book.note([event]);
    const said = decide(factsIn(heard)).map(
      ({ contract, data }) =>
        createEnvelope(contract, { tenantId: event.tenantId, data, causedBy: event }) as FlowEnvelope,
    );
    if (said.length === 0) return;
    const noted = await book.note(said);
    publisher ??= publisherFromEnvironment(publishes);
    for (const { eventType } of said) {
      const envelope = noted.get(eventType)!;
      if (envelope.causationId === event.eventId) await publisher.publish(envelope);
    }
  });
}

function factsIn(noted: ReadonlyMap<string, FlowEnvelope>): Facts {
  return Object.fromEntries([...noted].map(([eventType, { data }]) => [eventType, data]));
}
