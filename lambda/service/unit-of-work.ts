/**
 * One business transaction: rows and the events that tell of them are committed together or not at all.
 * The relay is nudged after the commit; a lost nudge costs a moment, never an event (D11).
 */
import type { AnyEventContract, Envelope, EnvelopeOf, NewEvent } from '../../lib/contracts/index.ts';
import { createEnvelope } from '../../lib/contracts/index.ts';

/** What runs SQL inside a transaction. */
export interface Transaction {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

export interface Database extends Transaction {
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
}

/** What the functions of a system run on. */
export interface Service {
  readonly database: Database;
  /**
   * Seals the personal data of events, with the writer's connection where it needs one (D13).
   * @default - events are written as they are
   */
  readonly seal?: (tx: Transaction, events: readonly Envelope[]) => Promise<readonly Envelope[]>;
  /** Writes envelopes to the outbox, in the caller's transaction. */
  readonly enqueue: (tx: Transaction, events: readonly Envelope[]) => Promise<void>;
  /** False when this consumer has handled this event before. Writes the inbox row in the caller's transaction. */
  readonly processOnce: (tx: Transaction, consumer: string, eventId: string) => Promise<boolean>;
  /** Wakes the relay. Must not reject. */
  readonly nudge: () => Promise<void>;
  /**
   * Called after the commit with all events that were written, before the nudge. Must not reject.
   * @default - nothing is published but by the relay
   */
  readonly publishEagerly?: (events: readonly Envelope[]) => Promise<void>;
}

export type Emit = <Contract extends AnyEventContract>(
  contract: Contract,
  event: NewEvent<Contract>,
) => EnvelopeOf<Contract>;

/** @throws whatever `work`, the outbox or the database threw; nothing is stored then */
export async function unitOfWork<Result>(
  service: Service,
  work: (tx: Transaction, emit: Emit) => Promise<Result>,
): Promise<Result> {
  const { result, emitted } = await service.database.transaction(async (tx) => {
    const events: Envelope[] = [];
    const done = await emitting(events, (emit) => work(tx, emit));
    if (events.length === 0) return { result: done, emitted: events };
    const written = (await service.seal?.(tx, events)) ?? events;
    await service.enqueue(tx, written);
    return { result: done, emitted: written };
  });
  if (emitted.length > 0) {
    await service.publishEagerly?.(emitted);
    await service.nudge();
  }
  return result;
}

function emitting<Result>(events: Envelope[], work: (emit: Emit) => Promise<Result>): Promise<Result> {
  return work((contract, event) => {
    const envelope = createEnvelope(contract, event);
    events.push(envelope);
    return envelope as EnvelopeOf<typeof contract>;
  });
}

/** True when a select finds a row, or a statement with `returning` changes one. */
export async function hasRows(tx: Transaction, text: string, values: readonly unknown[]): Promise<boolean> {
  return (await tx.query(text, values)).rows.length > 0;
}

/** The rows of a query whose columns the caller names in its own SQL. */
export async function rowsOf<Row>(
  tx: Transaction,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  return (await tx.query(text, values)).rows as Row[];
}
