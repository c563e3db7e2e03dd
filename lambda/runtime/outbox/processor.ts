/**
 * The relay: takes its share of the lanes, keeps the leases alive while it drains them, gives them back.
 * The same for a scheduled function (`processPendingEvents`) and for a long-running process (`run`).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { Backoff } from '../backoff.ts';
import { fullJitter } from '../backoff.ts';
import { sleep, systemClock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import type { LaneTokens } from '../postgres/lane-leases.ts';
import { LaneDrain } from './lane-drain.ts';
import { releaseLanes, renewLanes, unregister } from './lanes.ts';
import { listen } from './listen.ts';
import { OutboxError } from './errors.ts';
import { purgePublished } from './retention.ts';
import type { OutboxProcessor, OutboxProcessorOptions, ProcessOptions, ProcessResult } from './types.ts';

const DEFAULT_BATCH_SIZE = 100;
const DEFAULT_IN_FLIGHT = 10;
/** Milliseconds. */
const DEFAULT_LEASE = 15_000;
const DEFAULT_POLL = 1_000;
/** Seconds. */
const DEFAULT_RETENTION = 86_400;
/** Milliseconds. The longest wait until a new relay gets its share from the others. */
const RENEW_INTERVAL = 1_000;
/** Milliseconds that `processPendingEvents` waits for a retry. */
const WORTHWHILE_WAIT = 1_000;
/** Milliseconds between two looks for a lane that another relay is about to give back, and how long it looks. */
const LANE_LOOK = 50;
const LANE_PATIENCE = 1_000;
/** Milliseconds until the first poll of an idle relay; doubled up to `pollMilliseconds`. */
const FIRST_POLL = 20;
/** Milliseconds, after the database failed. */
const RECOVERY: Backoff = { base: 200, cap: 5_000 };
/** Milliseconds between two purges of rows that are kept no longer. */
const PURGE_INTERVAL = 10_000;

/**
 * @example
 * const processor = createOutboxProcessor({ pool, publisher });
 * export const handler = (_event, context) =>
 *   processor.processPendingEvents({ deadline: Date.now() + context.getRemainingTimeInMillis() - 5_000 });
 *
 * @throws OutboxError WAYBILL_OUTBOX_OPTION_INVALID
 */
export function createOutboxProcessor(options: OutboxProcessorOptions): OutboxProcessor {
  return new Relay(options);
}

class Relay implements OutboxProcessor {
  readonly #options: Required<Omit<OutboxProcessorOptions, 'logger'>>;
  readonly #logger: Logger | undefined;
  #held: LaneTokens = new Map();
  #drain: LaneDrain | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #running = false;
  #nudged = false;
  #nudge = Promise.withResolvers<void>();
  #renewAt = 0;
  #lastPurge = 0;

  constructor(options: OutboxProcessorOptions) {
    this.#options = {
      pool: options.pool,
      publisher: options.publisher,
      owner: options.owner ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
      batchSize: wholeNumber('batchSize', options.batchSize ?? DEFAULT_BATCH_SIZE, 1),
      inFlight: wholeNumber('inFlight', options.inFlight ?? DEFAULT_IN_FLIGHT, 1),
      leaseMilliseconds: wholeNumber('leaseMilliseconds', options.leaseMilliseconds ?? DEFAULT_LEASE, 100),
      retentionSeconds: wholeNumber('retentionSeconds', options.retentionSeconds ?? DEFAULT_RETENTION, 0),
      pollMilliseconds: wholeNumber('pollMilliseconds', options.pollMilliseconds ?? DEFAULT_POLL, 1),
      listen: options.listen ?? false,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
    };
    this.#logger = options.logger;
  }

  processPendingEvents(options: ProcessOptions = {}): Promise<ProcessResult> {
    // One at a time: two calls in one process would compete for the same lanes under the same name.
    const result = this.#queue.then(() => this.#process(options));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async nudge(): Promise<void> {
    if (!this.#running) {
      await this.processPendingEvents().catch((error: unknown) => this.#report(error));
      return;
    }
    this.#nudged = true;
    this.#nudge.resolve();
    this.#drain?.wake();
  }

  async #process({ deadline = Infinity, signal }: ProcessOptions): Promise<ProcessResult> {
    const { clock } = this.#options;
    const total = emptyResult();
    const stopped = (): boolean => signal?.aborted === true || clock.now() >= deadline;
    const patience = clock.now() + LANE_PATIENCE;
    try {
      while (!stopped()) {
        const drain = await this.#drainOnce(stopped, total);
        if (drain === undefined) {
          // Another relay has all lanes. It may be about to stop, after its last look and before this commit.
          if (clock.now() >= patience || !(await this.#isAnythingPending())) break;
          await sleep(clock, LANE_LOOK, signal);
          continue;
        }
        if (drain.interrupted) continue;
        const wait = drain.nextDue() - clock.now();
        if (wait > WORTHWHILE_WAIT || clock.now() + wait >= deadline) break;
        await sleep(clock, Math.max(0, wait), signal);
      }
      await this.#purge(stopped);
    } finally {
      await this.#giveBack();
    }
    return total;
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<ProcessResult> {
    const { clock, pool, random, listen: listening, pollMilliseconds } = this.#options;
    const total = emptyResult();
    this.#running = true;
    const broken = (error: Error): void => {
      this.#logger?.warn('an idle database connection broke; the pool opens another', {
        error: describeError(error),
      });
    };
    // Without a listener a broken idle connection ends the process.
    pool.on('error', broken);
    const listener = listening
      ? listen({ pool, clock, random, logger: this.#logger, notified: () => void this.nudge() })
      : undefined;
    let failures = 0;
    let idlePolls = 0;
    try {
      while (!signal.aborted) {
        this.#nudged = false;
        this.#nudge = Promise.withResolvers<void>();
        let wait: number;
        try {
          const before = total.published + total.retried + total.quarantined;
          const drain = await this.#drainOnce(() => signal.aborted, total);
          await this.#purge(() => signal.aborted || this.#nudged);
          if (failures > 0) this.#logger?.info('the outbox database answers again');
          failures = 0;
          idlePolls = total.published + total.retried + total.quarantined > before ? 0 : idlePolls + 1;
          const longest = Math.min(pollMilliseconds, this.#renewInterval());
          const poll = Math.min(longest, FIRST_POLL * 2 ** Math.min(idlePolls, 20));
          wait = drain?.interrupted ? 0 : Math.min(poll, (drain?.nextDue() ?? Infinity) - clock.now());
        } catch (error) {
          if (failures++ === 0) this.#report(error);
          wait = fullJitter(RECOVERY, failures, random);
        }
        if (!this.#nudged || failures > 0) await this.#idle(wait, signal);
      }
    } finally {
      this.#running = false;
      await listener?.close();
      await this.#giveBack();
      pool.off('error', broken);
    }
    return total;
  }

  /** Waits, and renews the leases meanwhile by way of the next drain. */
  async #idle(milliseconds: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    signal.addEventListener('abort', end);
    void this.#nudge.promise.then(end);
    await sleep(this.#options.clock, Math.max(0, milliseconds), waiting.signal);
    signal.removeEventListener('abort', end);
  }

  /** Takes this relay's share of the lanes and drains them until nothing is due. Undefined: it got no lane. */
  async #drainOnce(stopped: () => boolean, total: ProcessResult): Promise<LaneDrain | undefined> {
    const drain = await this.#takeLanes();
    if (drain === undefined) return undefined;
    const before = { ...drain.result };
    const leases = this.#keepLeases(drain);
    try {
      await drain.drain(stopped);
    } finally {
      await leases.stop();
      total.published += drain.result.published - before.published;
      total.retried += drain.result.retried - before.retried;
      total.quarantined += drain.result.quarantined - before.quarantined;
      total.lanes = Math.max(total.lanes, drain.tokens.size);
      // Its picture of the lanes is out of date.
      if (drain.interrupted) this.#drain = undefined;
    }
    return drain;
  }

  async #takeLanes(): Promise<LaneDrain | undefined> {
    const { pool, owner, leaseMilliseconds, clock } = this.#options;
    if (this.#drain !== undefined && clock.now() < this.#renewAt) return this.#drain;
    const leasedUntil = clock.now() + leaseMilliseconds;
    this.#renewAt = clock.now() + this.#renewInterval();
    const report = await renewLanes(pool, owner, leaseMilliseconds, this.#held, true).catch(explain);
    const held =
      report.held.size > report.share
        ? await releaseLanes(pool, owner, report.held, report.share)
        : report.held;
    const unchanged = this.#drain !== undefined && sameTokens(held, this.#drain.tokens);
    this.#held = held;
    if (held.size === 0) {
      this.#drain = undefined;
    } else if (unchanged) {
      this.#drain?.renewedUntil(leasedUntil);
    } else {
      const drain = new LaneDrain(this.#options, held, leasedUntil);
      await drain.load();
      this.#drain = drain;
    }
    return this.#drain;
  }

  /** Renews the leases while a drain is under way, and interrupts it when the lanes have to change hands. */
  #keepLeases(drain: LaneDrain): { stop(): Promise<void> } {
    const { pool, owner, leaseMilliseconds, clock } = this.#options;
    const stopping = new AbortController();
    const renewing = (async () => {
      for (;;) {
        await sleep(clock, Math.max(0, this.#renewAt - clock.now()), stopping.signal);
        if (stopping.signal.aborted) return;
        const leasedUntil = clock.now() + leaseMilliseconds;
        this.#renewAt = clock.now() + this.#renewInterval();
        try {
          const report = await renewLanes(pool, owner, leaseMilliseconds, drain.tokens, false);
          if (report.unfair || report.held.size < drain.tokens.size) drain.interrupt();
          else drain.renewedUntil(leasedUntil);
        } catch (error) {
          this.#logger?.warn('the leases of the outbox lanes could not be renewed; trying again', {
            error: describeError(error),
          });
        }
      }
    })();
    return {
      stop: async () => {
        stopping.abort();
        await renewing;
      },
    };
  }

  #renewInterval(): number {
    return Math.min(RENEW_INTERVAL, this.#options.leaseMilliseconds / 3);
  }

  async #giveBack(): Promise<void> {
    const { pool, owner } = this.#options;
    const held = this.#held;
    this.#held = new Map();
    this.#drain = undefined;
    this.#renewAt = 0;
    try {
      await releaseLanes(pool, owner, held, 0);
      await unregister(pool, owner);
    } catch (error) {
      this.#logger?.warn('the outbox lanes could not be given back; their leases will expire', {
        error: describeError(error),
      });
    }
  }

  async #purge(stopped: () => boolean): Promise<void> {
    const { pool, clock, retentionSeconds } = this.#options;
    if (clock.now() - this.#lastPurge < PURGE_INTERVAL) return;
    this.#lastPurge = clock.now();
    await purgePublished(pool, retentionSeconds, stopped);
  }

  async #isAnythingPending(): Promise<boolean> {
    const { rows } = await this.#options.pool.query(
      `select 1 from event_outbox
       where status = 'PENDING' and (next_attempt_at is null or next_attempt_at <= clock_timestamp())
       limit 1`,
    );
    return rows.length > 0;
  }

  #report(error: unknown): void {
    this.#logger?.error("the outbox relay can't reach its database; it tries again and nothing is lost", {
      error: describeError(error),
    });
  }
}

function emptyResult(): ProcessResult {
  return { published: 0, retried: 0, quarantined: 0, lanes: 0 };
}

function sameTokens(one: LaneTokens, other: LaneTokens): boolean {
  return one.size === other.size && [...one].every(([lane, token]) => other.get(lane) === token);
}

/** PostgreSQL's code for a table that does not exist. */
const UNDEFINED_TABLE = '42P01';

function explain(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) {
    throw new OutboxError(
      'WAYBILL_OUTBOX_NOT_MIGRATED',
      'the tables of the outbox are missing: call migrate(pool), or run its SQL, before the relay starts',
      { cause: error },
    );
  }
  throw error;
}

function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new OutboxError(
    'WAYBILL_OUTBOX_OPTION_INVALID',
    `${name} must be a whole number of at least ${least}, received ${value}`,
  );
}
