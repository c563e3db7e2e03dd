/** `subscribe()`: a consumer of the event store as a long-running process. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Pool } from 'pg';

import { systemClock } from '../clock.ts';
import { consumerFrom } from '../consumer/consumer-options.ts';
import { declarationOf } from '../consumer/declaration.ts';
import { checkedBackoff, DEFAULT_BACKOFF } from '../consumer/visibility.ts';
import { EventStoreError, explained, wholeNumber } from '../event-store/errors.ts';
import { readHorizon } from '../event-store/horizon.ts';
import { EVENT_STORE_CHANNEL } from '../event-store/notify.ts';
import { LANE_COUNT } from '../outbox/lane-count.ts';
import { listen } from '../postgres/listen.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { WAITING_HINT } from './hint.ts';
import { Runner } from './runner.ts';
import type { EventSubscription, SubscribeOptions } from './types.ts';

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_MAX_ATTEMPTS = 5;
/** Milliseconds. */
const DEFAULT_POLL = 1_000;
const DEFAULT_LEASE = 15_000;
const DEFAULT_STOP = 20_000;
/** Seconds. */
const DEFAULT_MAX_PROCESSING = 300;
const DEFAULT_PAGE_SIZE = 500;

/**
 * Handles the events of the consumer's contracts, each at least once, until it is stopped: by the same declaration as
 * behind a queue, in order, with retries, dead letters and leases. Begin the handler's transaction with `processOnce`,
 * and the effect happens once.
 *
 * - Any number of instances with one name share the events; those of one that dies are taken over after its lease.
 * - An event that fails holds its ordering key until it is handled or dead; other keys go on.
 * - Polling is the guarantee; LISTEN only makes it quick.
 *
 * @example
 * const sentiment = consume(FeedbackReceived, rate, { consumer: 'sentiment' });
 * const subscription = await subscribe({ consumer: sentiment, store });
 * process.once('SIGTERM', () => void subscription.stop().then(() => process.exit(0)));
 *
 * @throws EventStoreError WAYBILL_SUBSCRIPTION_ORDER_CHANGED, WAYBILL_EVENT_STORE_OPTION_INVALID,
 * WAYBILL_EVENT_STORE_NOT_MIGRATED; RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_MISSING
 */
export async function subscribe(options: SubscribeOptions): Promise<EventSubscription> {
  const { contracts, handler, options: declared } = declarationOf(options.consumer);
  const { pool } = options.store;
  const consumer = consumerFrom(contracts, handler, {
    ...declared,
    ...(options.name !== undefined && { consumer: options.name }),
    ...(options.logger !== undefined && { logger: options.logger }),
    ...(options.clock !== undefined && { clock: options.clock }),
    maxReceiveCount: wholeNumber(
      'maxAttempts',
      options.maxAttempts ?? declared.maxReceiveCount ?? DEFAULT_MAX_ATTEMPTS,
      1,
    ),
  });
  const order = options.order ?? 'key';
  const random = options.random ?? declared.random ?? Math.random;
  const settings = {
    pool,
    owner: options.owner ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    order,
    concurrency: wholeNumber('concurrency', options.concurrency ?? DEFAULT_CONCURRENCY, 1),
    backoff: checkedBackoff(options.backoff ?? declared.backoff ?? DEFAULT_BACKOFF),
    pollMilliseconds: wholeNumber('pollMilliseconds', options.pollMilliseconds ?? DEFAULT_POLL, 1),
    leaseMilliseconds: wholeNumber('leaseMilliseconds', options.leaseMilliseconds ?? DEFAULT_LEASE, 100),
    maxProcessingMilliseconds:
      1_000 * wholeNumber('maxProcessingTime', options.maxProcessingTime ?? DEFAULT_MAX_PROCESSING, 1),
    pageSize: wholeNumber('pageSize', options.pageSize ?? DEFAULT_PAGE_SIZE, 1),
    onSettled: options.onSettled,
    random,
  };
  await register(pool, consumer.name, order, options.from ?? 'beginning');

  // Without a listener a broken idle connection ends the process.
  const broken = (): void => undefined;
  pool.on('error', broken);
  const runner = new Runner(consumer, settings);
  const endNudges = options.store.onNudge?.(() => runner.hint(false));
  const { listen: listening = true } = options;
  const listener =
    listening === false
      ? undefined
      : listen({
          pool: listening === true ? pool : listening,
          clock: options.clock ?? systemClock,
          random,
          logger: consumer.logger,
          channel: EVENT_STORE_CHANNEL,
          listener: `subscription ${consumer.name}`,
          ...(options.listenCheckMilliseconds !== undefined && {
            checkInterval: options.listenCheckMilliseconds,
          }),
          notified: (payload) => runner.hint(payload === WAITING_HINT),
        });
  let stopped: Promise<{ abandoned: number }> | undefined;
  const stop = async (within: number): Promise<{ abandoned: number }> => {
    endNudges?.();
    const report = await runner.stop(within);
    await listener?.close();
    pool.off('error', broken);
    return report;
  };
  return {
    name: consumer.name,
    stop: ({ within = DEFAULT_STOP } = {}) => (stopped ??= stop(within)),
  };
}

/** Makes the subscription where it is new. */
async function register(
  pool: Pool,
  consumer: string,
  order: 'key' | 'total',
  from: 'beginning' | 'now' | number,
): Promise<void> {
  try {
    const start = from === 'now' ? await readHorizon(pool) : from === 'beginning' ? 0 : from;
    const lanes = order === 'total' ? 1 : LANE_COUNT;
    const known = await inTransaction(pool, async (tx) => {
      await tx.query(
        'insert into event_subscription (consumer, ordering, lanes) values ($1, $2, $3) on conflict do nothing',
        [consumer, order, lanes],
      );
      const { rows } = await tx.query<{ ordering: string }>(
        'select ordering from event_subscription where consumer = $1',
        [consumer],
      );
      if (rows[0]?.ordering !== order) return rows[0]?.ordering;
      await tx.query(
        `insert into event_subscription_lane (consumer, lane, position)
         select $1, lane, $3 from generate_series(0, $2::int - 1) as lane on conflict do nothing`,
        [consumer, lanes, start],
      );
      return order;
    });
    if (known === order) return;
    throw new EventStoreError(
      'WAYBILL_SUBSCRIPTION_ORDER_CHANGED',
      `subscription ${consumer} was made with order '${known}', and now asks for '${order}': its cursors do not fit. Give it another name with \`from\`, or removeSubscription() it first`,
    );
  } catch (error) {
    throw explained(error);
  }
}

/**
 * Forgets a subscription: cursors, what waits and its dead letters. Its inbox stays. What it has not read keeps no
 * partition any more.
 *
 * @returns whether there was one
 */
export async function removeSubscription(pool: Pool, consumer: string): Promise<boolean> {
  const { rowCount } = await pool.query('delete from event_subscription where consumer = $1', [consumer]);
  await pool.query('delete from event_subscription_member where consumer = $1', [consumer]);
  return (rowCount ?? 0) > 0;
}
