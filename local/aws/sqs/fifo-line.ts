/**
 * The line of a FIFO queue. Messages of a group leave in the order they were sent, whatever way they came back.
 * A group with a message in flight is locked: nothing more of it is available until every message in flight is
 * deleted, dead-lettered, expired or visible again.
 * "FIFO queue delivery logic", sqs-fifo-queues-understanding-logic.html
 */
import { createFifoWindow } from './fifo-window.ts';
import { createHeap, type Heap } from './heap.ts';
import type { Line, Receive } from './line.ts';
import { FIFO_WINDOW_MESSAGES } from './limits.ts';
import type { StoredMessage } from './message.ts';

interface Group {
  readonly id: string;
  /** May hold messages that are gone; they are skipped at the head. */
  readonly waiting: Heap<StoredMessage>;
  inFlight: number;
  /** The head's order when the group was put into `ready`; undefined when it is not there. */
  readyAt: number | undefined;
}

export function createFifoLine(): Line {
  const groups = new Map<string, Group>();
  const ready = createHeap<{ readonly group: Group; readonly order: number }>((entry) => entry.order);
  const window = createFifoWindow(FIFO_WINDOW_MESSAGES);
  let lockedGroups = 0;

  const groupOf = (message: StoredMessage): Group => {
    const id = message.groupId ?? '';
    let group = groups.get(id);
    if (!group) {
      group = { id, waiting: createHeap((waiting) => waiting.order), inFlight: 0, readyAt: undefined };
      groups.set(id, group);
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

  /** Puts the group where it belongs: among the ready ones, nowhere while locked, forgotten when empty. */
  const place = (group: Group): void => {
    if (group.inFlight > 0) return;
    const first = head(group);
    if (!first) {
      group.readyAt = undefined;
      groups.delete(group.id);
    } else if (group.readyAt !== first.order) {
      group.readyAt = first.order;
      ready.push({ group, order: first.order });
    }
  };

  /** The ready group whose head was sent first. An entry is stale when its group was placed anew or locked. */
  const nextGroup = (): Group | undefined => {
    for (let entry = ready.peek(); entry; entry = ready.peek()) {
      const { group, order } = entry;
      if (!window.reaches(order)) return undefined;
      ready.pop();
      if (group.readyAt !== order || groups.get(group.id) !== group) continue;
      group.readyAt = undefined;
      if (group.inFlight === 0 && head(group)) return group;
      place(group);
    }
    return undefined;
  };

  return {
    enter: (message) => window.enter(message),
    remove: (message) => window.remove(message),
    add(message) {
      const group = groupOf(message);
      group.waiting.push(message);
      place(group);
    },
    hold(message) {
      const group = groupOf(message);
      if (group.inFlight === 0) lockedGroups++;
      group.inFlight++;
    },
    begin(): Receive {
      const touched = new Set<Group>();
      let current: Group | undefined;
      return {
        next() {
          if (!current || !head(current)) {
            current = nextGroup();
            if (!current) return undefined;
            touched.add(current);
          }
          return current.waiting.pop();
        },
        end() {
          for (const group of touched) place(group);
        },
      };
    },
    release(message) {
      const group = groups.get(message.groupId ?? '');
      if (!group) return;
      group.inFlight--;
      if (group.inFlight === 0) lockedGroups--;
      place(group);
    },
    groupCounts: () => ({ noisy: new Set<string>(), inFlight: lockedGroups }),
  };
}
