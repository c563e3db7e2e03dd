// Node strips the types itself; jest runs the TypeScript files as ES modules with no transform.
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // They pack and install for a minute; `npm run package:test` and CI run them.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/package/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  // `waybill`, `waybill/contracts` and `waybill/runtime` mean this repository's sources.
  testEnvironmentOptions: { customExportConditions: ['waybill-source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/', '<rootDir>/.waybill/'],
  // Bounds a hang, never a duration: a busy machine can be ten times slower.
  testTimeout: 240_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1500MB',
};
