/**
 * The instances of one function: hands each event to a warm idle instance, else starts another one.
 *
 * Two things differ from AWS, both because one machine runs everything. An event that finds every instance busy waits
 * for one to become idle, as long as a start would take, before a new one is started: most handlers are done sooner, and
 * starts that compete for the same cores slow down everything. And the machine has a limit of instances in all; an event above it waits.
 */
import { performance } from 'node:perf_hooks';

import type { FunctionConfiguration } from './function-configuration.ts';
import type { FunctionError } from './function-error.ts';
import { startInstance } from './instance.ts';
import type { Instance, InstanceOptions } from './instance.ts';

/** Until one is measured. */
const ASSUMED_START_MILLISECONDS = 150;

export interface PoolOptions extends Omit<InstanceOptions, 'onGone'> {
  readonly capacity: HostCapacity;
  /** How long an event waits for a busy instance; as long as a start was last seen to take when absent. */
  readonly scaleOutDelayMilliseconds: number | undefined;
  /** Holds back the start of a new instance, for fault injection. */
  readonly delayStart: () => number;
}

export interface InstancePool {
  /** A loaded, idle instance, now the caller's until `release`; or the error that kept every new one from loading. */
  acquire(): Promise<Acquired>;
  release(instance: Instance): void;
  /** Milliseconds that an event waits for a busy instance before another one is started; 0 while one is idle. */
  scaleOutDelay(): number;
  /** Starts instances in the background until there are so many. Resolves when they are ready or have failed. */
  prewarm(count: number): Promise<void>;
  size(): number;
  /** Ends every instance as soon as it is idle. Events that still come are served. */
  retire(): void;
  /** Ends every instance where it stands; events that wait, or come, start new ones. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export type Acquired =
  | { readonly instance: Instance; readonly coldStart: boolean }
  | { readonly initError: FunctionError };

/** How many instances this machine may hold at once, over all functions. */
export interface HostCapacity {
  /**
   * True when one more may start now. When false, `onRoom` is called once there is room.
   *
   * @param starving the function has no instance at all: others give up an idle one for it.
   */
  take(onRoom: () => void, starving: boolean): boolean;
  give(): void;
  /** True while a function without any instance waits for room. */
  starved(): boolean;
  /** Lets the capacity end an idle instance of a pool when another function needs the room. */
  addEvictor(evict: () => boolean): () => void;
}

export function createHostCapacity(limit: () => number): HostCapacity {
  let used = 0;
  const waiting = new Map<() => void, { readonly starving: boolean }>();
  const evictors = new Set<() => boolean>();
  return {
    take(onRoom, starving) {
      if (used < limit()) {
        used++;
        return true;
      }
      waiting.set(onRoom, { starving });
      if (starving) for (const evict of evictors) if (evict()) break;
      return false;
    },
    give() {
      used--;
      const entries = [...waiting];
      const [next] = entries.find(([, { starving }]) => starving) ?? entries[0] ?? [];
      if (next === undefined) return;
      waiting.delete(next);
      queueMicrotask(next);
    },
    starved: () => [...waiting.values()].some(({ starving }) => starving),
    addEvictor(evict) {
      evictors.add(evict);
      return () => evictors.delete(evict);
    },
  };
}

export function createInstancePool(configuration: FunctionConfiguration, options: PoolOptions): InstancePool {
  const { capacity } = options;
  const instances = new Set<Instance>();
  const idle: Instance[] = [];
  const fresh = new WeakSet<Instance>();
  const waiters: { settle(acquired: Acquired): void }[] = [];
  let starting = 0;
  let lastStartMilliseconds = ASSUMED_START_MILLISECONDS;
  let closed = false;
  let retired = false;

  const offer = (instance: Instance): void => {
    if (instance.gone || closed) return;
    if (retired && waiters.length === 0) return void instance.terminate();
    if (capacity.starved() && (waiters.length === 0 || instances.size > 1)) return void instance.terminate();
    const waiter = waiters.shift();
    if (waiter === undefined) idle.push(instance);
    else waiter.settle(taken(instance));
  };

  const taken = (instance: Instance): Acquired => {
    const coldStart = fresh.delete(instance);
    return { instance, coldStart };
  };

  const start = async (): Promise<void> => {
    if (closed || !capacity.take(startIfNeeded, instances.size === 0)) return;
    starting++;
    const delay = options.delayStart();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    const startedAt = performance.now();
    const instance = startInstance(configuration, {
      ...options,
      onGone: () => {
        instances.delete(instance);
        const position = idle.indexOf(instance);
        if (position >= 0) idle.splice(position, 1);
        capacity.give();
        startIfNeeded();
      },
    });
    instances.add(instance);
    fresh.add(instance);
    const initError = await instance.ready;
    starting--;
    lastStartMilliseconds = performance.now() - startedAt;
    if (initError === undefined) offer(instance);
    else waiters.shift()?.settle({ initError });
  };

  /** Starts an instance for waiters that nobody is going to serve soon. */
  const startIfNeeded = (): void => {
    if (waiters.length > starting && !closed) void start();
  };

  const scaleOutDelay = (): number =>
    idle.length > 0 ? 0 : (options.scaleOutDelayMilliseconds ?? lastStartMilliseconds);

  const removeEvictor = capacity.addEvictor(() => {
    const instance = idle.shift();
    if (instance === undefined) return false;
    void instance.terminate();
    return true;
  });

  return {
    async acquire() {
      for (let instance = idle.pop(); instance !== undefined; instance = idle.pop()) {
        if (!instance.gone) return taken(instance);
      }
      const { promise, resolve } = Promise.withResolvers<Acquired>();
      const waiter = { settle: resolve };
      waiters.push(waiter);
      if (instances.size === 0) {
        startIfNeeded();
        return promise;
      }
      const timer = setTimeout(startIfNeeded, scaleOutDelay());
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
      }
    },
    release: offer,
    scaleOutDelay,
    async prewarm(count) {
      // One after the other: a start is work for one core.
      if (starting > 0) return;
      for (let before = -1; instances.size < count && instances.size > before;) {
        before = instances.size;
        await start();
      }
    },
    size: () => instances.size,
    retire() {
      retired = true;
      for (const instance of idle.splice(0)) void instance.terminate();
    },
    async crash() {
      idle.length = 0;
      await Promise.all([...instances].map((instance) => instance.terminate()));
    },
    async close() {
      closed = true;
      removeEvictor();
      idle.length = 0;
      for (const waiter of waiters.splice(0)) {
        waiter.settle({
          initError: { errorType: 'Runtime.ExitError', errorMessage: 'The local run is stopping' },
        });
      }
      await Promise.all([...instances].map((instance) => instance.terminate()));
    },
  };
}
