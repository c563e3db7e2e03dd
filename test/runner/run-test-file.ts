/**
 * Runs one file of tests with jest's own framework, on Node's own modules: jest's are a virtual machine's, which loads every package
 * again for every file.
 */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type WorkerEnvironment from './environment.ts';
import { provideGlobals } from './globals.ts';
import { nextCopy } from './modules.ts';

/** `(globalConfig, projectConfig, environment, runtime, testPath, sendMessageToJest) => result`. */
type TestFramework = (
  globalConfig: unknown,
  projectConfig: unknown,
  environment: WorkerEnvironment,
  runtime: unknown,
  testPath: string,
  sendMessageToJest?: unknown,
) => Promise<unknown>;

/** Commands that tests start read what Node compiled for the one before, instead of compiling the CDK again. */
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
  new URL('../../node_modules/.cache/node', import.meta.url),
);

const require = createRequire(import.meta.url);
const { default: runWithCircus } = require('jest-circus/runner') as { readonly default: TestFramework };

const runTestFile: TestFramework = async (
  globalConfig,
  projectConfig,
  environment,
  _runtime,
  testPath,
  sendMessageToJest,
) => {
  useStacksOfNode();
  const framework = newFramework();
  const copyOf = nextCopy();
  /** The part of jest's runtime that its framework asks for. */
  const runtime = {
    requireInternalModule: framework.load,
    requireModule: require,
    setGlobalsForRuntime: (globals: Omit<Parameters<typeof provideGlobals>[0], 'jest'>) =>
      provideGlobals({ ...globals, jest: environment.jest as never }),
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (path: string) => import(copyOf(pathToFileURL(path).href)),
    enterTestCode() {},
    leaveTestCode() {},
  };
  try {
    return await runWithCircus(
      globalConfig,
      projectConfig,
      environment,
      runtime,
      testPath,
      sendMessageToJest,
    );
  } finally {
    framework.unload();
  }
};
export default runTestFile;

/** Frames of a stack: enough to find a failing line in, where jest wants 100. */
const STACK_FRAMES = 25;

/**
 * Jest writes each stack by itself, for the source maps of files that it has transformed. Ours are as they are, and the CDK takes
 * the stack of every construct.
 */
function useStacksOfNode(): void {
  Reflect.deleteProperty(Error, 'prepareStackTrace');
  Error.stackTraceLimit = STACK_FRAMES;
}

/** Under these the framework keeps in the globals what it knows of the tests of a file. */
const STATE_OF_FRAMEWORK = ['EVENT_HANDLERS', 'JEST_STATE_SYMBOL'];

/** Each file gets the framework anew. */
function newFramework() {
  const loaded: string[] = [];
  return {
    load(path: string): unknown {
      loaded.push(path);
      return require(path) as unknown;
    },
    unload(): void {
      for (const path of loaded) delete require.cache[path];
      for (const key of Object.getOwnPropertySymbols(globalThis)) {
        if (STATE_OF_FRAMEWORK.includes(key.description ?? '')) Reflect.deleteProperty(globalThis, key);
      }
    },
  };
}
