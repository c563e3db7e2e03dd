/**
 * The environment of a file of tests: the worker's own process and globals, which it finds and leaves as they were when the worker
 * began.
 */
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';
import { processState } from './process-state.ts';

type ProjectConfig = ConstructorParameters<typeof ModernFakeTimers>[0]['config'];
type FakeTimersConfig = NonNullable<Parameters<ModernFakeTimers['useFakeTimers']>[0]>;

/** Node's own streams and the worker itself wait for these, and they are no matter of time. */
const NEVER_FAKED = ['nextTick', 'queueMicrotask'] as const;

export default class WorkerEnvironment {
  readonly global = globalThis;
  readonly moduleMocker = new ModuleMocker(globalThis);
  /** Jest's own of before 2020; nothing asks for them. */
  readonly fakeTimers = null;
  readonly fakeTimersModern: ModernFakeTimers;
  readonly #before = processState();

  constructor({ projectConfig }: { readonly projectConfig: ProjectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    Object.assign(globalThis, projectConfig.globals);
  }

  /** What tests use of the object `jest`; its modules' mocks need jest's own modules. */
  get jest() {
    const { fakeTimersModern: timers, moduleMocker: mocker } = this;
    return {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      restoreAllMocks: () => mocker.restoreAllMocks(),
      useFakeTimers: ({ doNotFake = [], ...config }: FakeTimersConfig = {}) =>
        timers.useFakeTimers({ ...config, doNotFake: [...doNotFake, ...NEVER_FAKED] }),
      useRealTimers: () => timers.useRealTimers(),
    };
  }

  async setup(): Promise<void> {}

  async teardown(): Promise<void> {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    this.#before.restore();
  }

  exportConditions(): string[] {
    return [];
  }

  getVmContext(): null {
    return null;
  }
}
