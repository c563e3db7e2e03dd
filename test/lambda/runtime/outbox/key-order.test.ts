import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { KeyOrder } from '../../../../lambda/runtime/outbox/key-order.ts';
import type { OutboxRow } from '../../../../lambda/runtime/outbox/rows.ts';
import { orderingUnit } from '../../../../lambda/runtime/outbox/rows.ts';
import { message } from './support.ts';

/** A table of pending rows, and reads of it as the relay makes them: page by page, possibly with an old snapshot. */
class Model {
  readonly order = new KeyOrder(3);
  readonly published: OutboxRow[] = [];
  readonly #pending: OutboxRow[];
  #cursor = 0;
  #snapshot: { rows: OutboxRow[]; forgettable: number[] } | undefined;
  #underWay: OutboxRow[] = [];
  #now = 0;

  constructor(keys: readonly number[]) {
    this.#pending = keys.map((key, index) => ({
      ...message({ orderingKey: key === 0 ? 'acme' : `acme#${key}` }),
      sequence: index + 1,
      retryCount: 0,
    }));
  }

  beginRead(): void {
    if (this.#snapshot !== undefined) return;
    if (this.#cursor === 0) this.order.beginPass(this.#now);
    const excluded = new Set(this.order.excluded());
    const rows = this.#pending.filter(
      (row) => row.sequence > this.#cursor && !excluded.has(orderingUnit(row)),
    );
    this.#snapshot = { rows: rows.slice(0, 5), forgettable: [] };
  }

  endRead(): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    this.#snapshot = undefined;
    for (const row of snapshot.rows) {
      this.#cursor = row.sequence;
      this.order.accept(row);
    }
    if (snapshot.rows.length < 5) this.#cursor = 0;
    this.order.forget(snapshot.forgettable);
  }

  send(): void {
    this.#underWay.push(...this.order.take(3));
    const units = this.#underWay.map(orderingUnit);
    expect(new Set(units).size).toBe(units.length);
  }

  answer(fails: boolean): void {
    const row = this.#underWay.shift();
    if (row === undefined) return;
    if (fails) {
      this.order.failed(row);
      this.#finish(row, false);
      this.order.retryAt(orderingUnit(row), this.#now + 3);
    } else {
      this.published.push(row);
      this.order.succeeded(row);
      this.#finish(row, true);
    }
  }

  #finish(row: OutboxRow, remove: boolean): void {
    if (remove) this.#pending.splice(this.#pending.indexOf(row), 1);
    if (this.#snapshot !== undefined) this.#snapshot.forgettable.push(row.sequence);
    else this.order.forget([row.sequence]);
  }

  tick(): void {
    this.#now++;
  }

  drain(): void {
    for (let step = 0; this.#pending.length > 0; step++) {
      if (step > 10_000) throw new Error(`stuck with ${this.#pending.length} rows`);
      this.beginRead();
      this.endRead();
      this.send();
      while (this.#underWay.length > 0) this.answer(false);
      this.tick();
    }
  }
}

const STEPS = ['beginRead', 'endRead', 'send', 'succeed', 'fail', 'tick'] as const;

describe('D11 order in memory', () => {
  test('D11 in any interleaving of reads, answers and failures each row is published once, in order of its key', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }),
        fc.array(fc.constantFrom(...STEPS), { maxLength: 200 }),
        (keys, steps) => {
          const model = new Model(keys);
          for (const step of steps) {
            if (step === 'succeed') model.answer(false);
            else if (step === 'fail') model.answer(true);
            else model[step]();
          }
          model.endRead();
          model.drain();

          const sequences = model.published.map(({ sequence }) => sequence);
          expect([...sequences].sort((a, b) => a - b)).toEqual(keys.map((_, index) => index + 1));
          for (const key of [1, 2, 3, 4]) {
            const ofKey = model.published.filter(({ orderingKey }) => orderingKey === `acme#${key}`);
            expect(ofKey.map(({ sequence }) => sequence)).toEqual(
              ofKey.map(({ sequence }) => sequence).sort((a, b) => a - b),
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('what has a high priority is taken first, and still in the order of its key', () => {
  const order = new KeyOrder(10);
  const rows = [
    message(),
    message({ orderingKey: 'acme#1' }),
    message({ orderingKey: 'acme#1', priority: 'high' }),
    message({ priority: 'high' }),
  ].map((one, index): OutboxRow => ({ ...one, sequence: index + 1, retryCount: 0 }));
  for (const row of rows) order.accept(row);
  const sequences = (taken: readonly OutboxRow[]): number[] => taken.map(({ sequence }) => sequence);

  const first = order.take(2);
  expect(sequences(first)).toEqual([4, 1]);
  expect(sequences(order.take(2))).toEqual([2]);
  order.succeeded(rows[1]!);
  expect(order.ready).toBe(1);
  expect(sequences(order.take(2))).toEqual([3]);
});
