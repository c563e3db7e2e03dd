/** The main body of tests, `npm test`: units and integrations of seconds each, on nothing but what `npm ci` brings. */
import { shared, SYSTEM_TESTS } from './jest.shared.js';

export default {
  ...shared,
  // One more than the two cores: some tests wait for a server's time.
  maxWorkers: 3,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    // They pack and install for a minute; `npm run package:test` and CI run them.
    '<rootDir>/test/package/',
    // `npm run test:systems` and CI run them.
    ...SYSTEM_TESTS,
  ],
  // The tests of both brokers leave the real one to `npm run test:systems`.
  globals: { brokersUnderTest: 'embedded' },
};
