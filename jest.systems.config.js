/** What takes whole processes, real brokers or a browser: `npm run test:systems`, and a step of its own in CI. */
import { BROKER_TESTS, shared, SYSTEM_TESTS } from './jest.shared.js';

export default {
  ...shared,
  // jest's `testRegex` knows no <rootDir>; the paths of the two lists are below it.
  testRegex: [...SYSTEM_TESTS, ...BROKER_TESTS].map((pattern) =>
    pattern.replace('<rootDir>', '').replace(/\/$/, '/.*\\.test\\.ts$'),
  ),
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/package/'],
  globals: { brokersUnderTest: 'real' },
};
