/** One event with its handler, and what becomes of it. */
import { fullJitter } from '../backoff.ts';
import { postponementOf } from '../consumer/admission.ts';
import { eventRecord, withReplayMark } from '../consumer/event-record.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { DeadLetter } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import type { Outcome } from '../consumer/outcome.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import { keyOf, noteBegun } from './begun.ts';
import type { Item } from './item.ts';
import type { Lane } from './lane.ts';
import { dropLane } from './leases.ts';
import { keepWaiting } from './marking.ts';
import { storeDeadLetter } from './rows.ts';
import type { RunnerState } from './runner-state.ts';
import type { SettledEvent } from './types.ts';

const DROPPED: DeadLetter = {
  reason: 'EVENT_DROPPED',
  detail: 'retention dropped the event before it was handled',
};

/** It was never told that its handling failed: a process that dies can tell nothing. */
const EXHAUSTED: DeadLetter = {
  reason: 'RECEIVES_EXHAUSTED',
  detail: 'its handling ended the process, or outlasted it, as often as it may be tried',
};

export async function handleItem(state: RunnerState, item: Item): Promise<void> {
  const lane = state.lanes.get(item.lane);
  if (lane === undefined) {
    state.units.finish(item);
    return;
  }
  if (state.suspects.has(keyOf(item))) {
    holdPlace(state, item);
    // One after the other, and an outcome is stored before the next begins: what ends the process again is counted alone.
    state.suspectsDone = state.suspectsDone
      .then(() => handleNoted(state, lane, item))
      .then(({ stored }) => stored);
    await state.suspectsDone;
  } else if (state.consumer.clock.now() < lane.watchedUntil) {
    holdPlace(state, item);
    await handleNoted(state, lane, item);
  } else await handle(state, lane, item, 1);
}

function holdPlace(state: RunnerState, item: Item): void {
  state.running.set(item, { controller: new AbortController(), timer: undefined });
}

/** @returns what resolves when its outcome is stored */
async function handleNoted(
  state: RunnerState,
  lane: Lane,
  item: Item,
): Promise<{ stored: Promise<void> | undefined }> {
  const isOurs = (): boolean => !state.stopping && !lane.lost.signal.aborted;
  let begun: number | undefined;
  try {
    if (isOurs()) {
      begun = await noteBegun(state.settings.pool, state.consumer.name, lane.token, item);
      if (begun === undefined && isOurs()) dropLane(state, lane);
    }
  } catch (error) {
    state.failed(error);
    if (isOurs()) {
      state.running.delete(item);
      state.units.putBack(item);
      state.wake();
      return { stored: undefined };
    }
  }
  if (begun !== undefined) {
    if (await handle(state, lane, item, begun)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.unnoted.push({ item, removed: resolve });
      if (state.suspects.delete(keyOf(item))) state.markAt = 0;
      state.wake();
      return { stored: promise };
    }
    return { stored: undefined };
  }
  // Not begun: it is the next owner's.
  state.running.delete(item);
  state.units.finish(item);
  state.wake();
  return { stored: undefined };
}

/**
 * @param begun how often it was begun without an outcome, this time included
 * @returns whether it has an outcome that is stored here
 */
async function handle(state: RunnerState, lane: Lane, taken: Item, begun: number): Promise<boolean> {
  const item = begun === 1 ? taken : { ...taken, attempts: taken.attempts + begun - 1 };
  const consumer = state.consumer;
  const began = state.consumer.clock.now();
  const controller = new AbortController();
  const end = (): void => controller.abort(lane.lost.signal.reason);
  lane.lost.signal.addEventListener('abort', end);
  const timer = state.consumer.clock.setTimeout(() => {
    controller.abort(new RuntimeError('WAYBILL_DEADLINE_NEAR', 'maxProcessingTime is over: stop and throw'));
  }, state.settings.maxProcessingMilliseconds);
  state.running.set(taken, { controller, timer });
  const isLost = (): boolean => state.over || lane.lost.signal.aborted;
  const body = item.body ?? '';
  const record = eventRecord(
    { ...item, body: item.replay === undefined ? body : withReplayMark(body, item.replay) },
    item.unit,
    item.attempts + 1,
  );
  const deadLetter = (letter: DeadLetter): Promise<boolean> => storeLetter(state, lane, item, letter);
  const isExhausted = begun > 1 && item.attempts >= (consumer.maxReceiveCount ?? Infinity);
  const outcome =
    item.body === undefined || isExhausted
      ? await giveUp(state, lane, item, item.body === undefined ? DROPPED : EXHAUSTED)
      : await handleMessage(consumer, record, {
          signal: controller.signal,
          isOver: isLost,
          deadLetter: (_record, letter) => deadLetter(letter),
        });
  state.consumer.clock.clearTimeout(timer);
  lane.lost.signal.removeEventListener('abort', end);
  state.running.delete(taken);
  const isSettled = !isLost();
  if (!isSettled) state.units.finish(item);
  else settle(state, lane, item, outcome, outcome === 'postponed' ? postponementOf(record) : 0);
  state.errors.delete(item.eventId);
  tell(state, item, outcome, began);
  state.wake();
  return isSettled && !(isExhausted && outcome === 'failed');
}

async function giveUp(state: RunnerState, lane: Lane, item: Item, letter: DeadLetter): Promise<Outcome> {
  // This time does not count: its handler is not called.
  const tried = letter === EXHAUSTED ? { ...item, attempts: item.attempts - 1 } : item;
  if (!(await storeLetter(state, lane, tried, letter))) return 'failed';
  state.consumer.logger.error('event dead-lettered', { eventId: item.eventId, ...letter });
  return 'dead-lettered';
}

function settle(state: RunnerState, lane: Lane, item: Item, outcome: Outcome, postponedBy: number): void {
  if (isAcknowledged(outcome)) {
    if (item.waits) {
      state.removed.push(item);
      lane.isDirty = true;
    } else lane.done(item);
    if (state.units.finish(item)) {
      // More of it may wait in the database, to be looked for when this is marked.
      state.units.block(item.unit, item.lane, Infinity);
      state.unloaded.push(item);
    }
    return;
  }
  const behind = state.units.fail(item);
  const attempts = outcome === 'failed' ? item.attempts + 1 : item.attempts;
  const delayMilliseconds =
    outcome === 'failed'
      ? 1_000 * fullJitter(state.settings.backoff, attempts, state.settings.random)
      : 1_000 * postponedBy;
  keepWaiting(state, item, { attempts, delayMilliseconds, error: state.errors.get(item.eventId) ?? outcome });
  for (const other of behind) {
    if (!other.waits) keepWaiting(state, other, { attempts: 0, delayMilliseconds: 0, error: '' });
  }
}

async function storeLetter(state: RunnerState, lane: Lane, item: Item, letter: DeadLetter): Promise<boolean> {
  try {
    return await storeDeadLetter(state.settings.pool, state.consumer.name, lane.token, item, letter);
  } catch (error) {
    state.consumer.logger.error('dead letter not written; the event is tried again', {
      eventId: item.eventId,
      detail: describeError(error),
    });
    return false;
  }
}

function tell(state: RunnerState, item: Item, outcome: Outcome, began: number): void {
  const now = state.consumer.clock.now();
  const { onSettled } = state.settings;
  if (onSettled === undefined) return;
  const settled: SettledEvent = {
    consumer: state.consumer.name,
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
    state.consumer.logger.warn('onSettled threw', { error: describeError(error) });
  }
}
