/** What is personal in events is sealed before it is stored (D13): nothing personal lies in the store in clear. */
import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import type { Queryable } from '../postgres/query.ts';
import { hasClearText } from '../sealing/fields.ts';
import type { Sealer } from '../sealing/index.ts';
import type { EncodedMessage } from '../types.ts';
import { EventStoreError } from './errors.ts';

export interface StoreSealing {
  /** Whether any of these types has personal data. Where none has, nothing is looked at. */
  concerns(events: readonly Pick<Envelope, 'eventType'>[]): boolean;
  /** @throws EventStoreError WAYBILL_EVENT_STORE_SEALER_MISSING; SealingError as `Sealer.seal` */
  seal(tx: Queryable, events: readonly Envelope[]): Promise<readonly Envelope[]>;
  /** The same for what is encoded already. @throws as `seal` */
  sealEncoded(tx: Queryable, messages: readonly EncodedMessage[]): Promise<readonly EncodedMessage[]>;
}

/**
 * | the event | a sealer | |
 * |---|---|---|
 * | of a contract without `pii`, or of none that the store knows | | as it is |
 * | sealed already, erased, or without what `pii` names | | as it is |
 * | with clear text | given | sealed |
 * | with clear text | not given | WAYBILL_EVENT_STORE_SEALER_MISSING |
 */
export function storeSealing(
  contracts: readonly AnyEventContract[],
  sealer: Pick<Sealer, 'seal'> | undefined,
): StoreSealing {
  const personal = new Map(
    contracts.filter(({ pii }) => pii.length > 0).map((contract) => [contract.name, contract]),
  );

  const sealOne = async (tx: Queryable, event: Envelope): Promise<Envelope> => {
    const contract = personal.get(event.eventType);
    if (contract === undefined) return event;
    if (sealer !== undefined) return sealer.seal(contract, event, tx);
    if (!hasClearText(event.data, contract.pii)) return event;
    throw new EventStoreError(
      'WAYBILL_EVENT_STORE_SEALER_MISSING',
      `event ${event.eventType} ${event.eventId} has personal data (${contract.pii.join(', ')}), and the store has no sealer: give createEventStore() a \`sealer\`, or seal the event before it is appended`,
    );
  };

  return {
    concerns: (events) => personal.size > 0 && events.some(({ eventType }) => personal.has(eventType)),
    async seal(tx, events) {
      const sealed: Envelope[] = [];
      // One after the other: they may share the transaction's connection.
      for (const event of events) sealed.push(await sealOne(tx, event));
      return sealed;
    },
    async sealEncoded(tx, messages) {
      const sealed: EncodedMessage[] = [];
      for (const message of messages) {
        if (!personal.has(message.eventType)) {
          sealed.push(message);
          continue;
        }
        const event = JSON.parse(message.body) as Envelope;
        const result = await sealOne(tx, event);
        sealed.push(result === event ? message : { ...message, body: JSON.stringify(result) });
      }
      return sealed;
    },
  };
}
