import { expect, test } from '@jest/globals';
import { deliveries, examplePayloads } from '../../../local/workload/payloads.ts';
import type { Delivery } from '../../../local/workload/payloads.ts';

function take(seed: number, count: number): readonly Delivery[] {
  const source = deliveries({ seed, tenants: 5 });
  return Array.from({ length: count }, () => source.next().value);
}

test('the same seed deals the same deliveries, another seed others', () => {
  expect(take(7, 100)).toEqual(take(7, 100));
  expect(take(7, 100)).not.toEqual(take(8, 100));
});

test('a round deals every payload of the package once', () => {
  const genuine = take(1, 500).filter(({ kind }) => kind === 'genuine');
  const round = genuine.slice(0, examplePayloads().length);

  expect(new Set(round.map(({ payload }) => payload.body)).size).toBe(
    new Set(examplePayloads().map(({ body }) => body)).size,
  );
  expect(new Set(round.map(({ tenant }) => tenant))).toEqual(new Set([0, 1, 2, 3, 4]));
});

test('ids are unique, except that a repeated delivery has the id of the one it repeats', () => {
  const all = take(1, 520);
  const ids = all.filter(({ kind }) => kind !== 'repeated').map(({ deliveryId }) => deliveryId);
  const repeated = all.filter(({ kind }) => kind === 'repeated');

  expect(new Set(ids).size).toBe(ids.length);
  expect(repeated.length).toBeGreaterThan(10);
  for (const delivery of repeated) expect(ids).toContain(delivery.deliveryId);
  expect(all.filter(({ kind }) => kind === 'forged').length).toBeGreaterThan(5);
});
