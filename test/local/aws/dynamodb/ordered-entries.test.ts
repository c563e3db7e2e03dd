/** The sorted collection, over many blocks, against a sorted array. */
import { expect, test } from '@jest/globals';
import { seededRandom } from '../../../../local/aws/faults.ts';
import { createOrderedEntries } from '../../../../local/aws/dynamodb/ordered-entries.ts';

test('inserts, deletes and reads in both directions from any place are those of a sorted array', () => {
  const random = seededRandom(7);
  const entries = createOrderedEntries<number>((left, right) => left - right);
  const model = new Set<number>();
  for (let step = 0; step < 6000; step++) {
    const value = Math.floor(random() * 3000);
    if (random() < 0.6) {
      entries.insert(value);
      model.add(value);
    } else {
      entries.delete(value);
      model.delete(value);
    }
    if (step % 500 !== 0) continue;
    const sorted = [...model].toSorted((left, right) => left - right);
    const start = Math.floor(random() * 3000);
    expect(entries.size).toBe(sorted.length);
    expect([...entries.all()]).toEqual(sorted);
    expect([...entries.from((entry) => entry < start)]).toEqual(sorted.filter((entry) => entry >= start));
    expect([...entries.from((entry) => entry < start, true)]).toEqual(
      sorted.filter((entry) => entry < start).toReversed(),
    );
  }
});
