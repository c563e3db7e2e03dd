/**
 * One instance of a subscription. Reading, handling, marking and renewing leases overlap:
 *
 *   read a page of its lanes -> in order of keys -> up to `concurrency` handlers -> what is done is marked, all at once
 *
 * An event that fails moves to the table of what waits, with its next attempt's time, and so does what follows of its
 * key; the lane's cursor passes them, other keys go on. When the time has come the key is loaded from there, until
 * nothing of it waits any more.
 */
import { fullJitter } from '../backoff.ts';
import type { Backoff } from '../backoff.ts';
import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import type { Logger } from '../logger.ts';
import { handleItem } from './handling.ts';
import { dropLane, leaveLanes, RENEW_INTERVAL, renewLeases } from './leases.ts';
import { markProgress, mustMark } from './marking.ts';
import { isFull, loadable, loadWaiting, mayRead, readPage, refreshWaiting, room } from './reading.ts';
import { createState } from './runner-state.ts';
import type { RunnerSettings, RunnerState, Work } from './runner-state.ts';

/** Milliseconds, after the database failed. */
const RECOVERY: Backoff = { base: 100, cap: 5_000 };
/** Milliseconds that an aborted handler has to return. */
const ABORT_GRACE = 1_000;
/** How often the last marks are tried when it stops. */
const LAST_MARKS = 5;

export class Runner {
  readonly #state: RunnerState;
  #failures = 0;
  #tryAgainAt = 0;
  #changed = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  constructor(consumer: Consumer, settings: RunnerSettings) {
    this.#state = createState(consumer, settings, {
      wake: () => this.#changed.resolve(),
      failed: (error) => this.#failed(error),
    });
    this.#ended = this.#run();
  }

  get #clock(): Clock {
    return this.#state.consumer.clock;
  }
  get #logger(): Logger {
    return this.#state.consumer.logger;
  }

  /** Something may have been appended, or put among what waits. */
  hint(isWaiting: boolean): void {
    this.#state.hints += 1;
    this.#state.pollAt = 0;
    this.#state.idlePolls = 0;
    if (isWaiting) this.#state.refreshAt = 0;
    this.#changed.resolve();
  }

  async stop(within: number): Promise<{ abandoned: number }> {
    this.#state.stopping = true;
    this.#changed.resolve();
    const waited = new AbortController();
    await Promise.race([this.#idle(), sleep(this.#clock, within, waited.signal)]);
    waited.abort();
    const abandoned = this.#state.running.size;
    if (abandoned > 0) {
      for (const { controller } of this.#state.running.values()) {
        controller.abort(
          new RuntimeError('WAYBILL_SHUTDOWN', 'the subscription is stopping: stop and throw'),
        );
      }
      const grace = new AbortController();
      await Promise.race([this.#idle(), sleep(this.#clock, ABORT_GRACE, grace.signal)]);
      grace.abort();
      for (const { timer } of this.#state.running.values()) this.#clock.clearTimeout(timer);
    }
    this.#state.over = true;
    this.#changed.resolve();
    await this.#ended;
    this.#logger.info('subscription stopped', { abandoned });
    return { abandoned };
  }

  async #idle(): Promise<void> {
    while (this.#state.running.size > 0 && !this.#state.over) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 5));
    }
  }

  async #run(): Promise<void> {
    let timer: unknown;
    while (!this.#state.over) {
      this.#changed = Promise.withResolvers<void>();
      const now = this.#clock.now();
      this.#begin(now);
      const wait = this.#nextWake() - this.#clock.now();
      timer = this.#clock.setTimeout(
        () => this.#changed.resolve(),
        Math.max(1, Math.min(wait, RENEW_INTERVAL)),
      );
      await this.#changed.promise;
      this.#clock.clearTimeout(timer);
    }
    await this.#leave();
  }

  /** Begins whatever can be done now. */
  #begin(now: number): void {
    if (now >= this.#state.leasedUntil)
      for (const lane of this.#state.lanes.values()) dropLane(this.#state, lane);
    if (now < this.#tryAgainAt) return;
    if (now >= this.#state.renewAt) this.#start('renew', () => renewLeases(this.#state));
    if (mustMark(this.#state, now)) this.#start('mark', () => markProgress(this.#state));
    else if (now >= this.#state.refreshAt && this.#state.lanes.size > 0)
      this.#start('mark', () => refreshWaiting(this.#state));
    if (this.#state.stopping) return;
    if (this.#state.units.blocked > 0 && this.#state.units.held < room(this.#state)) {
      const units = loadable(this.#state, now);
      if (units.length > 0) this.#start('load', () => loadWaiting(this.#state, units));
    }
    if (mayRead(this.#state, now)) this.#start('read', () => readPage(this.#state));
    // Nothing is handled that could not be marked.
    if (this.#failures > 0) return;
    while (this.#state.running.size < this.#state.settings.concurrency) {
      const item = this.#state.units.take();
      if (item === undefined) break;
      void handleItem(this.#state, item);
    }
  }

  #start(kind: Work, work: () => Promise<void>): void {
    if (this.#state.busy.has(kind)) return;
    this.#state.busy.add(kind);
    void work()
      .then(
        () => {
          if (this.#failures > 0) this.#logger.info('the database of the event store answers again');
          this.#failures = 0;
        },
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#state.busy.delete(kind);
        this.#changed.resolve();
      });
  }

  #failed(error: unknown): void {
    if (this.#failures++ === 0) {
      this.#logger.error("a subscription can't reach its database; it tries again and nothing is lost", {
        error: describeError(error),
      });
    }
    this.#tryAgainAt = this.#clock.now() + fullJitter(RECOVERY, this.#failures, this.#state.settings.random);
  }

  #nextWake(): number {
    const leased = this.#state.lanes.size === 0 ? Infinity : this.#state.leasedUntil;
    if (this.#failures > 0) return Math.min(leased, Math.max(this.#tryAgainAt, this.#clock.now() + 1));
    // What is under way wakes it by itself.
    const unless = (kind: Work, at: number): number => (this.#state.busy.has(kind) ? Infinity : at);
    const marks = mustMark(this.#state, Infinity) ? unless('mark', this.#state.markAt) : Infinity;
    const next = Math.min(leased, unless('renew', this.#state.renewAt), marks);
    if (this.#state.stopping || this.#state.lanes.size === 0) return next;
    const due = unless('load', this.#state.units.nextDue());
    return Math.min(next, due, isFull(this.#state) ? Infinity : unless('read', this.#state.pollAt));
  }

  /** Marks what is done, and gives all lanes back. */
  async #leave(): Promise<void> {
    for (let tries = 0; tries < LAST_MARKS; tries += 1) {
      try {
        while (this.#state.busy.size > 0) await sleep(this.#clock, 1);
        for (const lane of this.#state.lanes.values()) if (lane.cursor() > lane.stored) lane.isDirty = true;
        while (mustMark(this.#state, Infinity)) await markProgress(this.#state);
        await leaveLanes(this.#state);
        return;
      } catch (error) {
        this.#logger.warn('a stopping subscription could not mark what it did', {
          error: describeError(error),
        });
        await sleep(this.#clock, fullJitter(RECOVERY, tries + 1, this.#state.settings.random));
      }
    }
  }
}
