/** The runner of all tests: what fails is told, and no file of tests sees another's. */
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function run(...files: readonly string[]) {
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--config',
      'test/runner/fixtures/jest.config.js',
      '--ci',
      '--json',
      '--runTestsByPath',
      ...files.map((file) => `test/runner/fixtures/${file}.fixture.ts`),
    ],
    { encoding: 'utf8' },
  );
  const { testResults } = JSON.parse(stdout) as Report;
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    exitStatus: status,
    results: Object.fromEntries(results.map((one) => [one.fullName, one.status])),
  };
}

test('what one file of tests leaves behind, the next one in its process does not find', () => {
  expect(run('first', 'second')).toEqual({
    exitStatus: 0,
    results: {
      'the first finds nothing, and leaves things behind': 'passed',
      'the second finds nothing, and leaves things behind': 'passed',
    },
  });
});

test('a test fails by an expectation, missing assertions, time, errors that nobody caught, a missing snapshot, a hook', () => {
  expect(run('failing')).toEqual({
    exitStatus: 1,
    results: {
      'an expectation': 'failed',
      'too few assertions': 'failed',
      'a time limit': 'failed',
      'a promise that nobody waits for': 'failed',
      'an error outside of the test': 'failed',
      'a snapshot that is not stored': 'failed',
      'a hook that throws': 'failed',
    },
  });
});
