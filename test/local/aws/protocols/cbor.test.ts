import { describe, expect, test } from '@jest/globals';
import { decodeCbor, encodeCbor } from '../../../../local/aws/protocols/cbor.ts';

const decode = (hexadecimal: string) => decodeCbor(Buffer.from(hexadecimal, 'hex'));
const NO_TIMES: ReadonlySet<string> = new Set();

/** From RFC 8949, appendix A. */
const EXAMPLES: readonly (readonly [string, unknown])[] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3903e7', -1000],
  ['fb3ff199999999999a', 1.1],
  ['fbc010666666666666', -4.1],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
];

describe('the examples of the RFC', () => {
  test.each(EXAMPLES)('%s is read', (bytes, value) => {
    expect(decode(bytes)).toEqual(value);
  });

  test.each(EXAMPLES)('%s is written', (bytes, value) => {
    expect(encodeCbor(value, NO_TIMES).toString('hex')).toBe(bytes);
  });

  test.each<[string, unknown]>([
    ['f93e00', 1.5],
    ['f97bff', 65_504],
    ['f90001', 2 ** -24],
    ['fa47c35000', 100_000],
    ['c11a514b67b0', 1_363_896_240],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['bf6346756ef563416d7421ff', { Fun: true, Amt: -2 }],
    ['4401020304', 'AQIDBA=='],
  ])('%s is read', (bytes, value) => {
    expect(decode(bytes)).toEqual(value);
  });
});

test('times get their tag, in lists too', () => {
  const bytes = encodeCbor({ Timestamps: [1], Value: 1 }, new Set(['Timestamps'])).toString('hex');
  expect(bytes).toBe('a26a54696d657374616d707381c1016556616c756501');
});

test('members that are undefined are left out', () => {
  expect(decodeCbor(encodeCbor({ a: undefined, b: 1 }, NO_TIMES))).toEqual({ b: 1 });
});

test.each(['', '19', '8201', '62c3', 'a1', 'ff', '1c', 'a10101', `${'81'.repeat(100)}00`])(
  '%s is refused, not read wrong',
  (bytes) => {
    expect(() => decode(bytes)).toThrow();
  },
);

test('doubles are floating point even when they are whole, in lists and maps too', () => {
  const bytes = encodeCbor({ Values: [1] }, NO_TIMES, new Set(), new Set(['Values'])).toString('hex');
  expect(bytes).toBe('a16656616c75657381fb3ff0000000000000');
});
