/** The envelope as it goes over a wire, with what routing needs beside it. Also what the outbox stores. */
import { orderingKeyOf } from '../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope } from '../../lib/contracts/index.ts';
import type { EncodedMessage } from './types.ts';

export function encode(contract: AnyEventContract, envelope: Envelope): EncodedMessage {
  return {
    eventId: envelope.eventId,
    eventType: envelope.eventType,
    eventVersion: envelope.eventVersion,
    source: envelope.source,
    tenantId: envelope.tenantId,
    orderingKey: orderingKeyOf(contract, envelope),
    priority: contract.priority,
    body: JSON.stringify(envelope),
  };
}
