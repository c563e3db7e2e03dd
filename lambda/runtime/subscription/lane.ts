/** A lane that this instance holds: how far it was read, and how far all of it is done. */
import type { Item } from './item.ts';

export class Lane {
  readonly lane: number;
  readonly token: string;
  /** The position up to which it was read. */
  read: number;
  /** The position that the database has. */
  stored: number;
  /** To be given back: nothing more is read or started. */
  closing = false;
  /** Something was done since the cursor was stored. */
  isDirty = false;
  /** Milliseconds since the epoch. Until then it is noted which handlers begin: the last owner died. */
  watchedUntil = 0;
  /** Aborted when the lane is another's by now. */
  readonly lost = new AbortController();
  /** Read and not yet done, in order; those that are done wait for the ones before them. */
  #open: number[] = [];
  #first = 0;
  readonly #done = new Set<number>();

  constructor(lane: number, token: string, position: number) {
    this.lane = lane;
    this.token = token;
    this.read = position;
    this.stored = position;
  }

  opened({ position }: Item): void {
    this.#open.push(position);
  }

  done({ position }: Item): void {
    this.#done.add(position);
    this.isDirty = true;
  }

  /** All up to here is done. */
  cursor(): number {
    while (this.#first < this.#open.length && this.#done.delete(this.#open[this.#first]!)) this.#first += 1;
    if (this.#first === this.#open.length) {
      this.#open = [];
      this.#first = 0;
      return this.read;
    }
    if (this.#first > 1_000) {
      this.#open.splice(0, this.#first);
      this.#first = 0;
    }
    return this.#open[this.#first]! - 1;
  }
}
