/** The writer's side of the outbox: enqueue in the business transaction, nudge after its commit. */
import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import { encode } from '../encode.ts';
import type { Logger } from '../logger.ts';
import type { Queryable } from '../postgres/query.ts';
import type { EncodedMessage } from '../types.ts';
import { enqueue } from './enqueue.ts';
import { OutboxError } from './errors.ts';
import type { Nudge } from './nudge.ts';
import { coalesce } from './nudge.ts';

export interface OutboxOptions {
  /** The contracts of the events that are written: they tell ordering key and priority. */
  readonly contracts: readonly AnyEventContract[];
  /** @default - none: events are published at the relay's next poll */
  readonly nudge?: Nudge;
  /** Told when a nudge fails. */
  readonly logger?: Logger;
}

export interface Outbox {
  /**
   * Stores events in the caller's transaction. One statement, however many events.
   * @throws OutboxError WAYBILL_OUTBOX_EVENT_NOT_DECLARED, WAYBILL_OUTBOX_EVENT_TOO_LARGE; nothing is stored then
   */
  readonly enqueue: (tx: Queryable, events: readonly Envelope[]) => Promise<void>;
  /** Call after the commit. Coalesced, never rejects. In Lambda await it, because the process is frozen afterwards. */
  readonly nudge: () => Promise<void>;
}

/**
 * @example
 * const outbox = createOutbox({ contracts: [OrderPlaced], nudge: () => processor.nudge() });
 *
 * await inTransaction(pool, async (tx) => {
 *   await tx.query('insert into orders ...', [...]);
 *   await outbox.enqueue(tx, [createEnvelope(OrderPlaced, { tenantId, data })]);
 * }, outbox.nudge);
 */
export function createOutbox({ contracts, nudge, logger }: OutboxOptions): Outbox {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]));
  return {
    enqueue: async (tx, events) =>
      enqueue(
        tx,
        events.map((envelope) => encodeDeclared(byName, envelope)),
      ),
    nudge: nudge === undefined ? async () => undefined : coalesce(nudge, logger),
  };
}

/** @throws OutboxError WAYBILL_OUTBOX_EVENT_NOT_DECLARED */
function encodeDeclared(
  contracts: ReadonlyMap<string, AnyEventContract>,
  envelope: Envelope,
): EncodedMessage {
  const contract = contracts.get(envelope.eventType);
  if (contract === undefined) {
    throw new OutboxError(
      'WAYBILL_OUTBOX_EVENT_NOT_DECLARED',
      `event ${envelope.eventType} is not among the contracts of this outbox (${[...contracts.keys()].join(', ')}): add its contract to createOutbox({ contracts })`,
    );
  }
  return encode(contract, envelope);
}
