/**
 * What `@jest/globals` is for the file of tests that runs: jest makes its functions anew for each, and these bindings are live.
 * The package itself only works in a virtual machine of jest's.
 */
import type * as Jest from '@jest/globals';

type Functions = Pick<
  typeof Jest,
  'afterAll' | 'afterEach' | 'beforeAll' | 'beforeEach' | 'describe' | 'expect' | 'it' | 'jest' | 'test'
>;

export let afterAll: Functions['afterAll'];
export let afterEach: Functions['afterEach'];
export let beforeAll: Functions['beforeAll'];
export let beforeEach: Functions['beforeEach'];
export let describe: Functions['describe'];
export let expect: Functions['expect'];
export let it: Functions['it'];
export let jest: Functions['jest'];
export let test: Functions['test'];

export function provideGlobals(functions: Functions): void {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = functions);
}
