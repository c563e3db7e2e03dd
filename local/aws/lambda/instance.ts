/**
 * One instance of a function: a worker thread that holds the loaded handler and runs one event at a time.
 *
 * An instance is starting, then idle or busy in turn, and gone after a crash, a timeout or `terminate`. A handler that
 * merely throws leaves the instance usable, as in Lambda.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

import type { AccessKey } from '../credentials.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import { instanceEnvironment, logStreamName } from './function-configuration.ts';
import { exited, outOfMemory, timedOut } from './function-error.ts';
import type { FunctionError } from './function-error.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: the Init phase has 10 seconds. */
const INIT_LIMIT_MILLISECONDS = 10_000;

/** Node's own default place. The cache takes 40 % off a start; the entry removes the variable from the function's sight. */
const COMPILE_CACHE = join(tmpdir(), 'node-compile-cache');

export interface Invocation {
  readonly requestId: string;
  /** The event as JSON. */
  readonly payload: string;
  readonly invokedFunctionArn?: string;
  /** Ends the instance this long after the handler has started, for fault injection. */
  readonly crashAfterMilliseconds?: number;
  /** Holds the event back for so long, within the function's time, for fault injection. */
  readonly delayMilliseconds?: number;
}

export type Outcome =
  | { readonly ok: true; readonly payload: string; readonly memoryUsedMegabytes: number }
  | { readonly ok: false; readonly error: FunctionError };

/** What `console` was called with; raw writes to stdout and stderr have none. */
export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

export interface LogLine {
  readonly functionName: string;
  readonly requestId: string | undefined;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly level?: LogLevel;
  /** When one object alone was logged: its JSON. */
  readonly json?: string;
  /** The log stream of the instance; absent for what no instance wrote. */
  readonly logStreamName?: string;
}

export interface Instance {
  readonly id: string;
  readonly logStreamName: string;
  /** Milliseconds that loading the handler took; 0 until it is loaded. */
  readonly initMilliseconds: number;
  /** Resolves when the handler is loaded; with the error when it cannot be. */
  readonly ready: Promise<FunctionError | undefined>;
  /** True once the worker has ended; the instance can then not be used again. */
  readonly gone: boolean;
  invoke(invocation: Invocation): Promise<Outcome>;
  terminate(): Promise<void>;
}

/** What the worker is given at its start. */
export interface InstanceData {
  readonly functionName: string;
  readonly functionArn: string;
  readonly handler: string;
  readonly codeDirectory: string;
  readonly runtime: string;
  readonly memoryMegabytes: number;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly niceness: number;
}

export interface InvocationMessage {
  readonly requestId: string;
  readonly payload: string;
  readonly invokedFunctionArn: string | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export type InstanceMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'init-error'; readonly error: FunctionError }
  | {
      readonly type: 'result';
      readonly requestId: string;
      readonly payload: string;
      readonly memoryUsedMegabytes: number;
    }
  | { readonly type: 'error'; readonly requestId: string; readonly error: FunctionError }
  | { readonly type: 'crash'; readonly requestId: string | undefined; readonly error: FunctionError }
  | {
      readonly type: 'log';
      readonly requestId: string | undefined;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
      readonly level?: LogLevel;
      readonly json?: string;
    };

export interface InstanceOptions {
  readonly region: string;
  readonly endpointUrl: string;
  /** Of the function's role. */
  readonly credentials: AccessKey;
  /** How far the instance yields to others that want a core, as `nice` says it. */
  readonly niceness: number;
  readonly onLog: (line: LogLine) => void;
  /** Called once, when the worker has ended for whatever reason. */
  readonly onGone: () => void;
}

/** Starts a worker for the function. Never throws: a failure to start is what `ready` and `invoke` report. */
export function startInstance(configuration: FunctionConfiguration, options: InstanceOptions): Instance {
  const id = randomUUID().replaceAll('-', '');
  const { functionName, timeoutSeconds } = configuration;
  const streamName = logStreamName(id);
  const startedAt = performance.now();
  let initMilliseconds = 0;
  let gone = false;
  let lastWords: FunctionError | undefined;
  let pending: { readonly requestId: string; settle(outcome: Outcome): void } | undefined;
  const ready = Promise.withResolvers<FunctionError | undefined>();
  const worker = createWorker(configuration, id, options);

  const initTimer = setTimeout(() => {
    ready.resolve(timedOut(id, INIT_LIMIT_MILLISECONDS / 1000));
    void worker.terminate();
  }, INIT_LIMIT_MILLISECONDS);

  const fail = (error: FunctionError): void => {
    lastWords ??= error;
    ready.resolve(lastWords);
    pending?.settle({ ok: false, error: lastWords });
  };

  worker.on('message', (message: InstanceMessage) => {
    switch (message.type) {
      case 'ready':
        clearTimeout(initTimer);
        initMilliseconds = performance.now() - startedAt;
        ready.resolve(undefined);
        break;
      case 'init-error':
        fail(message.error);
        void worker.terminate();
        break;
      case 'result':
        if (message.requestId === pending?.requestId) pending.settle({ ...message, ok: true });
        break;
      case 'error':
        if (message.requestId === pending?.requestId) pending.settle({ ok: false, error: message.error });
        break;
      case 'crash':
        lastWords = message.error;
        break;
      case 'log':
        options.onLog({
          functionName,
          requestId: message.requestId,
          stream: message.stream,
          text: message.text,
          logStreamName: streamName,
          ...(message.level && { level: message.level }),
          ...(message.json !== undefined && { json: message.json }),
        });
        break;
    }
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    const requestId = pending?.requestId ?? id;
    lastWords ??= error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(requestId) : exited(requestId, 1);
  });
  worker.on('exit', (status) => {
    gone = true;
    clearTimeout(initTimer);
    fail(exited(pending?.requestId ?? id, status));
    options.onGone();
  });

  return {
    id,
    logStreamName: streamName,
    ready: ready.promise,
    get initMilliseconds() {
      return initMilliseconds;
    },
    get gone() {
      return gone;
    },
    async invoke({ requestId, payload, invokedFunctionArn, crashAfterMilliseconds, delayMilliseconds }) {
      if (gone) return { ok: false, error: lastWords ?? exited(requestId, 1) };
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      pending = { requestId, settle: resolve };
      const timer = setTimeout(() => {
        lastWords = timedOut(requestId, timeoutSeconds);
        gone = true;
        resolve({ ok: false, error: lastWords });
        void worker.terminate();
      }, timeoutSeconds * 1000);
      const crashTimer =
        crashAfterMilliseconds === undefined
          ? undefined
          : setTimeout(() => void worker.terminate(), crashAfterMilliseconds);
      const deadline = Date.now() + timeoutSeconds * 1000;
      const message: InvocationMessage = { requestId, payload, invokedFunctionArn, deadline };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
      const send = (): void => worker.postMessage(message);
      const delayTimer = delayMilliseconds === undefined ? undefined : setTimeout(send, delayMilliseconds);
      if (delayTimer === undefined) send();
      try {
        return await promise;
      } finally {
        pending = undefined;
        clearTimeout(timer);
        clearTimeout(crashTimer);
        clearTimeout(delayTimer);
      }
    },
    async terminate() {
      gone = true;
      await worker.terminate();
    },
  };
}

function createWorker(configuration: FunctionConfiguration, id: string, options: InstanceOptions): Worker {
  const { functionName, functionArn, handler, codeDirectory, runtime, memoryMegabytes, logGroupName } =
    configuration;
  const data: InstanceData = {
    functionName,
    functionArn,
    handler,
    codeDirectory,
    runtime,
    memoryMegabytes,
    logGroupName,
    logStreamName: logStreamName(id),
    niceness: options.niceness,
  };
  return new Worker(entryUrl(), {
    name: functionName,
    workerData: data,
    env: {
      ...instanceEnvironment(configuration, { ...options, instanceId: id }),
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    },
    // The young generation is counted on top; the old one is where a leak or a large payload ends up.
    resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes },
    execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning'],
    stdout: true,
    stderr: true,
  });
}

/** The entry lies beside this file: TypeScript when run from source, JavaScript in the published package. */
function entryUrl(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './instance-entry.ts' : './instance-entry.js',
    import.meta.url,
  );
}
