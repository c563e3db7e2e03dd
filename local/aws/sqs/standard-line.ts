/**
 * The line of a standard queue: roughly first in, first out, and fair between message groups. A group that is
 * noisy yields to the messages of quiet groups; it still uses all capacity the quiet ones leave. Messages
 * without a group count as a tenant each, so they are never noisy.
 * "How Amazon SQS fair queues work", sqs-fair-queues-detailed.html
 */
import { createHeap, type Heap } from './heap.ts';
import type { Line, Receive } from './line.ts';
import {
  NOISY_IN_FLIGHT_MESSAGES,
  NOISY_IN_FLIGHT_SHARE,
  NOISY_PROCESSING_SHARE,
  PROCESSING_HALF_LIFE_MILLISECONDS,
} from './limits.ts';
import type { StoredMessage } from './message.ts';

/** Below this many groups a sweep is not worth its cost. */
const SMALLEST_SWEEP = 1024;

/** Consumer time, in milliseconds: what is under way now, and what is past, fading. */
interface ConsumerTime {
  inFlight: number;
  /** Sum of the receive times of what is in flight: `inFlight * now - receivedSum` has been spent on it so far. */
  receivedSum: number;
  past: number;
  pastAt: number;
}

interface Group extends ConsumerTime {
  readonly id: string | undefined;
  /** May hold messages that are gone; they are skipped at the head. */
  readonly waiting: Heap<StoredMessage>;
  /** The head's order when the group was put into `ready`; undefined when it is not there. */
  readyAt: number | undefined;
}

export function createStandardLine(): Line {
  const groups = new Map<string | undefined, Group>();
  const ready = createHeap<{ readonly group: Group; readonly order: number }>((entry) => entry.order);
  let sweepAbove = SMALLEST_SWEEP;
  const total: ConsumerTime = { inFlight: 0, receivedSum: 0, past: 0, pastAt: 0 };

  const groupOf = (message: StoredMessage): Group => {
    let group = groups.get(message.groupId);
    if (!group) {
      const waiting = createHeap<StoredMessage>((held) => held.order);
      group = {
        id: message.groupId,
        waiting,
        readyAt: undefined,
        inFlight: 0,
        receivedSum: 0,
        past: 0,
        pastAt: 0,
      };
      groups.set(message.groupId, group);
    }
    return group;
  };

  const head = (group: Group): StoredMessage | undefined => {
    for (let first = group.waiting.peek(); first; first = group.waiting.peek()) {
      if (first.state === 'waiting') return first;
      group.waiting.pop();
    }
    return undefined;
  };

  const place = (group: Group): void => {
    const first = head(group);
    if (!first || group.readyAt === first.order) return;
    group.readyAt = first.order;
    ready.push({ group, order: first.order });
  };

  const nextReady = (): Group | undefined => {
    for (let entry = ready.pop(); entry; entry = ready.pop()) {
      const { group, order } = entry;
      if (group.readyAt !== order) continue;
      group.readyAt = undefined;
      if (head(group)?.order === order) return group;
      place(group);
    }
    return undefined;
  };

  /** Forgets groups with nothing in the queue and no consumer time left to remember, now and then. */
  const forgetIdle = (now: number): void => {
    if (groups.size <= sweepAbove) return;
    for (const group of groups.values()) {
      if (group.inFlight === 0 && !head(group) && pastTime(group, now) < 1) groups.delete(group.id);
    }
    sweepAbove = Math.max(SMALLEST_SWEEP, 2 * groups.size);
  };

  return {
    enter: () => undefined,
    remove: () => undefined,
    add(message) {
      const group = groupOf(message);
      group.waiting.push(message);
      place(group);
    },
    hold(message) {
      for (const time of [groupOf(message), total]) {
        time.inFlight++;
        time.receivedSum += message.lastReceivedAt;
      }
    },
    begin(now): Receive {
      return {
        next() {
          // Only a group with a tenth of the whole can be noisy, so few are ever set aside.
          const yielding: Group[] = [];
          let chosen = nextReady();
          while (chosen && isNoisy(chosen, total, now)) {
            yielding.push(chosen);
            chosen = nextReady();
          }
          const group = chosen ?? yielding[0];
          const message = group?.waiting.pop();
          if (group) place(group);
          for (const noisy of yielding) place(noisy);
          return message;
        },
        end: () => undefined,
      };
    },
    release(message, now) {
      const group = groupOf(message);
      for (const time of [group, total]) {
        time.inFlight--;
        time.receivedSum -= message.lastReceivedAt;
        time.past = pastTime(time, now) + Math.max(1, now - message.lastReceivedAt);
        time.pastAt = now;
      }
      forgetIdle(now);
    },
    groupCounts(now) {
      const noisy = new Set<string>();
      let inFlight = 0;
      for (const group of groups.values()) {
        if (group.id !== undefined && isNoisy(group, total, now)) noisy.add(group.id);
        if (group.id !== undefined && group.inFlight > 0) inFlight++;
      }
      return { noisy, inFlight };
    },
  };
}

function isNoisy(group: Group, total: ConsumerTime, now: number): boolean {
  if (group.id === undefined) return false;
  if (group.inFlight >= NOISY_IN_FLIGHT_MESSAGES && group.inFlight > NOISY_IN_FLIGHT_SHARE * total.inFlight) {
    return true;
  }
  const spent = spentTime(group, now);
  return spent >= 1 && spent > NOISY_PROCESSING_SHARE * spentTime(total, now);
}

/** Every message in flight counts for at least a millisecond, so that a clock that stands still sees them too. */
function spentTime(time: ConsumerTime, now: number): number {
  return pastTime(time, now) + time.inFlight + (time.inFlight * now - time.receivedSum);
}

function pastTime(time: ConsumerTime, now: number): number {
  return time.past * 0.5 ** ((now - time.pastAt) / PROCESSING_HALF_LIFE_MILLISECONDS);
}
