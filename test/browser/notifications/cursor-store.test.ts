/** The cursor in localStorage: the highest of all tabs, one user's each, and no harm where storage is refused. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { localStorageCursors } from '../../../browser/index.ts';

const stored = new Map<string, string>();
const use = (localStorage: unknown): void => {
  Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true });
};

beforeEach(() => {
  stored.clear();
  use({
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  });
});
afterEach(() => use(undefined));

test('the highest of all tabs is kept, each user has one', () => {
  const [one, other] = [localStorageCursors('ada'), localStorageCursors('ada')];
  expect(one.load()).toBeUndefined();
  one.save(9, false);
  other.save(4, false);
  expect([one.load(), other.load(), localStorageCursors('bob').load()]).toEqual([9, 9, undefined]);
});

test('when the server counts anew, a lower one is kept', () => {
  const cursors = localStorageCursors('ada');
  cursors.save(9, false);
  cursors.save(0, true);
  expect(cursors.load()).toBe(0);
});

test.each(['', 'x', '-1', '1.5', 'NaN', '1e400'])('what is no cursor is none: %s', (text) => {
  stored.set('waybill.cursor.ada', text);
  expect(localStorageCursors('ada').load()).toBeUndefined();
});

test('storage that is refused keeps nothing and throws nothing', () => {
  const refuse = (): never => {
    throw new Error('SecurityError');
  };
  use({ getItem: refuse, setItem: refuse });
  const cursors = localStorageCursors('ada');
  cursors.save(3, false);
  expect(cursors.load()).toBeUndefined();
});
