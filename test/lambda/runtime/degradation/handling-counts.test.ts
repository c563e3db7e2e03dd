import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addToCount } from '../../../../lambda/runtime/degradation/handling-counts.ts';
import type { SqsRecord } from '../../../../lambda/runtime/types.ts';
import { controlsUnderTest } from './support.ts';
import type { ControlsUnderTest } from './support.ts';

let under: ControlsUnderTest;

beforeAll(async () => {
  under = await controlsUnderTest();
});

afterAll(() => under.close());

const receive = (messageId: string, count: number): SqsRecord =>
  ({ messageId, body: '', attributes: { ApproximateReceiveCount: String(count) } }) as unknown as SqsRecord;

test('a failure whose answer was lost, and that is told again, is one; that of the next receive is another', async () => {
  const count = (record: SqsRecord) => addToCount(under.table, 'orders', record, 'failures', 1, Date.now());

  expect([await count(receive('m1', 1)), await count(receive('m1', 1))]).toEqual([1, 1]);
  expect(await count(receive('m1', 2))).toBe(2);
  expect(await count(receive('m2', 1))).toBe(1);
});

test('a handling that has begun is none any more when it has ended, however often that is told', async () => {
  const note = (receives: number, change: 1 | -1) =>
    addToCount(under.table, 'orders', receive('m3', receives), 'unended', change, Date.now());

  expect([await note(4, 1), await note(5, 1)]).toEqual([1, 2]);
  expect([await note(5, -1), await note(5, -1), await note(4, -1)]).toEqual([1, 1, 0]);
});
