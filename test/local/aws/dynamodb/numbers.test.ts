/** DynamoDB's numbers: exact to 38 digits, in order, and refused where AWS refuses them. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addNumbers,
  canonicalNumber,
  compareNumbers,
  sortableNumber,
} from '../../../../local/aws/dynamodb/number.ts';

describe('canonical text', () => {
  test.each([
    ['0', '0'],
    ['-0.000', '0'],
    ['00012.500', '12.5'],
    ['1E2', '100'],
    ['-1.5e-3', '-0.0015'],
    ['+7', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
    ['1e125', `1${'0'.repeat(125)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
  ])('%s is %s', (given, canonical) => {
    expect(canonicalNumber(given)).toBe(canonical);
  });

  test.each([
    ['', 'The parameter cannot be converted to a numeric value'],
    ['abc', 'The parameter cannot be converted to a numeric value: abc'],
    ['1e', 'The parameter cannot be converted to a numeric value: 1e'],
    ['NaN', 'The parameter cannot be converted to a numeric value: NaN'],
    ['1e126', 'Number overflow'],
    ['1e-131', 'Number underflow'],
    ['123456789012345678901234567890123456789', 'more than 38 significant digits'],
  ])('%p is refused', (given, message) => {
    expect(() => canonicalNumber(given)).toThrow(message);
  });
});

/** A decimal of up to 38 digits as a whole number and a power of ten. */
const decimal = fc
  .record({
    whole: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
    power: fc.integer({ min: -9, max: 9 }),
  })
  .map(({ whole, power }) => ({ whole, power, text: canonicalNumber(`${whole}e${power}`) }));
type Decimal = typeof decimal extends fc.Arbitrary<infer Value> ? Value : never;

const scaled = ({ whole, power }: Decimal) => whole * 10n ** BigInt(power + 9);

test('order is the order of the numbers, also of their sortable texts', () => {
  fc.assert(
    fc.property(decimal, decimal, (left, right) => {
      const difference = scaled(left) - scaled(right);
      const expected = difference < 0n ? -1 : difference > 0n ? 1 : 0;
      const [a, b] = [sortableNumber(left.text), sortableNumber(right.text)];
      expect(compareNumbers(left.text, right.text)).toBe(expected);
      expect(a < b ? -1 : a > b ? 1 : 0).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['-1.23', '-1.2'],
  ['-123', '-120'],
  ['1.2', '1.23'],
  ['-1e-130', '0'],
  ['-1e125', '-1e-130'],
  ['9.99e-2', '0.1'],
])('%s sorts before %s', (lower, higher) => {
  expect(sortableNumber(canonicalNumber(lower)) < sortableNumber(canonicalNumber(higher))).toBe(true);
});

test('sums and differences are exact', () => {
  fc.assert(
    fc.property(decimal, decimal, (left, right) => {
      expect(addNumbers(left.text, right.text, 1)).toBe(
        canonicalNumber(`${scaled(left) + scaled(right)}e-9`),
      );
      expect(addNumbers(left.text, right.text, -1)).toBe(
        canonicalNumber(`${scaled(left) - scaled(right)}e-9`),
      );
    }),
    { numRuns: 500 },
  );
});

test('a sum that needs more than 38 digits is refused', () => {
  expect(() => addNumbers('1e37', '0.1', 1)).not.toThrow('never');
  expect(() => addNumbers(`1${'0'.repeat(38)}`, '0.1', 1)).toThrow('more than 38 significant digits');
});
