/**
 * How far into a FIFO queue a receive looks: the first 120,000 messages, in flight or not. Groups whose messages
 * are all behind them wait, which is why one group's backlog can starve the others.
 * "Amazon SQS FIFO queue quotas", quotas-fifo.html
 */
import type { StoredMessage } from './message.ts';

export interface FifoWindow {
  /** Messages enter in the order of their `order`. */
  enter(message: StoredMessage): void;
  remove(message: StoredMessage): void;
  /** Whether a message of this order is in the window. */
  reaches(order: number): boolean;
}

export function createFifoWindow(size: number): FifoWindow {
  /** Messages in the window, and the order of the last that came into it. */
  let count = 0;
  let last = 0;
  /** Those behind the window, in order, from `first` on; some may be gone. */
  let behind: StoredMessage[] = [];
  let first = 0;

  return {
    enter(message) {
      if (count < size && first === behind.length) {
        count++;
        last = message.order;
      } else {
        behind.push(message);
      }
    },
    remove(message) {
      if (message.order > last) return;
      count--;
      while (count < size && first < behind.length) {
        const next = behind[first++];
        if (next === undefined || next.state === 'gone') continue;
        count++;
        last = next.order;
      }
      if (first > size) {
        behind = behind.slice(first);
        first = 0;
      }
    },
    reaches: (order) => order <= last,
  };
}
