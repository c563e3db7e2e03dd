/** Which lanes an instance has: renewing, taking, giving back, and what goes with a lane that is lost. */
import { RuntimeError } from '../errors.ts';
import { laneLeases } from '../postgres/lane-leases.ts';
import type { LeaseReport } from '../postgres/lane-leases.ts';
import { readBegun, WATCH } from './begun.ts';
import { Lane } from './lane.ts';
import { readCursors, readWaitingUnits } from './rows.ts';
import type { RunnerState } from './runner-state.ts';

const LEASES = laneLeases({
  lanes: 'event_subscription_lane',
  members: 'event_subscription_member',
  scope: 'consumer',
});

/** Milliseconds. The longest wait until a new instance gets its share from the others. */
export const RENEW_INTERVAL = 1_000;

export async function renewLeases(state: RunnerState): Promise<void> {
  const { leaseMilliseconds } = state.settings;
  const began = state.consumer.clock.now();
  state.renewAt = began + Math.min(RENEW_INTERVAL, leaseMilliseconds / 3);
  for (const lane of state.lanes.values()) if (lane.cursor() > lane.stored) lane.isDirty = true;
  await giveBack(state);
  const held = new Map([...state.lanes.values()].map(({ lane, token }) => [lane, token]));
  const report = await LEASES.renew(state.holder, leaseMilliseconds, held, !state.stopping);
  state.leasedUntil = began + leaseMilliseconds;
  for (const lane of state.lanes.values()) {
    if (report.held.get(lane.lane) !== lane.token) dropLane(state, lane);
  }
  await takeLanes(state, report);
  closeSome(state, state.lanes.size - report.share);
}

async function takeLanes(state: RunnerState, report: LeaseReport): Promise<void> {
  const fresh = [...report.held].filter(([lane]) => !state.lanes.has(lane));
  if (fresh.length === 0) return;
  const { pool } = state.settings;
  const numbers = fresh.map(([lane]) => lane);
  const cursors = new Map(
    (await readCursors(pool, state.consumer.name, numbers)).map(({ lane, position }) => [lane, position]),
  );
  const waiting = await readWaitingUnits(pool, state.consumer.name, numbers);
  const begun = await readBegun(pool, state.consumer.name, numbers);
  const now = state.consumer.clock.now();
  for (const [number, token] of fresh) {
    const lane = new Lane(number, token, cursors.get(number) ?? 0);
    if (report.abandoned.includes(number)) lane.watchedUntil = now + WATCH;
    state.lanes.set(number, lane);
  }
  for (const { key, lane } of begun) state.suspects.set(key, lane);
  for (const { unit, lane, dueIn } of waiting) state.units.block(unit, lane, now + Math.max(0, dueIn));
  // A read that is under way does not know these lanes.
  state.hints += 1;
  state.pollAt = 0;
}

/** Too many: the lanes with the highest numbers are given back once nothing of them is in work. */
function closeSome(state: RunnerState, surplus: number): void {
  const open = [...state.lanes.values()].filter(({ closing }) => !closing);
  const closing = state.lanes.size - open.length;
  for (const lane of open.slice(open.length - Math.max(0, surplus - closing))) {
    lane.closing = true;
    state.units.drop(lane.lane, (item) => state.running.has(item));
  }
}

async function giveBack(state: RunnerState): Promise<void> {
  const given = [...state.lanes.values()].filter(
    ({ lane, closing, isDirty }) => closing && !isDirty && !isInWork(state, lane),
  );
  if (given.length === 0) return;
  for (const lane of given) dropLane(state, lane);
  await LEASES.release(state.holder, new Map(given.map(({ lane, token }) => [lane, token])));
}

function isInWork(state: RunnerState, lane: number): boolean {
  return (
    [...state.running.keys()].some((item) => item.lane === lane) ||
    state.kept.some(({ item }) => item.lane === lane) ||
    state.removed.some((item) => item.lane === lane)
  );
}

/** Another instance has it, or may have. What its handlers still do counts no more. */
export function dropLane(state: RunnerState, lane: Lane): void {
  state.lanes.delete(lane.lane);
  lane.lost.abort(new RuntimeError('WAYBILL_MESSAGE_LOST', 'another instance has the lane of this event'));
  state.units.drop(lane.lane, (item) => state.running.has(item));
  state.kept = state.kept.filter(({ item }) => item.lane !== lane.lane);
  state.removed = state.removed.filter((item) => item.lane !== lane.lane);
  state.unloaded = state.unloaded.filter((item) => item.lane !== lane.lane);
  for (const { item, removed } of state.unnoted) if (item.lane === lane.lane) removed();
  state.unnoted = state.unnoted.filter(({ item }) => item.lane !== lane.lane);
  for (const [key, of] of state.suspects) if (of === lane.lane) state.suspects.delete(key);
}

/** All lanes, with nothing of them in work or unmarked. The others may share them at once. */
export async function leaveLanes(state: RunnerState): Promise<void> {
  await LEASES.release(
    state.holder,
    new Map([...state.lanes.values()].map(({ lane, token }) => [lane, token])),
  );
  await LEASES.unregister(state.holder);
}
