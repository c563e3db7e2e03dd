/** `createEventStore()`: events as the record of what happened, in PostgreSQL. */
import type { Pool } from 'pg';

import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import { encode } from '../encode.ts';
import type { Logger } from '../logger.ts';
import { coalesce } from '../outbox/nudge.ts';
import type { Queryable } from '../postgres/query.ts';
import type { Sealer } from '../sealing/index.ts';
import type { EncodedMessage } from '../types.ts';
import { appendMessages } from './append.ts';
import { EventStoreError } from './errors.ts';
import { readHorizon, readOpenWriters } from './horizon.ts';
import type { OpenWriter } from './horizon.ts';
import { NOTIFY } from './notify.ts';
import { readAll, readPage, readStream } from './read.ts';
import type { StreamRange } from './read.ts';
import { maintainEventStore } from './retention.ts';
import type { MaintenanceOptions, MaintenanceReport } from './retention.ts';
import { storeSealing } from './seal.ts';
import { stateOf } from './state.ts';
import type { Projection, StateOptions, VersionedState } from './state.ts';
import type { Appended, AppendOptions, EventFilter, EventPage, StoredEvent } from './types.ts';

export interface EventStoreOptions {
  /** May lead through a pooler that pools transactions: nothing here needs a session of its own. */
  readonly pool: Pool;
  /** The contracts of the events that are appended: they tell ordering key and priority. */
  readonly contracts: readonly AnyEventContract[];
  /**
   * Seals personal data: `createSealer()`. Needed where a contract declares `pii`. What is read is sealed as it was stored;
   * consumers and projections open it with a `sealer` of their own.
   * @default - an event with personal data in clear is refused; one that was sealed before is stored
   */
  readonly sealer?: Pick<Sealer, 'seal'>;
  /**
   * Tells subscriptions after each append, coalesced, so that they need not wait for their next poll.
   * @default true
   */
  readonly notify?: boolean;
  /** Told when a hint could not be sent. */
  readonly logger?: Logger;
}

export interface EventStore {
  readonly pool: Pool;
  /**
   * Appends to a stream, in a transaction of its own, and tells subscriptions. The same eventIds again are answered as
   * the first time.
   *
   * Events whose contract has an ordering key are kept in order by it, the others by the stream.
   *
   * @throws VersionConflict WAYBILL_EVENT_STORE_VERSION_CONFLICT; EventStoreError
   * WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED, WAYBILL_EVENT_STORE_EVENT_TOO_LARGE, WAYBILL_EVENT_STORE_ID_TAKEN,
   * WAYBILL_EVENT_STORE_SEALER_MISSING, WAYBILL_EVENT_STORE_NOT_MIGRATED; SealingError. Nothing is stored then.
   */
  append(stream: string, events: readonly Envelope[], options?: AppendOptions): Promise<readonly Appended[]>;
  /**
   * The same in the caller's transaction: call `nudge` after its commit. The stream is locked until then. After a
   * VersionConflict the transaction can go on; after another error it can only roll back.
   */
  appendWithin(
    tx: Queryable,
    stream: string,
    events: readonly Envelope[],
    options?: AppendOptions,
  ): Promise<readonly Appended[]>;
  /**
   * Appends encoded messages of any number of streams in one statement: what has an ordering key to the stream of that
   * name, the rest to none. For transports; see `postgresTransport`. Sealed where the store knows the contract.
   */
  appendEncoded(messages: readonly EncodedMessage[], tx?: Queryable): Promise<readonly Appended[]>;
  /** Tells subscriptions that something was committed: those of this process at once, others by NOTIFY. Never rejects. */
  readonly nudge: () => Promise<void>;
  /** Calls the listener at each nudge of this store in this process. Returns what ends it. */
  onNudge(listener: () => void): () => void;

  /** A page of the global order. @param options limit: 1 to 10,000 events, 100 unless told */
  read(options?: EventFilter & { readonly limit?: number }): Promise<EventPage>;
  /** What is there when the iteration begins, page by page. */
  events(filter?: EventFilter & { readonly pageSize?: number }): AsyncIterable<StoredEvent>;
  /** A stream in its order, also what the given transaction has appended itself. */
  stream(stream: string, range?: StreamRange, tx?: Queryable): Promise<readonly StoredEvent[]>;
  /**
   * The state of a stream, now, at a time or at a version. Undefined: it had no events that the projection knows.
   * @throws EventStoreError WAYBILL_EVENT_STORE_HISTORY_GONE, ContractError as `decode`
   */
  state<State, Contract extends AnyEventContract>(
    projection: Projection<State, Contract>,
    stream: string,
    options?: StateOptions,
    tx?: Queryable,
  ): Promise<VersionedState<State> | undefined>;

  /** The position up to which everything is committed or rolled back. */
  horizon(): Promise<number>;
  /** Open transactions that have appended and keep readers from going on. */
  openWriters(): Promise<readonly OpenWriter[]>;
  /** Makes partitions ahead and drops old ones: run it daily. */
  maintain(options?: MaintenanceOptions): Promise<MaintenanceReport>;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const DEFAULT_PAGE_SIZE = 500;

/**
 * @example
 * const store = createEventStore({ pool, contracts: [FeedbackReceived, FeedbackRated] });
 * await store.append(`feedback-${id}`, [createEnvelope(FeedbackReceived, { tenantId, data })], { expectedVersion: 0 });
 */
export function createEventStore(options: EventStoreOptions): EventStore {
  const { pool, contracts, sealer, logger, notify = true } = options;
  const sealing = storeSealing(contracts, sealer);
  const byName = new Map(contracts.map((contract) => [contract.name, contract]));
  const tellOthers = notify
    ? coalesce(async () => void (await pool.query(NOTIFY)), logger)
    : async () => undefined;
  const listeners = new Set<() => void>();
  const nudge = (): Promise<void> => {
    for (const listener of listeners) listener();
    return tellOthers();
  };

  const appendWithin: EventStore['appendWithin'] = (tx, stream, events, { expectedVersion } = {}) => {
    const store = (written: readonly Envelope[]) =>
      appendMessages(
        tx,
        written.map((envelope) => ({ message: encodeFor(byName, stream, envelope), stream })),
        expectedVersion,
      );
    return sealing.concerns(events) ? sealing.seal(tx, events).then(store) : store(events);
  };

  return {
    pool,
    nudge,
    onNudge(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    appendWithin,
    async append(stream, events, given) {
      // The function is one statement, so it is a transaction by itself.
      const appended = await appendWithin(pool, stream, events, given);
      void nudge();
      return appended;
    },
    async appendEncoded(messages, tx) {
      const given = tx ?? pool;
      const written = sealing.concerns(messages) ? await sealing.sealEncoded(given, messages) : messages;
      const events = written.map((message) => ({
        message,
        stream: message.orderingKey === message.tenantId ? undefined : message.orderingKey,
      }));
      const appended = await appendMessages(given, events);
      if (tx === undefined) void nudge();
      return appended;
    },
    read: ({ limit = DEFAULT_LIMIT, ...filter } = {}) => readPage(pool, { ...filter, limit: limitOf(limit) }),
    events: ({ pageSize = DEFAULT_PAGE_SIZE, ...filter } = {}) =>
      readAll(pool, { ...filter, limit: limitOf(pageSize) }),
    stream: (stream, range, tx = pool) => readStream(tx, stream, range),
    state: (projection, stream, given, tx = pool) => stateOf(tx, projection, stream, given),
    horizon: () => readHorizon(pool),
    openWriters: () => readOpenWriters(pool),
    maintain: (given) => maintainEventStore(pool, given),
  };
}

function limitOf(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new EventStoreError(
    'WAYBILL_EVENT_STORE_OPTION_INVALID',
    `a page has 1 to ${MAX_LIMIT} events, received ${limit}`,
  );
}

/** @throws EventStoreError WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED */
function encodeFor(
  contracts: ReadonlyMap<string, AnyEventContract>,
  stream: string,
  envelope: Envelope,
): EncodedMessage {
  const contract = contracts.get(envelope.eventType);
  if (contract === undefined) {
    throw new EventStoreError(
      'WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED',
      `event ${envelope.eventType} is not among the contracts of this store (${[...contracts.keys()].join(', ')}): add its contract to createEventStore({ contracts })`,
    );
  }
  const message = encode(contract, envelope);
  if (message.orderingKey !== message.tenantId) return message;
  return { ...message, orderingKey: `${message.tenantId}#${stream}` };
}
