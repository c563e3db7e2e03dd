/**
 * The database's half of a failover. What the failed region had published and not yet handled is lost with it, so it is
 * published again, where the inbox skips what was handled; and sagas that have not ended begin again.
 */

export interface FailoverDatabase {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[]; rowCount?: number | null }>;
}

export interface FailoverPlan {
  /** What was published from then on is published again. */
  readonly since: Date;
  /** Rows of the outbox to publish again. */
  readonly events: number;
  /** Orders whose saga begins again. */
  readonly orders: number;
}

export interface OutboxFailoverOptions {
  /** The PostgreSQL schema of the system. */
  readonly schema: string;
  /**
   * When everything that was published had surely been handled.
   * @default - fifteen minutes ago, or when the oldest order was placed that has not ended
   */
  readonly since?: Date | undefined;
}

/** The consumer that starts sagas, and what it starts them of. */
const SAGA_STARTER = 'saga-starter';
const SAGA_EVENT = 'OrderPlaced';
/** Longer than any queue's backlog is meant to be: its alarm is critical long before. */
const DEFAULT_MINUTES = 15;

/** What a failover would do. Changes nothing. */
export async function planFailover(
  database: FailoverDatabase,
  { schema, since }: OutboxFailoverOptions,
): Promise<FailoverPlan> {
  const from = since ?? (await safePoint(database, schema));
  const [counts] = await rows<{ events: string; orders: string }>(
    database,
    `select (select count(*) from ${schema}.event_outbox where ${PUBLISHED_AGAIN(schema)}) as events,
            (select count(*) from ${schema}.customer_order where ended_at is null) as orders`,
    [from],
  );
  return { since: from, events: Number(counts?.events ?? 0), orders: Number(counts?.orders ?? 0) };
}

/**
 * Puts the events back to be published, and lets sagas of open orders begin again, in one transaction. Safe to repeat:
 * consumers know what they handled, and the workers of a saga what they did.
 */
export async function requeue(
  database: FailoverDatabase,
  { schema }: OutboxFailoverOptions,
  { since }: Pick<FailoverPlan, 'since'>,
): Promise<FailoverPlan> {
  const [done] = await rows<{ events: string; orders: string }>(
    database,
    `with forgotten as (
       delete from ${schema}.event_inbox
        where consumer = '${SAGA_STARTER}' and event_id in (${OPEN_ORDERS(schema)})
        returning event_id),
     again as (
       update ${schema}.event_outbox
          set status = 'PENDING', published_at = null, retry_count = 0, next_attempt_at = null, last_error = null
        where ${PUBLISHED_AGAIN(schema)}
        returning id)
     select (select count(*) from again) as events, (select count(*) from forgotten) as orders`,
    [since],
  );
  return { since, events: Number(done?.events ?? 0), orders: Number(done?.orders ?? 0) };
}

/** Ids of orders that have not ended: the names of their sagas. */
export async function openOrders(
  database: FailoverDatabase,
  { schema }: OutboxFailoverOptions,
): Promise<ReadonlySet<string>> {
  const open = await rows<{ order_id: string }>(
    database,
    `select order_id from ${schema}.customer_order where ended_at is null`,
  );
  return new Set(open.map(({ order_id: orderId }) => orderId));
}

/** The events of which the sagas of open orders began. */
const OPEN_ORDERS = (schema: string): string =>
  `select id from ${schema}.event_outbox placed
    where placed.event_type = '${SAGA_EVENT}'
      and placed.event_data->'data'->>'orderId' in
          (select order_id from ${schema}.customer_order where ended_at is null)`;

const PUBLISHED_AGAIN = (schema: string): string =>
  `status = 'PUBLISHED' and (published_at >= $1 or id in (${OPEN_ORDERS(schema)}))`;

async function safePoint(database: FailoverDatabase, schema: string): Promise<Date> {
  const [row] = await rows<{ since: Date }>(
    database,
    `select least(now() - interval '${DEFAULT_MINUTES} minutes',
                  (select min(placed_at) from ${schema}.customer_order where ended_at is null)) as since`,
  );
  return row?.since ?? new Date(0);
}

async function rows<Row>(
  database: FailoverDatabase,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  return (await database.query(text, values)).rows as Row[];
}
