/** What both jest configurations have in common, and which tests are whose. */

/**
 * Whole processes, real brokers and browsers, the bundles of every handler, and the mutation run. A file anywhere that is named `*.system.test.ts` is
 * one of them.
 */
export const SYSTEM_TESTS = [
  '<rootDir>/test/systems/',
  '<rootDir>/test/mutations/',
  '<rootDir>/test/local/brokers/',
  '<rootDir>/test/local/kafka/(real|java-client)\\.test\\.ts$',
  '/bundles\\.test\\.ts$',
  '\\.system\\.test\\.ts$',
];

/** They run in both: `npm test` on the embedded brokers, `npm run test:systems` on real ones. */
export const BROKER_TESTS = [
  '<rootDir>/test/lambda/runtime/amqp/amqp\\.test\\.ts$',
  '<rootDir>/test/lambda/runtime/kafka/(poll-kafka|transport)\\.test\\.ts$',
  '<rootDir>/test/lambda/service/topics-on-deploy\\.test\\.ts$',
  '<rootDir>/test/local/rabbitmq/conformance\\.test\\.ts$',
];

/** Node runs the TypeScript files as they are, on its own modules: docs/adr/0044. */
export const shared = {
  testRunner: '<rootDir>/test/runner/run-test-file.ts',
  testEnvironment: '<rootDir>/test/runner/environment.ts',
  testSequencer: '<rootDir>/test/runner/sequencer.ts',
  globalSetup: '<rootDir>/test/runner/run-directory.ts',
  globalTeardown: '<rootDir>/test/runner/end-of-run.ts',
  injectGlobals: false,
  transform: {},
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/', '<rootDir>/.waybill/'],
  // Bounds a hang, never a duration: a busy machine can be ten times slower.
  testTimeout: 240_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1500MB',
  // Half a second by default, which on a busy machine is less than a process of half a gigabyte takes to end.
  workerGracefulExitTimeout: 30_000,
};
