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
import type { Item } from './item.ts';
import type { Lane } from './lane.ts';
import { keepWaiting } from './marking.ts';
import { storeDeadLetter } from './rows.ts';
import type { RunnerState } from './runner-state.ts';
import type { SettledEvent } from './types.ts';

const DROPPED: DeadLetter = {
  reason: 'EVENT_DROPPED',
  detail: 'retention dropped the event before it was handled',
};

export async function handleItem(state: RunnerState, item: Item): Promise<void> {
  const lane = state.lanes.get(item.lane);
  if (lane === undefined) {
    state.units.finish(item);
    return;
  }
  const consumer = state.consumer;
  const began = state.consumer.clock.now();
  const controller = new AbortController();
  const end = (): void => controller.abort(lane.lost.signal.reason);
  lane.lost.signal.addEventListener('abort', end);
  const timer = state.consumer.clock.setTimeout(() => {
    controller.abort(new RuntimeError('WAYBILL_DEADLINE_NEAR', 'maxProcessingTime is over: stop and throw'));
  }, state.settings.maxProcessingMilliseconds);
  state.running.set(item, { controller, timer });
  const isLost = (): boolean => state.over || lane.lost.signal.aborted;
  const body = item.body ?? '';
  const record = eventRecord(
    { ...item, body: item.replay === undefined ? body : withReplayMark(body, item.replay) },
    item.unit,
    item.attempts + 1,
  );
  const deadLetter = (letter: DeadLetter): Promise<boolean> => storeLetter(state, lane, item, letter);
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
  state.consumer.clock.clearTimeout(timer);
  lane.lost.signal.removeEventListener('abort', end);
  state.running.delete(item);
  if (isLost()) state.units.finish(item);
  else settle(state, lane, item, outcome, outcome === 'postponed' ? postponementOf(record) : 0);
  state.errors.delete(item.eventId);
  tell(state, item, outcome, began);
  state.wake();
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
