/**
 * Runs inside the worker thread of one function instance: loads the handler once, then answers one event at a time.
 * It stands in for Lambda's Node.js runtime interface client.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import { existsSync } from 'node:fs';
import { createRequire, flushCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';

import { errorOf } from './function-error.ts';
import type { FunctionError } from './function-error.ts';
import type { InvocationMessage, InstanceData, InstanceMessage } from './instance.ts';
import { yieldCores } from './yield-cores.ts';

type Handler = (event: unknown, context: unknown, callback?: Callback) => unknown;
type Callback = (error?: unknown, result?: unknown) => void;

const {
  functionName,
  functionArn,
  handler: handlerName,
  codeDirectory,
  runtime,
  memoryMegabytes,
  logGroupName,
  logStreamName,
  niceness,
} = workerData as InstanceData;
/** Lambda ends the process with these after an uncaught exception and an unhandled rejection. */
const EXIT_UNCAUGHT = 129;
const EXIT_UNHANDLED = 128;

const BYTES_PER_MEGABYTE = 1024 * 1024;

/** The log levels of the JSON format. lambda/latest/dg/nodejs-logging.html */
const LEVELS = {
  log: 'INFO',
  info: 'INFO',
  debug: 'DEBUG',
  warn: 'WARN',
  error: 'ERROR',
  trace: 'TRACE',
} as const;

let current: InvocationMessage | undefined;

delete process.env['NODE_COMPILE_CACHE'];
yieldCores(niceness);
captureOutput();
process.setSourceMapsEnabled(true);
treatBareJsAsCommonJs();
offerSdk();
process.on('uncaughtException', (error) => crash(errorOf(error), EXIT_UNCAUGHT));
process.on('unhandledRejection', (reason) => {
  const { errorMessage, trace } = errorOf(reason);
  crash(
    {
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage,
      ...(trace === undefined ? {} : { trace }),
    },
    EXIT_UNHANDLED,
  );
});

try {
  const handler = await loadHandler();
  parentPort?.on('message', (message: InvocationMessage) => {
    void answer(handler, message);
  });
  send({ type: 'ready' });
  flushCompileCache();
} catch (thrown) {
  send({ type: 'init-error', error: errorOf(thrown) });
}

async function answer(handler: Handler, message: InvocationMessage): Promise<void> {
  current = message;
  let reply: InstanceMessage;
  try {
    const event = JSON.parse(message.payload) as unknown;
    if (isCustomResourceEvent(event)) {
      // Loaded on demand: it costs a start, and few functions need it.
      const { answerOverPlainHttp } = await import('./plain-http-responses.ts');
      answerOverPlainHttp(event.ResponseURL);
    }
    const result = await run(handler, event, message);
    reply = {
      type: 'result',
      requestId: message.requestId,
      payload: JSON.stringify(result) ?? 'null',
      memoryUsedMegabytes: Math.ceil(getHeapStatistics().used_heap_size / BYTES_PER_MEGABYTE),
    };
  } catch (thrown) {
    reply = { type: 'error', requestId: message.requestId, error: errorOf(thrown) };
  }
  current = undefined;
  send(reply);
}

function isCustomResourceEvent(event: unknown): event is { readonly ResponseURL: string } {
  return (
    typeof event === 'object' &&
    event !== null &&
    'ResponseURL' in event &&
    typeof event.ResponseURL === 'string'
  );
}

function run(handler: Handler, event: unknown, message: InvocationMessage): unknown {
  const context = contextOf(message);
  if (handler.length < 3) return handler(event, context);
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, result) =>
      error === undefined || error === null ? resolve(result) : reject(error);
    const returned = handler(event, { ...context, callbackWaitsForEmptyEventLoop: true }, callback);
    if (returned instanceof Promise) returned.then(resolve, reject);
  });
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(message: InvocationMessage): Record<string, unknown> {
  return {
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: message.invokedFunctionArn ?? functionArn,
    memoryLimitInMB: String(memoryMegabytes),
    awsRequestId: message.requestId,
    logGroupName,
    logStreamName,
    getRemainingTimeInMillis: () => Math.max(0, message.deadline - Date.now()),
  };
}

async function loadHandler(): Promise<Handler> {
  const [, modulePath = '', exportPath = ''] = /^(.*?)\.([^/]*)$/.exec(handlerName) ?? [];
  const file = ['.js', '.mjs', '.cjs']
    .map((ending) => join(codeDirectory, modulePath + ending))
    .find((path) => existsSync(path));
  if (file === undefined) {
    throw named(
      'Runtime.ImportModuleError',
      `Error: Cannot find module '${modulePath}' for the handler ${handlerName}`,
    );
  }
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const handler = exportedAt(module, exportPath) ?? exportedAt(module['default'], exportPath);
  if (handler === undefined) {
    throw named('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`);
  }
  if (typeof handler !== 'function')
    throw named('Runtime.HandlerNotFound', `${handlerName} is not a function`);
  if (handler.length >= 3 && Number.parseInt(runtime.slice('nodejs'.length), 10) >= 24) {
    throw named(
      'Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. Use an async function instead.',
    );
  }
  return handler as Handler;
}

function exportedAt(root: unknown, path: string): unknown {
  let value = root;
  for (const name of path.split('.')) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/**
 * In Lambda a `.js` file without a package.json is CommonJS. Here the code lies inside a project whose own package.json
 * may say `"type": "module"`, and must not hear of it.
 */
function treatBareJsAsCommonJs(): void {
  if (existsSync(join(codeDirectory, 'package.json'))) return;
  const root = pathToFileURL(codeDirectory).href + '/';
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const isBare =
        resolved.url.startsWith(root) &&
        /\.js(\?|$)/.test(resolved.url) &&
        !resolved.url.includes('/node_modules/');
      return isBare ? { ...resolved, format: 'commonjs' } : resolved;
    },
  });
}

/** Lambda's Node.js runtimes bring the AWS SDK along; uploaded code may count on it. */
function offerSdk(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (!/^@(?:aws-sdk|smithy)\//.test(specifier)) throw error;
        if (!context.conditions.includes('require')) {
          return nextResolve(specifier, { ...context, parentURL: import.meta.url });
        }
        // The resolution of `require` starts at the file that asks, whatever parent it is given.
        const path = createRequire(import.meta.url).resolve(specifier);
        return { url: pathToFileURL(path).href, shortCircuit: true };
      }
    },
  });
}

/** Log lines travel by the same channel as results, so that they arrive in order and before them. */
function captureOutput(): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      send({ type: 'log', requestId: current?.requestId, stream, text: text.replace(/\n$/, '') });
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') queueMicrotask(() => (done as () => void)());
      return true;
    };
  }
  for (const level of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const) {
    const stream = level === 'log' || level === 'info' || level === 'debug' ? 'stdout' : 'stderr';
    console[level] = (...parts: unknown[]) => {
      const [only] = parts;
      const json = parts.length === 1 && isPlainObject(only) ? asJson(only) : undefined;
      send({
        type: 'log',
        requestId: current?.requestId,
        stream,
        text: format(...parts),
        level: LEVELS[level],
        ...(json !== undefined && { json }),
      });
    };
  }
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Error) && !Array.isArray(value);
}

function asJson(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function crash(error: FunctionError, status: number): void {
  send({ type: 'crash', requestId: current?.requestId, error });
  process.exit(status);
}

function send(message: InstanceMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  parentPort?.postMessage(message);
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
