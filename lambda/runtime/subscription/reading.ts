/** How events come into memory: pages of the store, and what waited and is due. */
import type { Item } from './item.ts';
import type { Lane } from './lane.ts';
import { keepWaiting } from './marking.ts';
import { readEvents, readNextEvents, readWaiting, readWaitingUnits } from './rows.ts';
import type { RunnerState } from './runner-state.ts';

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

export function room(state: RunnerState): number {
  return HELD_PAGES * state.settings.pageSize;
}

export function isFull(state: RunnerState): boolean {
  return (
    state.units.held > room(state) - state.settings.pageSize ||
    state.units.blocked >= (state.settings.order === 'total' ? 1 : MAX_BLOCKED)
  );
}

export function mayRead(state: RunnerState, now: number): boolean {
  return !isFull(state) && now >= state.pollAt && state.lanes.size > 0;
}

/** The lanes that are furthest behind, up to where the next ones are or to what is safe. */
export async function readPage(state: RunnerState): Promise<void> {
  const { pool, pageSize, order, pollMilliseconds } = state.settings;
  const open = [...state.lanes.values()].filter(({ closing }) => !closing);
  if (open.length === 0) {
    state.pollAt = state.renewAt;
    return;
  }
  const after = Math.min(...open.map(({ read }) => read));
  const group = open.filter(({ read }) => read === after);
  const next = Math.min(...open.map(({ read }) => (read > after ? read : Infinity)));
  const hints = state.hints;
  const lanes = order === 'total' ? undefined : group.map(({ lane }) => lane);
  const range = { after, types: state.types, limit: pageSize, lanes };
  let items: readonly Item[] | undefined;
  const asksAnew = after >= state.horizon;
  if (asksAnew) {
    const found = await readNextEvents(pool, { ...range, upTo: next });
    state.horizon = found.horizon;
    items = found.items;
  }
  const upTo = Math.min(next, state.horizon);
  if (upTo <= after) {
    const poll = Math.min(pollMilliseconds, FIRST_POLL * 2 ** Math.min(state.idlePolls++, 20));
    // A hint that came meanwhile is not forgotten.
    if (state.hints === hints) state.pollAt = state.consumer.clock.now() + poll;
    return;
  }
  items ??= await readEvents(pool, { ...range, upTo });
  const reached = items.length < pageSize ? upTo : items.at(-1)!.position;
  // A lane that was given up meanwhile, or taken anew, is read by whoever has it now.
  const ours = new Map(
    group
      .filter((lane) => !lane.closing && state.lanes.get(lane.lane) === lane)
      .map((lane) => [lane.lane, lane]),
  );
  for (const lane of ours.values()) lane.read = reached;
  for (const item of items) accept(state, item, ours.get(item.lane));
  state.idlePolls = 0;
  // No lane is behind what was safe a moment ago: who looks again at once finds nothing, and takes time from the handlers.
  if (asksAnew && reached >= state.horizon && state.hints === hints)
    state.pollAt = state.consumer.clock.now() + Math.min(pollMilliseconds, FIRST_POLL);
}

function accept(state: RunnerState, item: Item, lane: Lane | undefined): void {
  if (lane === undefined) return;
  lane.opened(item);
  if (state.units.accept(item)) return;
  // Behind an event of its key that waits: it waits there, too.
  if (state.busy.has('load')) state.keptMeanwhile.add(item.unit);
  keepWaiting(state, item, { attempts: 0, delayMilliseconds: 0, error: '' });
}

/** Units that are due, and of which all that waits is in the database. */
export function loadable(state: RunnerState, now: number): string[] {
  const units = state.units.due(now, state.settings.concurrency);
  if (units.length === 0 || state.kept.length + state.storing.length === 0) return units;
  const unstored = new Set([...state.kept, ...state.storing].map(({ item }) => item.unit));
  return units.filter((unit) => !unstored.has(unit));
}

export async function loadWaiting(state: RunnerState, units: readonly string[]): Promise<void> {
  state.keptMeanwhile.clear();
  const lanes = [...state.lanes.keys()];
  const items = await readWaiting(state.settings.pool, state.consumer.name, lanes, units, WAITING_OF_UNIT);
  const byUnit = new Map<string, Item[]>(units.map((unit) => [unit, []]));
  for (const item of items) byUnit.get(item.unit)!.push(item);
  for (const [unit, found] of byUnit) {
    const isOurs = found.length === 0 || isOpen(state, found[0]!.lane);
    // Meanwhile its lane was given back or lost, and what waits of it is another's.
    if (!state.units.isBlocked(unit)) continue;
    const isMore = state.keptMeanwhile.has(unit);
    // What was kept meanwhile is to be loaded, too, before anything of the unit goes past it.
    if (isMore && found.length === 0) continue;
    state.units.load(unit, isOurs ? found : [], isOurs && (isMore || found.length === WAITING_OF_UNIT));
  }
}

function isOpen(state: RunnerState, lane: number): boolean {
  const found = state.lanes.get(lane);
  return found !== undefined && !found.closing;
}

/** What somebody else put among what waits. In the place of a mark, so that all that is done is marked. */
export async function refreshWaiting(state: RunnerState): Promise<void> {
  state.refreshAt = state.consumer.clock.now() + REFRESH_INTERVAL;
  const lanes = [...state.lanes.keys()];
  const waiting = await readWaitingUnits(state.settings.pool, state.consumer.name, lanes);
  const now = state.consumer.clock.now();
  const unmarked = new Set([
    ...state.kept.map(({ item }) => item.unit),
    ...state.removed.map(({ unit }) => unit),
  ]);
  for (const { unit, lane, dueIn } of waiting) {
    if (state.units.isHere(unit) || unmarked.has(unit) || !isOpen(state, lane)) continue;
    if (state.units.isBlocked(unit) && state.busy.has('load')) continue;
    state.units.block(unit, lane, now + Math.max(0, dueIn));
  }
}
