/**
 * Order in memory. Of each unit (an ordering key, an event without one, or everything) one event is handled at a time.
 *
 * | the unit | its next event |
 * |---|---|
 * | is not known | ready |
 * | has events here | waits behind them, here |
 * | is blocked: its first event waits in the database for another try | is stored behind it |
 * | is loaded in part: more of it waits in the database | is stored behind it |
 */
import type { Item } from './item.ts';

export class UnitOrder {
  /** The first of each is ready or being handled. */
  readonly #here = new Map<string, Item[]>();
  /** Units whose turn it is. */
  #ready: string[] = [];
  /** Milliseconds since the epoch when the unit may be loaded; Infinity while its failure is being stored. */
  readonly #blocked = new Map<string, { readonly lane: number; readonly due: number }>();
  readonly #partial = new Set<string>();
  #held = 0;

  /** Events in memory. */
  get held(): number {
    return this.#held;
  }
  get ready(): number {
    return this.#ready.length;
  }
  get blocked(): number {
    return this.#blocked.size;
  }

  /** False: the event has to be stored behind what waits of its unit. */
  accept(item: Item): boolean {
    const { unit } = item;
    if (this.#blocked.has(unit) || this.#partial.has(unit)) return false;
    this.#push(item);
    return true;
  }

  #push(item: Item): void {
    this.#held += 1;
    const behind = this.#here.get(item.unit);
    if (behind !== undefined) {
      behind.push(item);
      return;
    }
    this.#here.set(item.unit, [item]);
    this.#ready.push(item.unit);
  }

  /** The next event to handle. */
  take(): Item | undefined {
    const unit = this.#ready.shift();
    return unit === undefined ? undefined : this.#here.get(unit)![0]!;
  }

  /** The first of its unit was taken and not begun. */
  putBack({ unit }: Item): void {
    if (this.#here.has(unit)) this.#ready.push(unit);
  }

  /** Done with the first of its unit. Answers true when the unit has to be looked for in the database again. */
  finish({ unit }: Item): boolean {
    const items = this.#here.get(unit);
    if (items === undefined) return false;
    items.shift();
    this.#held -= 1;
    if (items.length > 0) {
      this.#ready.push(unit);
      return false;
    }
    this.#here.delete(unit);
    if (!this.#partial.delete(unit)) return false;
    return true;
  }

  /** The first of its unit failed: what is behind it leaves the memory. @returns that */
  fail({ unit, lane }: Item): Item[] {
    const items = this.#here.get(unit) ?? [];
    this.#here.delete(unit);
    this.#partial.delete(unit);
    this.#held -= items.length;
    this.block(unit, lane, Infinity);
    return items.slice(1);
  }

  block(unit: string, lane: number, due: number): void {
    this.#blocked.set(unit, { lane, due });
  }

  isBlocked(unit: string): boolean {
    return this.#blocked.has(unit);
  }

  isHere(unit: string): boolean {
    return this.#here.has(unit);
  }

  /** Units that may be loaded, at most so many. */
  due(now: number, limit: number): string[] {
    const units: string[] = [];
    for (const [unit, { due }] of this.#blocked) {
      if (due > now) continue;
      units.push(unit);
      if (units.length >= limit) break;
    }
    return units;
  }

  nextDue(): number {
    let next = Infinity;
    for (const { due } of this.#blocked.values()) next = Math.min(next, due);
    return next;
  }

  /** What waited of a unit, in its order. Empty: nothing does any more. */
  load(unit: string, items: readonly Item[], isPartial: boolean): void {
    this.#blocked.delete(unit);
    for (const item of items) this.#push(item);
    if (isPartial) this.#partial.add(unit);
  }

  /** Lets go of a lane. @param keep the units in work, whose handlers still run */
  drop(lane: number, isRunning: (item: Item) => boolean): void {
    for (const [unit, { lane: of }] of this.#blocked) if (of === lane) this.#blocked.delete(unit);
    for (const [unit, items] of this.#here) {
      if (items[0]!.lane !== lane) continue;
      const running = items.slice(0, isRunning(items[0]!) ? 1 : 0);
      this.#held -= items.length - running.length;
      this.#partial.delete(unit);
      if (running.length > 0) {
        this.#here.set(unit, running);
        continue;
      }
      this.#here.delete(unit);
      this.#ready = this.#ready.filter((other) => other !== unit);
    }
  }
}
