/**
 * Which message is the oldest: by the time of sending, so that a change of the retention period holds for every
 * message. A message that is gone is skipped, and swept out when too many such have gathered.
 */
import { createHeap } from './heap.ts';
import type { StoredMessage } from './message.ts';

/** Below this many messages a sweep is not worth its cost. */
const SMALLEST_SWEEP = 1024;

export interface Retention {
  add(message: StoredMessage): void;
  /** Takes out the next message that was sent at `time` (milliseconds since the epoch) or before. */
  takeSentBy(time: number): StoredMessage | undefined;
  /** When the oldest message was sent. */
  oldest(): number | undefined;
  clear(): void;
}

/** `live` is how many messages the queue has, which decides when to sweep. */
export function createRetention(live: () => number): Retention {
  let sweepAbove = SMALLEST_SWEEP;
  const heap = createHeap<StoredMessage>((message) => message.sentAt);
  const first = (): StoredMessage | undefined => {
    for (let message = heap.peek(); message; message = heap.peek()) {
      if (message.state !== 'gone') return message;
      heap.pop();
    }
    return undefined;
  };
  return {
    add(message) {
      heap.push(message);
      if (heap.size > sweepAbove && heap.size > 2 * live()) {
        heap.retain(({ state }) => state !== 'gone');
        sweepAbove = Math.max(SMALLEST_SWEEP, 2 * heap.size);
      }
    },
    takeSentBy(time) {
      const message = first();
      if (!message || message.sentAt > time) return undefined;
      heap.pop();
      return message;
    },
    oldest: () => first()?.sentAt,
    clear() {
      heap.retain(() => false);
      sweepAbove = SMALLEST_SWEEP;
    },
  };
}
