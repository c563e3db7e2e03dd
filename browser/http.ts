/** Calls of our HTTP APIs: a bearer token, JSON both ways, problem documents as typed errors, tries that make sense. */
import { backoffMs } from './backoff.ts';

/** Between tries of one call, and between looks at a job, where the server names no time. */
export const RETRY = { baseMs: 400, capMs: 10_000 } as const;
/** Of one call: the first and its repetitions. */
const TRIES = 5;
/** A server that asks for more patience than this is answered by an error that the application can show. */
const LONGEST_RETRY_AFTER_MS = 60_000;
/** What a later try may change: too many requests, and a server or what is behind it that fails for a while. */
const TRANSIENT: readonly number[] = [429, 500, 502, 503, 504];

export interface HttpOptions {
  /** Of the API, with its stage if it has one, without a slash at the end. */
  readonly url: string;
  /** Asked before each call. */
  readonly token: () => string | Promise<string>;
  /** What is missing is the browser's; tests give their own. */
  readonly environment?: Partial<HttpEnvironment>;
}

export interface HttpEnvironment {
  readonly fetch: (url: string, init: HttpRequest) => Promise<HttpResponse>;
  /** Resolves after the time, or at once when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** 32 hexadecimal digits that nobody else has. */
  readonly newId: () => string;
}

export interface HttpRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/**
 * What an API answered in place of a result: the fields of a problem document (RFC 9457), with the code that callers
 * may depend on. An answer that is no such document, such as a proxy's page, has the code `HTTP_STATUS`.
 */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly type: string;
  /** The request's id, for support. */
  readonly instance: string | undefined;
  /** When the server wants to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, fields: Readonly<Record<string, unknown>>, retryAfterMs?: number) {
    const text = (name: string): string | undefined => {
      const value = fields[name];
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    super(text('detail') ?? text('title') ?? `the server answered with status ${status}`);
    this.name = 'ProblemError';
    this.status = status;
    this.code = text('code') ?? `HTTP_${status}`;
    this.title = text('title') ?? `HTTP status ${status}`;
    this.type = text('type') ?? 'about:blank';
    this.instance = text('instance');
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all: the network is away, or the server is. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('the server can not be reached', { cause });
    this.name = 'UnreachableError';
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Whether doing it twice does no harm, so that a failed try may be repeated. */
  readonly repeatable: boolean;
}

export interface Answer<Body> {
  readonly body: Body;
  /** When the server wants to be asked again. */
  readonly retryAfterMs: number | undefined;
}

export type Http = <Body>(call: Call) => Promise<Answer<Body>>;

/** Calls throw ProblemError, UnreachableError, or the reason of the caller's own signal. */
export function createHttp({ url, token, environment }: HttpOptions): Http {
  const { fetch, wait, random } = { ...httpEnvironment(), ...environment };

  async function once<Body>(call: Call): Promise<Answer<Body>> {
    const headers: Record<string, string> = { ...call.headers, authorization: `Bearer ${await token()}` };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    let response: HttpResponse;
    let text: string;
    try {
      response = await fetch(`${url}${call.path}${queryOf(call.query)}`, {
        method: call.method,
        headers,
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        ...(call.signal !== undefined && { signal: call.signal }),
      });
      text = await response.text();
    } catch (error) {
      call.signal?.throwIfAborted();
      throw new UnreachableError(error);
    }
    const retryAfterMs = retryAfter(response.headers.get('retry-after'));
    const body = fieldsOf(text);
    if (!response.ok) throw new ProblemError(response.status, body, retryAfterMs);
    return { body: body as Body, retryAfterMs };
  }

  return async (call) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once(call);
      } catch (error) {
        const patience = patienceWith(error, attempt, random);
        if (!call.repeatable || attempt + 1 >= TRIES || patience === undefined) throw error;
        await wait(patience, call.signal);
        call.signal?.throwIfAborted();
      }
    }
  };
}

/** How long to wait before the same call again; undefined when that would change nothing. */
export function patienceWith(error: unknown, attempt: number, random: () => number): number | undefined {
  const own = backoffMs(RETRY, attempt, random);
  if (error instanceof UnreachableError) return own;
  if (!(error instanceof ProblemError) || !TRANSIENT.includes(error.status)) return undefined;
  const { retryAfterMs = 0 } = error;
  // Never before the time that was asked for, and not all at once when it comes.
  return retryAfterMs > LONGEST_RETRY_AFTER_MS ? undefined : retryAfterMs + own;
}

/** As far as we use it; so that neither the DOM's types nor Node's are needed to compile. */
interface Globals {
  readonly fetch: HttpEnvironment['fetch'];
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
}

export function httpEnvironment(): HttpEnvironment {
  const globals = globalThis as unknown as Globals;
  return {
    fetch: (url, init) => globals.fetch(url, init),
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const done = (): void => {
          globals.clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = globals.setTimeout(done, milliseconds);
        signal?.addEventListener('abort', done);
      }),
    random: () => Math.random(),
    // randomUUID is there on secure pages only.
    newId: () =>
      [...globals.crypto.getRandomValues(new Uint8Array(16))]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join(''),
  };
}

function queryOf(query: Call['query'] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
