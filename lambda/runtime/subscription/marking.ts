/** Marks: what was done is stored, all at once, with the lanes' cursors. */
import { forgetBegun } from './begun.ts';
import type { Item } from './item.ts';
import { dropLane } from './leases.ts';
import { storeProgress } from './rows.ts';
import type { Kept } from './rows.ts';
import type { RunnerState } from './runner-state.ts';

/** Milliseconds between two marks that only move cursors. */
const MARK_INTERVAL = 50;

/** The event, or what follows one that failed, is to wait in the database. */
export function keepWaiting(state: RunnerState, item: Item, fate: Omit<Kept, 'item'>): void {
  const lane = state.lanes.get(item.lane);
  if (lane === undefined) return;
  lane.isDirty = true;
  state.kept.push({ item, ...fate });
}

/** Cursors alone are marked now and then under load: after a crash the inbox knows what comes again. */
export function mustMark(state: RunnerState, now: number): boolean {
  if (state.kept.length + state.removed.length > 0) return true;
  if (now < state.markAt && !state.stopping) return false;
  for (const { isDirty } of state.lanes.values()) if (isDirty) return true;
  return false;
}

export async function markProgress(state: RunnerState): Promise<void> {
  // Handlers that end at the same moment are marked in one statement.
  await new Promise(setImmediate);
  const lanes = [...state.lanes.values()].filter(({ isDirty }) => isDirty);
  if (lanes.length === 0) return;
  state.markAt = state.consumer.clock.now() + MARK_INTERVAL;
  const [kept, removed, unloaded] = [state.kept.splice(0), state.removed.splice(0), state.unloaded.splice(0)];
  const unnoted = state.unnoted.splice(0);
  const due = state.consumer.clock.now();
  for (const { item } of kept) if (!item.waits) state.lanes.get(item.lane)?.done(item);
  const cursors = lanes.map((lane) => ({ lane: lane.lane, position: lane.cursor() }));
  const tokens = new Map(lanes.map(({ lane, token }) => [lane, token]));
  for (const lane of lanes) lane.isDirty = false;
  state.storing = kept;
  let ours: ReadonlySet<number>;
  try {
    ours = await storeProgress(state.settings.pool, state.consumer.name, tokens, {
      cursors,
      kept,
      removed,
    });
  } catch (error) {
    for (const lane of lanes) lane.isDirty = true;
    const isHere = ({ lane }: Item): boolean => state.lanes.has(lane);
    state.kept.unshift(...kept.filter(({ item }) => isHere(item)));
    state.removed.unshift(...removed.filter(isHere));
    state.unloaded.unshift(...unloaded.filter(isHere));
    for (const one of unnoted) {
      if (isHere(one.item)) state.unnoted.push(one);
      else one.removed();
    }
    throw error;
  } finally {
    state.storing = [];
  }
  for (const [index, lane] of lanes.entries()) {
    if (!ours.has(lane.lane)) dropLane(state, lane);
    else lane.stored = cursors[index]!.position;
  }
  for (const { item, error, delayMilliseconds } of kept) {
    // The first of a unit says when; what is behind it says nothing.
    if (error !== '' && state.lanes.has(item.lane))
      state.units.block(item.unit, item.lane, due + delayMilliseconds);
  }
  for (const item of unloaded) if (state.lanes.has(item.lane)) state.units.block(item.unit, item.lane, 0);
  if (unnoted.length === 0) return;
  try {
    // What can't be removed now is removed when the lane is taken again.
    const items = unnoted.map(({ item }) => item);
    await forgetBegun(state.settings.pool, state.consumer.name, tokens, items);
  } finally {
    for (const { removed } of unnoted) removed();
  }
}
