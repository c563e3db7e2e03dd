/**
 * The event store of orders: events are appended at an expected version, and any order is rebuilt from them, as
 * it is now or as it was at any time. Snapshots only shorten the way; without them the result is the same.
 */
import { decode } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Transaction } from '../../service/unit-of-work.ts';
import { fold, orderStreamEvents } from './order-state.ts';
import type { OrderState, OrderStreamEvent } from './order-state.ts';

/** Events between two snapshots. An order has six to ten events. */
const SNAPSHOT_INTERVAL = 5;
/** PostgreSQL's unique_violation. */
const UNIQUE_VIOLATION = '23505';

/** Another writer appended to the order meanwhile. Nothing is stored; read the order again and decide anew. */
export class OrderVersionConflict extends Error {
  readonly code = 'WAYBILL_ORDER_VERSION_CONFLICT';

  constructor(orderId: string, expectedVersion: number, options?: ErrorOptions) {
    super(`order ${orderId} is no longer at version ${expectedVersion}`, options);
    this.name = 'OrderVersionConflict';
  }
}

export interface VersionedOrder {
  readonly state: OrderState;
  /** Of the last event in the state. */
  readonly version: number;
}

/**
 * Appends events to an order, and takes a snapshot every few events.
 *
 * @param at - the order the events were decided on; undefined for a new one
 * @throws OrderVersionConflict when the order is not at that version
 */
export async function appendToOrder(
  tx: Transaction,
  orderId: string,
  at: VersionedOrder | undefined,
  events: readonly OrderStreamEvent[],
): Promise<VersionedOrder> {
  const expectedVersion = at?.version ?? 0;
  let current = at;
  for (const event of events) {
    current = { state: fold(current?.state, event), version: (current?.version ?? 0) + 1 };
    const recordedAt = await append(tx, orderId, current.version, event, expectedVersion);
    if (current.version % SNAPSHOT_INTERVAL === 0) await takeSnapshot(tx, orderId, current, recordedAt);
  }
  if (current === undefined) throw new OrderVersionConflict(orderId, expectedVersion);
  return current;
}

async function append(
  tx: Transaction,
  orderId: string,
  version: number,
  event: Envelope,
  expectedVersion: number,
): Promise<string> {
  try {
    // A gap would mean that events before it are missing: the order is at an older version than expected.
    const [row] = await rowsOf<{ readonly recordedAt: string }>(
      tx,
      `insert into order_event (order_id, version, event_id, envelope)
       select $1, $2::int, $3, $4
        where $2::int = 1 + (select coalesce(max(version), 0) from order_event where order_id = $1)
       returning recorded_at::text as "recordedAt"`,
      [orderId, version, event.eventId, JSON.stringify(event)],
    );
    if (row === undefined) throw new OrderVersionConflict(orderId, expectedVersion);
    return row.recordedAt;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== UNIQUE_VIOLATION) throw cause;
    throw new OrderVersionConflict(orderId, expectedVersion, { cause });
  }
}

async function takeSnapshot(
  tx: Transaction,
  orderId: string,
  { state, version }: VersionedOrder,
  recordedAt: string,
): Promise<void> {
  await tx.query(
    `insert into order_snapshot (order_id, version, state, recorded_at) values ($1, $2, $3, $4)`,
    [orderId, version, JSON.stringify(state), recordedAt],
  );
}

export interface RebuildOptions {
  /**
   * The order as it was at this time, by the time at which its events were stored.
   * @default - as it is now
   */
  readonly until?: Date;
  /**
   * False folds every event from the first on: to check that snapshots tell the truth.
   * @default true
   */
  readonly snapshots?: boolean;
}

/**
 * Rebuilds an order from its events, of whatever version they are. Undefined when there is no such order, or was
 * none at that time.
 */
export async function rebuildOrder(
  database: Transaction,
  orderId: string,
  { until, snapshots = true }: RebuildOptions = {},
): Promise<VersionedOrder | undefined> {
  const limit = until?.toISOString() ?? null;
  let current = snapshots ? await lastSnapshot(database, orderId, limit) : undefined;
  const rows = await rowsOf<{ readonly version: number; readonly envelope: Envelope }>(
    database,
    `select version, envelope from order_event
      where order_id = $1 and version > $2 and ($3::timestamptz is null or recorded_at <= $3)
      order by version`,
    [orderId, current?.version ?? 0, limit],
  );
  for (const { version, envelope } of rows) {
    const event = await decode(orderStreamEvents, envelope);
    current = { state: fold(current?.state, event), version };
  }
  return current;
}

async function lastSnapshot(
  database: Transaction,
  orderId: string,
  until: string | null,
): Promise<VersionedOrder | undefined> {
  const [snapshot] = await rowsOf<VersionedOrder>(
    database,
    `select version, state from order_snapshot
      where order_id = $1 and ($2::timestamptz is null or recorded_at <= $2)
      order by version desc limit 1`,
    [orderId, until],
  );
  return snapshot;
}
