/**
 * Drains a fixed set of lanes. Reading, publishing and finishing in the database overlap:
 *
 *   read a page -> in order of keys -> up to `inFlight` sends -> what was accepted is finished, all at once
 *
 * One read and one finish at a time; each takes along what has come together meanwhile, so under load pages are
 * full and finishes are large without any timer.
 *
 * Numbers are drawn before rows are committed, so a read may pass over a number whose row comes later. A later row of
 * the same key must not be published before it:
 *
 * | rows pending | how the next read begins | why no key is out of order |
 * |---|---|---|
 * | fewer than a page | at the first row | it sees the earlier row of a key whenever it sees the later one |
 * | a backlog | after the last row read, without keys that were locked before a read of this pass | whoever had drawn a number that was passed over held the lock of its key |
 */
import type { Pool } from 'pg';

import type { Backoff } from '../backoff.ts';
import { fullJitter } from '../backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { describeError } from '../logger.ts';
import type { LaneTokens } from '../postgres/lane-leases.ts';
import type { PublishFailure } from '../types.ts';
import { KeyOrder } from './key-order.ts';
import { faultOf } from './quarantine.ts';
import type { OutboxRow, Retry } from './rows.ts';
import { orderingUnit, readPending, readRetrying, readWriters } from './rows.ts';
import type { OutboxPublisher, ProcessResult } from './types.ts';
import { Unmarked } from './unmarked.ts';

export interface LaneDrainOptions {
  readonly pool: Pool;
  readonly publisher: OutboxPublisher;
  readonly batchSize: number;
  readonly inFlight: number;
  readonly retentionSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Milliseconds. */
const RETRY: Backoff = { base: 200, cap: 30_000 };
/** Milliseconds, between tries of a statement that failed. */
const DATABASE_RETRY: Backoff = { base: 100, cap: 2_000 };
/** A statement that fails so often in a row ends the drain: about a second. */
const STATEMENT_TRIES = 5;
/** Bytes of events read ahead, about; the size of the events seen so far tells how many rows that is. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024;
const ASSUMED_EVENT_BYTES = 64 * 1024;
const SMALLEST_PAGE = 10;
/** Of a page at most one in so many rows may wait behind others of its key. */
const WAITING_SHARE = 10;
/** Pages in memory at most, from reading until they are marked. */
const HELD_PAGES = 3;
/** With so many keys failing the fault is the broker's: nothing new is tried until some of them are accepted. */
const MAX_RETRYING = 1_000;
/** Milliseconds between two looks at the time, and for new rows while slow sends are under way. */
const TICK = 20;
/** Milliseconds between two passes under load, so that retries and rows that were committed late get their turn. */
const PASS_INTERVAL = 1_000;
/** The first page of a pass may have to step over many rows that were just deleted: at most a tenth of the time. */
const PASS_COST_FACTOR = 10;
/** With so many keys locked by writers a new pass begins as soon as its cost allows. There are 1,024 locks. */
const MANY_LOCKS = 128;

export class LaneDrain {
  readonly result: ProcessResult;
  readonly tokens: LaneTokens;
  readonly #options: LaneDrainOptions;
  readonly #order: KeyOrder;
  /** Milliseconds since the epoch until which the lanes are certainly ours. */
  #leasedUntil: number;
  #interrupted = false;

  readonly #unmarked: Unmarked;
  #finishing = false;
  #sending = 0;

  // A pass reads from the first pending row to the last, page by page.
  #reading = false;
  #cursor = 0;
  #passBegan = 0;
  #passFoundRows = false;
  #firstPageCost = 0;
  #atEnd = false;
  /** In a backlog reads go on where the one before ended; otherwise each read is a pass of its own. */
  #backlog = false;
  /** Locks that writers held before a read of this pass: their keys wait for the next pass. */
  readonly #locked = new Set<number>();
  #lastRead = 0;
  #averageBytes = ASSUMED_EVENT_BYTES;
  /** Marked while a read was under way, whose page may still hold them. */
  #forgettable: number[] = [];

  #failedStatements = 0;
  #databaseError: unknown;
  #tryAgainAt = 0;
  #changed = Promise.withResolvers<void>();

  constructor(options: LaneDrainOptions, tokens: LaneTokens, leasedUntil: number) {
    this.#options = options;
    this.#order = new KeyOrder((options.batchSize * options.inFlight) / WAITING_SHARE);
    this.tokens = tokens;
    this.#leasedUntil = leasedUntil;
    this.result = { published: 0, retried: 0, quarantined: 0, lanes: tokens.size };
    this.#unmarked = new Unmarked(
      { pool: options.pool, tokens, keep: options.retentionSeconds > 0, result: this.result },
      {
        marked: (sequences, complete) => this.#marked(sequences, complete),
        retrying: (retries) => this.#retrying(retries),
      },
    );
  }

  /** Learns which keys wait for a retry. Call once, before the first drain. */
  async load(): Promise<void> {
    const now = this.#options.clock.now();
    for (const [unit, delay] of await readRetrying(this.#options.pool, this.tokens)) {
      this.#order.retryAt(unit, now + delay);
    }
  }

  renewedUntil(leasedUntil: number): void {
    this.#leasedUntil = leasedUntil;
  }

  /** Ends the drain after what has been sent is marked: the lanes are to change hands. */
  interrupt(): void {
    this.#interrupted = true;
    this.wake();
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** When a failed event is due again, in milliseconds since the epoch; Infinity when there is none. */
  nextDue(): number {
    return this.#order.nextDue();
  }

  /** Something may have changed: new rows, or time to stop. */
  wake(): void {
    this.#changed.resolve();
  }

  /**
   * Publishes until nothing is left that is due.
   *
   * @param stopped asked often; true: nothing new is begun, what is under way is finished
   * @throws the database's error, when it lasts for more than a second or so
   */
  async drain(stopped: () => boolean): Promise<void> {
    const { clock } = this.#options;
    let timer: unknown;
    const tick = (): void => {
      this.wake();
      timer = clock.setTimeout(tick, TICK);
    };
    tick();
    this.#failedStatements = 0;
    try {
      this.#startPass(clock.now());
      for (;;) {
        this.#changed = Promise.withResolvers<void>();
        const now = clock.now();
        if (now >= this.#leasedUntil) this.#interrupted = true;
        const stopping = this.#interrupted || stopped();
        this.#begin(now, stopping);
        if (this.#isDone(stopping)) return;
        await this.#changed.promise;
      }
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** Begins whatever can be done now. */
  #begin(now: number, stopping: boolean): void {
    const failing = this.#failedStatements > 0;
    if (failing && (now < this.#tryAgainAt || this.#failedStatements >= STATEMENT_TRIES)) return;
    if (!this.#finishing && this.#unmarked.size > 0) void this.#finish();
    if (stopping) return;
    if (failing) {
      // Nothing is published that could not be marked. One statement at a time finds out when that is over.
      if (!this.#finishing && !this.#reading) void this.#read();
      return;
    }
    while (this.#sending < this.#options.inFlight && this.#order.ready > 0) void this.#send();
    if (!this.#reading && this.#mayRead(now)) void this.#read();
  }

  #isDone(stopping: boolean): boolean {
    if (this.#sending > 0 || this.#reading || this.#finishing) return false;
    // What could not be marked stays here, and is marked by the next drain of these lanes.
    if (this.#failedStatements >= STATEMENT_TRIES) throw this.#databaseError;
    if (stopping) return this.#unmarked.size === 0;
    return this.#failedStatements === 0 && this.#unmarked.size === 0 && this.#order.ready === 0;
  }

  // ---- reading

  #startPass(now: number): void {
    this.#cursor = 0;
    this.#locked.clear();
    this.#atEnd = false;
    this.#passBegan = now;
    this.#passFoundRows = false;
    this.#order.beginPass(now);
  }

  #pageSize(): number {
    const rows = Math.floor(READ_AHEAD_BYTES / this.#averageBytes);
    return Math.max(SMALLEST_PAGE, Math.min(this.#options.batchSize * this.#options.inFlight, rows));
  }

  /** Starts a new pass where one is needed. */
  #mayRead(now: number): boolean {
    const page = this.#pageSize();
    if (this.#order.ready >= page || this.#order.held >= HELD_PAGES * page) return false;
    const passAge = now - this.#passBegan;
    const passPause = PASS_COST_FACTOR * this.#firstPageCost;
    if (passAge >= Math.max(this.#locked.size >= MANY_LOCKS ? TICK : PASS_INTERVAL, passPause)) {
      this.#startPass(now);
      return true;
    }
    if (this.#order.retrying >= MAX_RETRYING) return false;
    if (this.#atEnd && this.#sending + this.#unmarked.size === 0) {
      // All is quiet. A pass over everything that found nothing new ends the drain.
      if (!this.#backlog && !this.#passFoundRows && this.#order.nextDue() > now) return false;
      this.#backlog = false;
      this.#startPass(now);
      return true;
    }
    if (this.#atEnd && now - this.#lastRead < TICK) return false;
    if (this.#backlog && this.#cursor > 0) return true;
    if (this.#atEnd && now - this.#lastRead < Math.min(passPause, PASS_INTERVAL)) return false;
    this.#startPass(now);
    return true;
  }

  async #read(): Promise<void> {
    this.#reading = true;
    const { pool, clock } = this.#options;
    const [began, firstPage] = [clock.now(), this.#cursor === 0];
    // A pass begins with the rows that are held here and read again.
    const limit = this.#pageSize() + (firstPage ? this.#order.held : 0);
    try {
      const writers = this.#backlog ? await readWriters(pool) : undefined;
      const upTo = writers?.lastSequence;
      const rows = await readPending(pool, this.tokens, {
        after: this.#cursor,
        ...(upTo !== undefined && { upTo }),
        limit,
        excluded: this.#order.excluded(),
        excludedLocks: firstPage ? [] : [...this.#locked],
      });
      for (const lock of writers?.locks ?? []) this.#locked.add(lock);
      // As long as something is left to mark, only marking it shows that the database is in order.
      if (this.#unmarked.size === 0) this.#failedStatements = 0;
      this.#atEnd = this.#acceptAll(rows) && rows.length < limit;
      this.#goOn(upTo !== undefined);
    } catch (error) {
      this.#statementFailed(error);
    } finally {
      this.#reading = false;
      this.#lastRead = clock.now();
      if (firstPage) this.#firstPageCost = this.#lastRead - began;
      this.#order.forget(this.#forgettable);
      this.#forgettable = [];
      this.wake();
    }
  }

  /**
   * Whether the next read may begin where this one ended.
   *
   * @param lookedAtWriters before the read, which is what allows it
   */
  #goOn(lookedAtWriters: boolean): void {
    if (!lookedAtWriters) this.#cursor = 0;
    if (!this.#atEnd) this.#backlog = true;
  }

  /** @returns whether the whole page was taken */
  #acceptAll(rows: readonly OutboxRow[]): boolean {
    let characters = 0;
    for (const row of rows) {
      // Where one row is passed over, the rest is too: the next read begins there, so no key is out of order.
      if (this.#order.retrying >= MAX_RETRYING) return false;
      this.#cursor = row.sequence;
      characters += row.body.length;
      const fault = faultOf(row);
      if (fault === undefined) {
        if (this.#order.accept(row)) this.#passFoundRows = true;
      } else if (this.#order.hold(row)) {
        this.#unmarked.quarantined({ row, reason: fault });
      }
    }
    if (rows.length > 0) this.#averageBytes = Math.max(1, characters / rows.length);
    return true;
  }

  // ---- publishing

  async #send(): Promise<void> {
    this.#sending++;
    const batch = this.#order.take(this.#options.batchSize);
    const failures = await this.#publish(batch);
    for (const row of batch) {
      const failure = failures.get(row.eventId);
      if (failure === undefined) {
        this.#unmarked.accepted(row);
        this.#order.succeeded(row);
      } else if (failure.retryable) {
        const delayMilliseconds = fullJitter(RETRY, row.retryCount + 1, this.#options.random);
        this.#unmarked.failed({ row, reason: failure, delayMilliseconds });
        this.#order.failed(row);
      } else {
        this.#unmarked.quarantined({ row, reason: failure });
        this.#order.succeeded(row);
      }
    }
    this.#sending--;
    this.wake();
  }

  async #publish(batch: readonly OutboxRow[]): Promise<ReadonlyMap<string, PublishFailure>> {
    try {
      const { failed } = await this.#options.publisher.send(batch);
      return new Map(failed.map((failure) => [failure.eventId, failure]));
    } catch (error) {
      // Whether the broker took them is unknown, so all are sent again, with the same eventIds.
      const reason = { code: 'PUBLISHER_THREW', message: describeError(error), retryable: true };
      return new Map(batch.map(({ eventId }) => [eventId, { eventId, ...reason }]));
    }
  }

  // ---- marking in the database

  async #finish(): Promise<void> {
    this.#finishing = true;
    // Sends that ended at the same moment are marked in one statement.
    await new Promise(setImmediate);
    try {
      await this.#unmarked.mark();
      this.#failedStatements = 0;
    } catch (error) {
      this.#statementFailed(error);
    } finally {
      this.#finishing = false;
      this.wake();
    }
  }

  #marked(sequences: readonly number[], complete: boolean): void {
    // A lane has another owner, so all of them have to be looked at anew.
    if (!complete) this.#interrupted = true;
    if (this.#reading) this.#forgettable.push(...sequences);
    else this.#order.forget(sequences);
  }

  #retrying(retries: readonly Retry[]): void {
    const now = this.#options.clock.now();
    for (const { row, delayMilliseconds } of retries) {
      this.#order.retryAt(orderingUnit(row), now + delayMilliseconds);
    }
  }

  #statementFailed(error: unknown): void {
    this.#failedStatements++;
    this.#databaseError = error;
    this.#tryAgainAt =
      this.#options.clock.now() + fullJitter(DATABASE_RETRY, this.#failedStatements, this.#options.random);
  }
}
