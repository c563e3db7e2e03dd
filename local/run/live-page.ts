/**
 * Serves the example page of jobs, generations and feedback (examples/live-page) for a local run: its files, its bundle, its
 * settings, and the APIs under its own origin. Only on the loopback address, and only to those who ask for it by name.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A value, or what gives it: it may be another one after an update or a change of region. */
type Given<Value> = Value | (() => Value | Promise<Value>);

export interface LivePageProps {
  /** Of the jobs API, with its stage. @default - the page has no jobs */
  readonly jobsUrl?: Given<string>;
  /** Of the generation API. @default - the page has no generations */
  readonly generationUrl?: Given<string>;
  /** Of the feedback API, and what the agents are at. @default - the page has no feedback */
  readonly feedback?: { readonly url: Given<string>; readonly states: () => Promise<unknown> };
  /** The bearer token that the page uses: a function that makes new ones lets a session be renewed. */
  readonly token: Given<string>;
  /** @default 0 - a free one */
  readonly port?: number;
}

export interface LivePage {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  stop(): Promise<void>;
}

const PAGE = fileURLToPath(new URL('../../examples/live-page/', import.meta.url));
/** Bytes of one request; the APIs' own limits are lower or the same. */
const MAX_BODY = 10 * 1024 * 1024;
/** What passes to the API and back. Everything else is between the browser and this server. */
const REQUEST_HEADERS = ['authorization', 'content-type', 'idempotency-key', 'traceparent'];
const ANSWER_HEADERS = ['content-type', 'retry-after', 'location', 'www-authenticate', 'cache-control'];
/** Images may be data, or come from the embedded API; sockets go to the embedded endpoint. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data: http: https:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Its server has no part in keeping the process alive: `stop()` is for tests and orderly ends. */
export async function startLivePage(props: LivePageProps): Promise<LivePage> {
  const server = createServer((request, response) => {
    answer(props, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else problem(response, 502, 'LIVE_PAGE_UPSTREAM', (error as Error).message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(props.port ?? 0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  props: LivePageProps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A name that only points here is another site's, whose pages must not read the token.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
    return problem(response, 421, 'LIVE_PAGE_HOST', 'open the page by 127.0.0.1 or localhost');
  }
  const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const api = /^\/api\/(jobs|generation|feedback)(\/.*)$/.exec(pathname);
  if (api !== null) {
    const urls = { jobs: props.jobsUrl, generation: props.generationUrl, feedback: props.feedback?.url };
    const url = await given(urls[api[1] as keyof typeof urls]);
    if (url === undefined) return problem(response, 404, 'LIVE_PAGE_NOT_FOUND', 'this API does not run');
    return proxy(`${url.replace(/\/$/, '')}${api[2]}${search}`, request, response);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problem(response, 405, 'LIVE_PAGE_METHOD', 'the page is only read');
  }
  switch (pathname) {
    case '/':
      return send(response, 'text/html; charset=utf-8', await readFile(`${PAGE}index.html`));
    case '/style.css':
      return send(response, 'text/css; charset=utf-8', await readFile(`${PAGE}style.css`));
    case '/main.js':
      return send(response, 'text/javascript; charset=utf-8', await bundle());
    case '/config.json':
      return send(response, 'application/json', JSON.stringify(await settings(props)));
    case '/agents.json':
      return send(response, 'application/json', JSON.stringify((await props.feedback?.states()) ?? []));
    default:
      return problem(response, 404, 'LIVE_PAGE_NOT_FOUND', 'there is nothing at this address');
  }
}

/** Relative, so that the page works wherever it is served. */
async function settings({ jobsUrl, generationUrl, feedback, token }: LivePageProps): Promise<object> {
  return {
    ...(jobsUrl !== undefined && { jobsUrl: './api/jobs' }),
    ...(generationUrl !== undefined && { generationUrl: './api/generation' }),
    ...(feedback !== undefined && { feedbackUrl: './api/feedback', agentsUrl: './agents.json' }),
    token: await given(token),
  };
}

/** At each load, which takes some milliseconds: a change of the page is there when it is loaded again. */
async function bundle(): Promise<Uint8Array> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [`${PAGE}main.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  return outputFiles[0]!.contents;
}

async function proxy(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers();
  for (const name of REQUEST_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const body = await bodyOf(request);
  if (body === undefined) return problem(response, 413, 'LIVE_PAGE_TOO_LARGE', 'the request is too large');
  const answered = await fetch(url, {
    method: request.method ?? 'GET',
    headers,
    redirect: 'manual',
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  });
  const passed = ANSWER_HEADERS.flatMap((name) => {
    const value = answered.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  response.writeHead(answered.status, { ...SECURITY_HEADERS, ...Object.fromEntries(passed) });
  if (answered.body === null) response.end();
  else Readable.fromWeb(answered.body).pipe(response);
}

/** Undefined for one above the limit. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': type });
  response.end(body);
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'application/problem+json' });
  const type = `urn:waybill:problem:${code}`;
  response.end(JSON.stringify({ type, title: 'The page can not answer this', status, code, detail }));
}

async function given<Value>(value: Given<Value> | undefined): Promise<Value | undefined> {
  return typeof value === 'function' ? (value as () => Value | Promise<Value>)() : value;
}
