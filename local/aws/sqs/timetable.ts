/**
 * What falls due when: delays, visibility timeouts, retention. Entries are never searched for; one that no
 * longer holds is skipped when its time comes, and swept out when too many such entries have gathered.
 */
import { createHeap } from './heap.ts';

/** Below this many entries a sweep is not worth its cost. */
const SMALLEST_SWEEP = 1024;

export interface Timetable<Item> {
  /** Enters `item` for `due` (milliseconds since the epoch). */
  add(item: Item, due: number): void;
  /** Takes out the next item that still holds and is due at `now`, if any. */
  takeDue(now: number): Item | undefined;
  /** When the next item that still holds is due. */
  nextDue(): number | undefined;
  clear(): void;
}

/**
 * `holds` tells whether an entry made for `due` still stands; `live` is how many entries stand at most, which
 * decides when to sweep.
 */
export function createTimetable<Item>(
  holds: (item: Item, due: number) => boolean,
  live: () => number,
): Timetable<Item> {
  let sweepAbove = SMALLEST_SWEEP;
  const heap = createHeap<{ readonly item: Item; readonly due: number }>((entry) => entry.due);
  const skipStale = (): void => {
    for (let first = heap.peek(); first && !holds(first.item, first.due); first = heap.peek()) heap.pop();
  };
  return {
    add(item, due) {
      heap.push({ item, due });
      if (heap.size > sweepAbove && heap.size > 2 * live()) {
        heap.retain((entry) => holds(entry.item, entry.due));
        sweepAbove = Math.max(SMALLEST_SWEEP, 2 * heap.size);
      }
    },
    takeDue(now) {
      skipStale();
      const first = heap.peek();
      if (!first || first.due > now) return undefined;
      heap.pop();
      return first.item;
    },
    nextDue() {
      skipStale();
      return heap.peek()?.due;
    },
    clear() {
      heap.retain(() => false);
      sweepAbove = SMALLEST_SWEEP;
    },
  };
}
