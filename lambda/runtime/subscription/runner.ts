/**
 * One instance of a subscription. Reading, handling, marking and renewing leases overlap:
 *
 *   read a page of its lanes -> in order of keys -> up to `concurrency` handlers -> what is done is marked, all at once
 *
 * An event that fails moves to the table of what waits, with its next attempt's time, and so does what follows of its
 * key; the lane's cursor passes them, other keys go on. When the time has come the key is loaded from there, until
 * nothing of it waits any more.
 */
import type { Pool } from 'pg';

import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { fullJitter } from '../backoff.ts';
import type { Backoff } from '../backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { sleep } from '../clock.ts';
import { postponementOf } from '../consumer/admission.ts';
import { eventRecord, withReplayMark } from '../consumer/event-record.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer, DeadLetter } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import type { Outcome } from '../consumer/outcome.ts';
import { RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import { laneLeases } from '../postgres/lane-leases.ts';
import type { LeaseHolder, LeaseReport } from '../postgres/lane-leases.ts';
import type { Item } from './item.ts';
import { Lane } from './lane.ts';
import {
  readCursors,
  readEvents,
  readNextEvents,
  readWaiting,
  readWaitingUnits,
  storeDeadLetter,
  storeProgress,
} from './rows.ts';
import type { Kept } from './rows.ts';
import type { SettledEvent } from './types.ts';
import { UnitOrder } from './unit-order.ts';

export interface RunnerSettings {
  readonly pool: Pool;
  readonly owner: string;
  readonly order: 'key' | 'total';
  readonly concurrency: number;
  readonly backoff: Backoff;
  readonly pollMilliseconds: number;
  readonly leaseMilliseconds: number;
  readonly maxProcessingMilliseconds: number;
  readonly pageSize: number;
  readonly onSettled: ((settled: SettledEvent) => void) | undefined;
  readonly random: Random;
}

const LEASES = laneLeases({
  lanes: 'event_subscription_lane',
  members: 'event_subscription_member',
  scope: 'consumer',
});

/** Milliseconds. The longest wait until a new instance gets its share from the others. */
const RENEW_INTERVAL = 1_000;
/** Milliseconds between two marks that only move cursors. */
const MARK_INTERVAL = 50;
/** Milliseconds between two looks for what waits that somebody else put there: a redrive or replay without its hint. */
const REFRESH_INTERVAL = 5_000;
/** Milliseconds until the first poll when nothing happens; doubled up to `pollMilliseconds`. */
const FIRST_POLL = 20;
/** Pages in memory at most. */
const HELD_PAGES = 4;
/** With so many keys failing the fault is elsewhere: nothing new is read until some of them are handled. */
const MAX_BLOCKED = 1_000;
/** Events of one key that are loaded from what waits at a time. */
const WAITING_OF_UNIT = 50;
/** Milliseconds, after the database failed. */
const RECOVERY: Backoff = { base: 100, cap: 5_000 };
/** Milliseconds that an aborted handler has to return. */
const ABORT_GRACE = 1_000;
/** How often the last marks are tried when it stops. */
const LAST_MARKS = 5;

export class Runner {
  readonly #consumer: Consumer;
  readonly #settings: RunnerSettings;
  readonly #types: readonly string[];
  readonly #holder: LeaseHolder;
  readonly #lanes = new Map<number, Lane>();
  readonly #units = new UnitOrder();
  readonly #running = new Map<Item, { readonly controller: AbortController; readonly timer: unknown }>();
  /** What handlers threw, until it is stored. By event: one is handled once at a time. */
  readonly #errors = new Map<string, string>();

  // Done, and not yet marked so in the database.
  #kept: Kept[] = [];
  #removed: Item[] = [];
  /** Blocked units of which more is to be loaded once what was done of them is marked. */
  #unloaded: Item[] = [];
  /** What the mark that is under way stores. */
  #storing: readonly Kept[] = [];
  /** Units of which something was kept while they may have been loaded. */
  readonly #keptMeanwhile = new Set<string>();

  #horizon = 0;
  #leasedUntil = 0;
  #renewAt = 0;
  #refreshAt = 0;
  #markAt = 0;
  #pollAt = 0;
  #hints = 0;
  #idlePolls = 0;
  #failures = 0;
  #tryAgainAt = 0;
  /** One statement of each kind at a time. */
  readonly #busy = new Set<'renew' | 'read' | 'mark' | 'load'>();
  #stopping = false;
  #over = false;
  #changed = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  constructor(consumer: Consumer, settings: RunnerSettings) {
    const { handler } = consumer;
    this.#consumer = {
      ...consumer,
      handler: async (event, context) => {
        try {
          await handler(event, context);
        } catch (error) {
          this.#errors.set(event.eventId, describeError(error));
          throw error;
        }
      },
    };
    this.#settings = settings;
    this.#types = consumer.contracts.map(({ name }: AnyEventContract) => name);
    this.#holder = { pool: settings.pool, owner: settings.owner, scope: consumer.name };
    this.#ended = this.#run();
  }

  get #clock(): Clock {
    return this.#consumer.clock;
  }
  get #logger(): Logger {
    return this.#consumer.logger;
  }

  /** Something may have been appended, or put among what waits. */
  hint(isWaiting: boolean): void {
    this.#hints += 1;
    this.#pollAt = 0;
    this.#idlePolls = 0;
    if (isWaiting) this.#refreshAt = 0;
    this.#changed.resolve();
  }

  async stop(within: number): Promise<{ abandoned: number }> {
    this.#stopping = true;
    this.#changed.resolve();
    const waited = new AbortController();
    await Promise.race([this.#idle(), sleep(this.#clock, within, waited.signal)]);
    waited.abort();
    const abandoned = this.#running.size;
    if (abandoned > 0) {
      for (const { controller } of this.#running.values()) {
        controller.abort(
          new RuntimeError('WAYBILL_SHUTDOWN', 'the subscription is stopping: stop and throw'),
        );
      }
      const grace = new AbortController();
      await Promise.race([this.#idle(), sleep(this.#clock, ABORT_GRACE, grace.signal)]);
      grace.abort();
      for (const { timer } of this.#running.values()) this.#clock.clearTimeout(timer);
    }
    this.#over = true;
    this.#changed.resolve();
    await this.#ended;
    this.#logger.info('subscription stopped', { abandoned });
    return { abandoned };
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0 && !this.#over) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 5));
    }
  }

  async #run(): Promise<void> {
    let timer: unknown;
    while (!this.#over) {
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
    if (now >= this.#leasedUntil) for (const lane of this.#lanes.values()) this.#drop(lane);
    if (now < this.#tryAgainAt) return;
    if (now >= this.#renewAt) this.#start('renew', () => this.#renew());
    if (this.#mustMark(now)) this.#start('mark', () => this.#mark());
    else if (now >= this.#refreshAt && this.#lanes.size > 0) this.#start('mark', () => this.#refresh());
    if (this.#stopping) return;
    if (this.#units.blocked > 0 && this.#units.held < this.#room()) {
      const units = this.#loadable(now);
      if (units.length > 0) this.#start('load', () => this.#load(units));
    }
    if (this.#mayRead(now)) this.#start('read', () => this.#read());
    // Nothing is handled that could not be marked.
    if (this.#failures > 0) return;
    while (this.#running.size < this.#settings.concurrency) {
      const item = this.#units.take();
      if (item === undefined) break;
      void this.#handle(item);
    }
  }

  #start(kind: 'renew' | 'read' | 'mark' | 'load', work: () => Promise<void>): void {
    if (this.#busy.has(kind)) return;
    this.#busy.add(kind);
    void work()
      .then(
        () => {
          if (this.#failures > 0) this.#logger.info('the database of the event store answers again');
          this.#failures = 0;
        },
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#busy.delete(kind);
        this.#changed.resolve();
      });
  }

  #failed(error: unknown): void {
    if (this.#failures++ === 0) {
      this.#logger.error("a subscription can't reach its database; it tries again and nothing is lost", {
        error: describeError(error),
      });
    }
    this.#tryAgainAt = this.#clock.now() + fullJitter(RECOVERY, this.#failures, this.#settings.random);
  }

  #nextWake(): number {
    const leased = this.#lanes.size === 0 ? Infinity : this.#leasedUntil;
    if (this.#failures > 0) return Math.min(leased, Math.max(this.#tryAgainAt, this.#clock.now() + 1));
    // What is under way wakes it by itself.
    const unless = (kind: 'renew' | 'read' | 'mark' | 'load', at: number): number =>
      this.#busy.has(kind) ? Infinity : at;
    const marks = this.#mustMark(Infinity) ? unless('mark', this.#markAt) : Infinity;
    const next = Math.min(leased, unless('renew', this.#renewAt), marks);
    if (this.#stopping || this.#lanes.size === 0) return next;
    const due = unless('load', this.#units.nextDue());
    return Math.min(next, due, this.#isFull() ? Infinity : unless('read', this.#pollAt));
  }

  // ---- leases

  async #renew(): Promise<void> {
    const { leaseMilliseconds } = this.#settings;
    const began = this.#clock.now();
    this.#renewAt = began + Math.min(RENEW_INTERVAL, leaseMilliseconds / 3);
    for (const lane of this.#lanes.values()) if (lane.cursor() > lane.stored) lane.isDirty = true;
    await this.#giveBack();
    const held = new Map([...this.#lanes.values()].map(({ lane, token }) => [lane, token]));
    const report = await LEASES.renew(this.#holder, leaseMilliseconds, held, !this.#stopping);
    this.#leasedUntil = began + leaseMilliseconds;
    for (const lane of this.#lanes.values()) {
      if (report.held.get(lane.lane) !== lane.token) this.#drop(lane);
    }
    await this.#take(report);
    this.#closeSome(this.#lanes.size - report.share);
  }

  async #take(report: LeaseReport): Promise<void> {
    const fresh = [...report.held].filter(([lane]) => !this.#lanes.has(lane));
    if (fresh.length === 0) return;
    const { pool } = this.#settings;
    const numbers = fresh.map(([lane]) => lane);
    const cursors = new Map(
      (await readCursors(pool, this.#consumer.name, numbers)).map(({ lane, position }) => [lane, position]),
    );
    const waiting = await readWaitingUnits(pool, this.#consumer.name, numbers);
    const now = this.#clock.now();
    for (const [lane, token] of fresh) this.#lanes.set(lane, new Lane(lane, token, cursors.get(lane) ?? 0));
    for (const { unit, lane, dueIn } of waiting) this.#units.block(unit, lane, now + Math.max(0, dueIn));
    this.#pollAt = 0;
  }

  /** Too many: the lanes with the highest numbers are given back once nothing of them is in work. */
  #closeSome(surplus: number): void {
    const open = [...this.#lanes.values()].filter(({ closing }) => !closing);
    const closing = this.#lanes.size - open.length;
    for (const lane of open.slice(open.length - Math.max(0, surplus - closing))) {
      lane.closing = true;
      this.#units.drop(lane.lane, (item) => this.#running.has(item));
    }
  }

  async #giveBack(): Promise<void> {
    const given = [...this.#lanes.values()].filter(
      ({ lane, closing, isDirty }) => closing && !isDirty && !this.#isInWork(lane),
    );
    if (given.length === 0) return;
    for (const lane of given) this.#drop(lane);
    await LEASES.release(this.#holder, new Map(given.map(({ lane, token }) => [lane, token])));
  }

  #isInWork(lane: number): boolean {
    return (
      [...this.#running.keys()].some((item) => item.lane === lane) ||
      this.#kept.some(({ item }) => item.lane === lane) ||
      this.#removed.some((item) => item.lane === lane)
    );
  }

  /** Another instance has it, or may have. What its handlers still do counts no more. */
  #drop(lane: Lane): void {
    this.#lanes.delete(lane.lane);
    lane.lost.abort(new RuntimeError('WAYBILL_MESSAGE_LOST', 'another instance has the lane of this event'));
    this.#units.drop(lane.lane, (item) => this.#running.has(item));
    this.#kept = this.#kept.filter(({ item }) => item.lane !== lane.lane);
    this.#removed = this.#removed.filter((item) => item.lane !== lane.lane);
    this.#unloaded = this.#unloaded.filter((item) => item.lane !== lane.lane);
  }

  // ---- reading

  #room(): number {
    return HELD_PAGES * this.#settings.pageSize;
  }

  #isFull(): boolean {
    return (
      this.#units.held > this.#room() - this.#settings.pageSize ||
      this.#units.blocked >= (this.#settings.order === 'total' ? 1 : MAX_BLOCKED)
    );
  }

  #mayRead(now: number): boolean {
    return !this.#isFull() && now >= this.#pollAt && this.#lanes.size > 0;
  }

  /** The lanes that are furthest behind, up to where the next ones are or to what is safe. */
  async #read(): Promise<void> {
    const { pool, pageSize, order, pollMilliseconds } = this.#settings;
    const open = [...this.#lanes.values()].filter(({ closing }) => !closing);
    if (open.length === 0) {
      this.#pollAt = this.#renewAt;
      return;
    }
    const after = Math.min(...open.map(({ read }) => read));
    const group = open.filter(({ read }) => read === after);
    const next = Math.min(...open.map(({ read }) => (read > after ? read : Infinity)));
    const hints = this.#hints;
    const lanes = order === 'total' ? undefined : group.map(({ lane }) => lane);
    const range = { after, types: this.#types, limit: pageSize, lanes };
    let items: readonly Item[] | undefined;
    if (after >= this.#horizon) {
      const found = await readNextEvents(pool, { ...range, upTo: next });
      this.#horizon = found.horizon;
      items = found.items;
    }
    const upTo = Math.min(next, this.#horizon);
    if (upTo <= after) {
      const poll = Math.min(pollMilliseconds, FIRST_POLL * 2 ** Math.min(this.#idlePolls++, 20));
      // A hint that came meanwhile is not forgotten.
      if (this.#hints === hints) this.#pollAt = this.#clock.now() + poll;
      return;
    }
    items ??= await readEvents(pool, { ...range, upTo });
    const reached = items.length < pageSize ? upTo : items.at(-1)!.position;
    // A lane that was given up meanwhile, or taken anew, is read by whoever has it now.
    const ours = new Map(
      group
        .filter((lane) => !lane.closing && this.#lanes.get(lane.lane) === lane)
        .map((lane) => [lane.lane, lane]),
    );
    for (const lane of ours.values()) lane.read = reached;
    for (const item of items) this.#accept(item, ours.get(item.lane));
    this.#idlePolls = 0;
  }

  #accept(item: Item, lane: Lane | undefined): void {
    if (lane === undefined) return;
    lane.opened(item);
    if (this.#units.accept(item)) return;
    // Behind an event of its key that waits: it waits there, too.
    if (this.#busy.has('load')) this.#keptMeanwhile.add(item.unit);
    this.#keep(item, { attempts: 0, delayMilliseconds: 0, error: '' });
  }

  /** Units that are due, and of which all that waits is in the database. */
  #loadable(now: number): string[] {
    const units = this.#units.due(now, this.#settings.concurrency);
    if (units.length === 0 || this.#kept.length + this.#storing.length === 0) return units;
    const unstored = new Set([...this.#kept, ...this.#storing].map(({ item }) => item.unit));
    return units.filter((unit) => !unstored.has(unit));
  }

  async #load(units: readonly string[]): Promise<void> {
    this.#keptMeanwhile.clear();
    const lanes = [...this.#lanes.keys()];
    const items = await readWaiting(this.#settings.pool, this.#consumer.name, lanes, units, WAITING_OF_UNIT);
    const byUnit = new Map<string, Item[]>(units.map((unit) => [unit, []]));
    for (const item of items) byUnit.get(item.unit)!.push(item);
    for (const [unit, found] of byUnit) {
      const isOurs = found.length === 0 || this.#isOpen(found[0]!.lane);
      // Meanwhile its lane was given back or lost, and what waits of it is another's.
      if (!this.#units.isBlocked(unit)) continue;
      const isMore = this.#keptMeanwhile.has(unit);
      // What was kept meanwhile is to be loaded, too, before anything of the unit goes past it.
      if (isMore && found.length === 0) continue;
      this.#units.load(unit, isOurs ? found : [], isOurs && (isMore || found.length === WAITING_OF_UNIT));
    }
  }

  #isOpen(lane: number): boolean {
    const found = this.#lanes.get(lane);
    return found !== undefined && !found.closing;
  }

  /** What somebody else put among what waits. In the place of a mark, so that all that is done is marked. */
  async #refresh(): Promise<void> {
    this.#refreshAt = this.#clock.now() + REFRESH_INTERVAL;
    const lanes = [...this.#lanes.keys()];
    const waiting = await readWaitingUnits(this.#settings.pool, this.#consumer.name, lanes);
    const now = this.#clock.now();
    const unmarked = new Set([
      ...this.#kept.map(({ item }) => item.unit),
      ...this.#removed.map(({ unit }) => unit),
    ]);
    for (const { unit, lane, dueIn } of waiting) {
      if (this.#units.isHere(unit) || unmarked.has(unit) || !this.#isOpen(lane)) continue;
      if (this.#units.isBlocked(unit) && this.#busy.has('load')) continue;
      this.#units.block(unit, lane, now + Math.max(0, dueIn));
    }
  }

  // ---- handling

  async #handle(item: Item): Promise<void> {
    const lane = this.#lanes.get(item.lane);
    if (lane === undefined) {
      this.#units.finish(item);
      return;
    }
    const consumer = this.#consumer;
    const began = this.#clock.now();
    const controller = new AbortController();
    const end = (): void => controller.abort(lane.lost.signal.reason);
    lane.lost.signal.addEventListener('abort', end);
    const timer = this.#clock.setTimeout(() => {
      controller.abort(
        new RuntimeError('WAYBILL_DEADLINE_NEAR', 'maxProcessingTime is over: stop and throw'),
      );
    }, this.#settings.maxProcessingMilliseconds);
    this.#running.set(item, { controller, timer });
    const isLost = (): boolean => this.#over || lane.lost.signal.aborted;
    const body = item.body ?? '';
    const record = eventRecord(
      { ...item, body: item.replay === undefined ? body : withReplayMark(body, item.replay) },
      item.unit,
      item.attempts + 1,
    );
    const deadLetter = (letter: DeadLetter): Promise<boolean> => this.#deadLetter(lane, item, letter);
    const outcome =
      item.body === undefined
        ? (await deadLetter(DROPPED))
          ? 'dead-lettered'
          : 'failed'
        : await handleMessage(consumer, record, {
            signal: controller.signal,
            isOver: isLost,
            deadLetter: (_record, letter) => deadLetter(letter),
          });
    this.#clock.clearTimeout(timer);
    lane.lost.signal.removeEventListener('abort', end);
    this.#running.delete(item);
    if (isLost()) this.#units.finish(item);
    else this.#settle(lane, item, outcome, outcome === 'postponed' ? postponementOf(record) : 0);
    this.#errors.delete(item.eventId);
    this.#tell(item, outcome, began);
    this.#changed.resolve();
  }

  #settle(lane: Lane, item: Item, outcome: Outcome, postponedBy: number): void {
    if (isAcknowledged(outcome)) {
      if (item.waits) {
        this.#removed.push(item);
        lane.isDirty = true;
      } else lane.done(item);
      if (this.#units.finish(item)) {
        // More of it may wait in the database, to be looked for when this is marked.
        this.#units.block(item.unit, item.lane, Infinity);
        this.#unloaded.push(item);
      }
      return;
    }
    const behind = this.#units.fail(item);
    const attempts = outcome === 'failed' ? item.attempts + 1 : item.attempts;
    const delayMilliseconds =
      outcome === 'failed'
        ? 1_000 * fullJitter(this.#settings.backoff, attempts, this.#settings.random)
        : 1_000 * postponedBy;
    this.#keep(item, { attempts, delayMilliseconds, error: this.#errors.get(item.eventId) ?? outcome });
    for (const other of behind) {
      if (!other.waits) this.#keep(other, { attempts: 0, delayMilliseconds: 0, error: '' });
    }
  }

  #keep(item: Item, fate: Omit<Kept, 'item'>): void {
    const lane = this.#lanes.get(item.lane);
    if (lane === undefined) return;
    lane.isDirty = true;
    this.#kept.push({ item, ...fate });
  }

  async #deadLetter(lane: Lane, item: Item, letter: DeadLetter): Promise<boolean> {
    try {
      return await storeDeadLetter(this.#settings.pool, this.#consumer.name, lane.token, item, letter);
    } catch (error) {
      this.#logger.error('dead letter not written; the event is tried again', {
        eventId: item.eventId,
        detail: describeError(error),
      });
      return false;
    }
  }

  #tell(item: Item, outcome: Outcome, began: number): void {
    const now = this.#clock.now();
    const { onSettled } = this.#settings;
    if (onSettled === undefined) return;
    const settled: SettledEvent = {
      consumer: this.#consumer.name,
      eventId: item.eventId,
      eventType: item.eventType,
      tenantId: item.tenantId,
      outcome,
      attempts: item.attempts + 1,
      isReplay: item.replay !== undefined,
      sinceAppended: now - item.recordedAt,
      duration: now - began,
    };
    try {
      onSettled(settled);
    } catch (error) {
      this.#logger.warn('onSettled threw', { error: describeError(error) });
    }
  }

  // ---- marking

  /** Cursors alone are marked now and then under load: after a crash the inbox knows what comes again. */
  #mustMark(now: number): boolean {
    if (this.#kept.length + this.#removed.length > 0) return true;
    if (now < this.#markAt && !this.#stopping) return false;
    for (const { isDirty } of this.#lanes.values()) if (isDirty) return true;
    return false;
  }

  async #mark(): Promise<void> {
    // Handlers that end at the same moment are marked in one statement.
    await new Promise(setImmediate);
    const lanes = [...this.#lanes.values()].filter(({ isDirty }) => isDirty);
    if (lanes.length === 0) return;
    this.#markAt = this.#clock.now() + MARK_INTERVAL;
    const [kept, removed, unloaded] = [
      this.#kept.splice(0),
      this.#removed.splice(0),
      this.#unloaded.splice(0),
    ];
    const due = this.#clock.now();
    for (const { item } of kept) if (!item.waits) this.#lanes.get(item.lane)?.done(item);
    const cursors = lanes.map((lane) => ({ lane: lane.lane, position: lane.cursor() }));
    const tokens = new Map(lanes.map(({ lane, token }) => [lane, token]));
    for (const lane of lanes) lane.isDirty = false;
    this.#storing = kept;
    let ours: ReadonlySet<number>;
    try {
      ours = await storeProgress(this.#settings.pool, this.#consumer.name, tokens, {
        cursors,
        kept,
        removed,
      });
    } catch (error) {
      for (const lane of lanes) lane.isDirty = true;
      const isHere = ({ lane }: Item): boolean => this.#lanes.has(lane);
      this.#kept.unshift(...kept.filter(({ item }) => isHere(item)));
      this.#removed.unshift(...removed.filter(isHere));
      this.#unloaded.unshift(...unloaded.filter(isHere));
      throw error;
    } finally {
      this.#storing = [];
    }
    for (const [index, lane] of lanes.entries()) {
      if (!ours.has(lane.lane)) this.#drop(lane);
      else lane.stored = cursors[index]!.position;
    }
    for (const { item, error, delayMilliseconds } of kept) {
      // The first of a unit says when; what is behind it says nothing.
      if (error !== '' && this.#lanes.has(item.lane))
        this.#units.block(item.unit, item.lane, due + delayMilliseconds);
    }
    for (const item of unloaded) if (this.#lanes.has(item.lane)) this.#units.block(item.unit, item.lane, 0);
  }

  /** Marks what is done, and gives all lanes back. */
  async #leave(): Promise<void> {
    for (let tries = 0; tries < LAST_MARKS; tries += 1) {
      try {
        while (this.#busy.size > 0) await sleep(this.#clock, 1);
        for (const lane of this.#lanes.values()) if (lane.cursor() > lane.stored) lane.isDirty = true;
        while (this.#mustMark(Infinity)) await this.#mark();
        await LEASES.release(
          this.#holder,
          new Map([...this.#lanes.values()].map(({ lane, token }) => [lane, token])),
        );
        await LEASES.unregister(this.#holder);
        return;
      } catch (error) {
        this.#logger.warn('a stopping subscription could not mark what it did', {
          error: describeError(error),
        });
        await sleep(this.#clock, fullJitter(RECOVERY, tries + 1, this.#settings.random));
      }
    }
  }
}

const DROPPED: DeadLetter = {
  reason: 'EVENT_DROPPED',
  detail: 'retention dropped the event before it was handled',
};
