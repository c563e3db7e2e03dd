/**
 * Order in memory. Of each ordering key one row is ready or being published at a time; the rows behind it wait.
 *
 *   accept -> ready -> take -> succeeded -> the next row of its key becomes ready
 *                           -> failed    -> its key is left out until the retry is due
 *
 * A key is left out of reading altogether ("excluded") while its head waits for a retry, and while so many of
 * its rows wait here that they would crowd out others. It comes back only when reading begins anew at the first
 * row (`beginPass`): a read that is under way would return the key's later rows without its earlier ones.
 */
import type { OutboxRow } from './rows.ts';
import { orderingUnit } from './rows.ts';

export class KeyOrder {
  /** All rows in memory, by sequence number, until they are finished in the database. */
  readonly #held = new Set<number>();
  /** Rows whose turn it is: those of high priority, and all others. */
  readonly #urgent: OutboxRow[] = [];
  readonly #ready: OutboxRow[] = [];
  /** Rows behind one that is ready or being published. An entry for each such key, undefined while none waits. */
  readonly #waiting = new Map<string, OutboxRow[] | undefined>();
  /** Milliseconds since the epoch when a unit may be read again. */
  readonly #excluded = new Map<string, number>();
  readonly #crowded = new Set<string>();
  readonly #waitingPerKey: number;

  /** @param waitingPerKey rows of one key that wait in memory at most */
  constructor(waitingPerKey: number) {
    this.#waitingPerKey = Math.max(1, waitingPerKey);
  }

  get ready(): number {
    return this.#urgent.length + this.#ready.length;
  }
  /** Rows not yet finished in the database. */
  get held(): number {
    return this.#held.size;
  }
  /** Units whose head failed. */
  get retrying(): number {
    return this.#excluded.size - this.#crowded.size;
  }

  excluded(): string[] {
    return [...this.#excluded.keys()];
  }

  /** When the next excluded unit may be read again; Infinity when there is none. */
  nextDue(): number {
    let due = Infinity;
    for (const at of this.#excluded.values()) due = Math.min(due, at);
    return due;
  }

  /** Reading begins at the first row again, so excluded units that are due may come back. */
  beginPass(now: number): void {
    for (const [unit, due] of this.#excluded) {
      if (due > now) continue;
      this.#excluded.delete(unit);
      this.#crowded.delete(unit);
    }
  }

  /** @returns whether the row is new here and its turn will come */
  accept(row: OutboxRow): boolean {
    if (this.#held.has(row.sequence)) return false;
    const unit = orderingUnit(row);
    if (this.#excluded.has(unit)) return false;
    const waiting = this.#waiting.get(unit);
    if (waiting === undefined && !this.#waiting.has(unit)) {
      this.#waiting.set(unit, undefined);
      this.#turnOf(row);
    } else if (waiting === undefined) {
      this.#waiting.set(unit, [row]);
    } else if (waiting.length < this.#waitingPerKey) {
      waiting.push(row);
    } else {
      this.#crowded.add(unit);
      this.#excluded.set(unit, Infinity);
      return false;
    }
    this.#held.add(row.sequence);
    return true;
  }

  /** Keeps a row from being accepted again while it is set aside in the database. */
  hold(row: OutboxRow): boolean {
    if (this.#held.has(row.sequence) || this.#excluded.has(orderingUnit(row))) return false;
    this.#held.add(row.sequence);
    return true;
  }

  /** At most one row of each key: no two of them depend on each other, so what can not wait goes first. */
  take(limit: number): OutboxRow[] {
    if (this.#urgent.length === 0) return this.#ready.splice(0, limit);
    const urgent = this.#urgent.splice(0, limit);
    return [...urgent, ...this.#ready.splice(0, limit - urgent.length)];
  }

  #turnOf(row: OutboxRow): void {
    (row.priority === 'high' ? this.#urgent : this.#ready).push(row);
  }

  /** Published or set aside: the next row of its key has its turn. */
  succeeded(row: OutboxRow): void {
    const unit = orderingUnit(row);
    const waiting = this.#waiting.get(unit);
    const next = waiting?.shift();
    if (waiting !== undefined && next !== undefined) {
      this.#turnOf(next);
    } else {
      this.#waiting.delete(unit);
    }
    // Half of them are left: time to read the next, before the key runs dry.
    if (this.#crowded.has(unit) && (waiting?.length ?? 0) <= this.#waitingPerKey / 2) {
      this.#excluded.set(unit, 0);
    }
  }

  /** Later rows of the key wait until the retry. Say `retryAt` once the failure is stored. */
  failed(row: OutboxRow): void {
    const unit = orderingUnit(row);
    for (const { sequence } of this.#waiting.get(unit) ?? []) this.#held.delete(sequence);
    this.#waiting.delete(unit);
    this.#crowded.delete(unit);
    this.#excluded.set(unit, Infinity);
  }

  retryAt(unit: string, due: number): void {
    this.#excluded.set(unit, due);
  }

  /** The rows are finished in the database, and no read that began earlier can return them any more. */
  forget(sequences: Iterable<number>): void {
    for (const sequence of sequences) this.#held.delete(sequence);
  }
}
