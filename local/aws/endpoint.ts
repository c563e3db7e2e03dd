/**
 * The one HTTP endpoint of the embedded AWS. It listens on the loopback interface, finds the service and
 * action of a request in any of the wire protocols, and sends what the service answers.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { rootCaller, type AwsContext, type AwsService, type Caller } from './context.ts';
import { callService, ResponseDropped } from './dispatch.ts';
import { asAwsError, AwsError, unknownOperation } from './errors.ts';
import { acceptPlaintextHttp2 } from './protocols/plaintext-http2.ts';
import { cborError, cborInput, cborOperation, cborOutput } from './protocols/rpc-v2-cbor.ts';
import { AWS_CBOR, awsCborError, awsCborInput, awsCborOutput } from './protocols/aws-cbor.ts';
import { jsonError, jsonInput, jsonOperation, jsonOutput } from './protocols/aws-json.ts';
import { queryError, queryInput, queryOutput, queryService } from './protocols/query.ts';
import { matchRoute, restError, type RestResponse, type RestRoute } from './protocols/rest-json.ts';
import type { WireResponse } from './protocols/wire.ts';

/** The largest request body taken, in bytes. Above every limit of the services behind it. */
const MAXIMUM_REQUEST_BYTES = 16 * 1024 * 1024;

/** Longer than any SDK keeps an idle connection, so that a client never meets a socket we just closed. */
const KEEP_ALIVE_MILLISECONDS = 120_000;

export interface EndpointOptions {
  /** The port; 0 or absent takes a free one. */
  readonly port?: number;
  /** The address to listen on; the loopback interface unless a user asks for more. */
  readonly host?: string;
}

export interface Endpoint {
  /** Where it listens, e.g. `http://127.0.0.1:4566`. */
  readonly url: string;
  /** Cuts every connection and refuses new ones, until `resume`. */
  suspend(): Promise<void>;
  /** Listens again where it did before. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** The endpoint could not listen. `code` is `PortInUse` or the system's own code. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Until connections that were cut are gone. */
const CUT_MILLISECONDS = 2_000;

/** Starts listening and points `context.endpointUrl` here. Rejects with an {@link EndpointError}. */
export async function startEndpoint(context: AwsContext, options: EndpointOptions = {}): Promise<Endpoint> {
  const host = options.host ?? '127.0.0.1';
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(context, request, response);
  };
  const server = createServer(listener);
  const closeHttp2 = acceptPlaintextHttp2(server, listener);
  server.on('upgrade', (request, socket, head) => {
    const taken = context.services.all().some((service) => service.upgrade?.(request, socket, head));
    if (!taken) socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
  });
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  await listen(server, options.port ?? 0, host);

  const { port } = server.address() as AddressInfo;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  context.endpointUrl = url;
  const stopListening = (): Promise<void> =>
    new Promise((resolve) => {
      // Nothing is listened on from here on. Connections are cut, and one that was cut while the server handed it on is
      // sometimes still counted: the end does not wait for that.
      const late = setTimeout(resolve, CUT_MILLISECONDS);
      server.close(() => {
        clearTimeout(late);
        resolve();
      });
      server.closeAllConnections();
      closeHttp2();
    });
  return {
    url,
    suspend: stopListening,
    resume: () => listen(server, port, host),
    close: stopListening,
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE';
      reject(
        new EndpointError(
          busy ? 'PortInUse' : (error.code ?? 'ListenFailed'),
          busy
            ? `Port ${port} on ${host} is in use by another process. Stop that process, or give another port (0 takes a free one).`
            : `The embedded AWS can't listen on ${host}:${port}: ${error.message}`,
          error,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answer(here: AwsContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const context = placeOf(here, request);
  if (context.outage !== undefined) {
    // As an address where nobody answers.
    request.socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const gone = new AbortController();
  // Only when nobody waits for the answer any more: an abort costs.
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  try {
    if (await answerStreamed(context, request, response, requestId, gone.signal)) return;
    const body = await readBody(request);
    const wire = kept(context, await route(context, request, body, requestId, gone.signal));
    response.writeHead(wire.status, {
      'x-amzn-requestid': requestId,
      'content-length': wire.body.length,
      ...wire.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : wire.body);
  } catch (error) {
    // ResponseDropped, a client that went away, or a body that is too large to read: there is no answer to send.
    response.destroy();
    if (!(error instanceof ResponseDropped) && !gone.signal.aborted) throw error;
  }
}

/** The answer, once everything it acknowledges is kept; an error of the state directory takes its place. */
function kept(context: AwsContext, answered: WireResponse): WireResponse {
  try {
    context.state.flush();
    return answered;
  } catch (error) {
    const message = `The state directory ${context.state.directory} can't be written: ${(error as Error).message}`;
    return jsonError(undefined, new AwsError('InternalFailure', message, 500));
  }
}

/** False when the request is for no service that streams. */
async function answerStreamed(
  context: AwsContext,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (request.headers['x-amz-target'] !== undefined) return false;
  const { pathname, searchParams } = targetOf(request);
  const signature = signatureOf(request, searchParams);
  const method = request.method ?? 'GET';
  const service = context.services.all().find(({ name, protocols }) => {
    if (protocols.streamed === undefined) return false;
    if (signature !== undefined) return name === signature.service;
    return (
      protocols.streamed.accepts(request.headers.host ?? '', pathname) &&
      !matchRoute(routesOf(context), method, pathname)
    );
  });
  if (!service?.protocols.streamed) return false;

  const answered = await service.protocols.streamed.handle({
    method,
    // As sent: a key may hold `..` or `//`, which a URL would not keep.
    path: (request.url ?? '/').replace(/\?.*$/s, ''),
    query: searchParams,
    headers: headersOf(request),
    body: request,
    requestId,
    caller: (signature && context.credentials.callerOf(signature.accessKeyId)) ?? rootCaller(context),
    signal,
  });
  context.state.flush();
  response.writeHead(answered.status, { 'x-amz-request-id': requestId, ...answered.headers });
  if (method === 'HEAD' || !(answered.body instanceof Readable)) {
    response.end(method === 'HEAD' ? undefined : answered.body);
  } else {
    // A download that breaks off has begun: all that is left to do is to cut the connection.
    await pipeline(answered.body, response).catch(() => response.destroy());
  }
  return true;
}

async function route(
  context: AwsContext,
  request: IncomingMessage,
  body: Buffer | 'too large',
  requestId: string,
  signal: AbortSignal,
): Promise<WireResponse> {
  const { pathname, searchParams } = targetOf(request);
  if (body === 'too large') {
    const message = `The request body is over ${MAXIMUM_REQUEST_BYTES} bytes`;
    return jsonError(undefined, new AwsError('RequestEntityTooLargeException', message, 413));
  }
  const target = request.headers['x-amz-target'];
  const signature = signatureOf(request, searchParams);
  const caller = (signature && context.credentials.callerOf(signature.accessKeyId)) ?? rootCaller(context);
  if (typeof target === 'string') {
    const isCbor = request.headers['content-type'] === AWS_CBOR;
    return answerJson(context, target, uncompressed(request, body), isCbor, caller, signal);
  }
  const operation = cborOperation(context.services.all(), pathname);
  if (operation) return answerCbor(context, operation, uncompressed(request, body), caller, signal);

  const routed = await answerRoute(
    context,
    request,
    pathname,
    searchParams,
    body,
    caller,
    signature?.service,
    signal,
  );
  if (routed) return routed;

  const form = new URLSearchParams(
    request.method === 'GET' ? searchParams : uncompressed(request, body).toString('utf8'),
  );
  if (form.has('Action')) {
    return answerQuery(context, pathname, form, caller, signature?.service, requestId, signal);
  }
  return toWire(restError(unknownOperation('this endpoint', `${request.method} ${pathname}`, 404)));
}

async function answerJson(
  context: AwsContext,
  target: string,
  body: Buffer,
  isCbor: boolean,
  caller: Caller,
  signal: AbortSignal,
): Promise<WireResponse> {
  let service;
  try {
    const operation = jsonOperation(context.services.all(), target);
    service = operation.service;
    const input = isCbor ? awsCborInput(service, body) : jsonInput(body);
    const output = await callService(context, service, operation.action, input, caller, signal);
    return isCbor ? awsCborOutput(service, output) : jsonOutput(service, output);
  } catch (error) {
    if (error instanceof ResponseDropped) throw error;
    return isCbor && service
      ? awsCborError(service, asAwsError(error))
      : jsonError(service, asAwsError(error));
  }
}

async function answerCbor(
  context: AwsContext,
  { service, action }: { readonly service: AwsService; readonly action: string },
  body: Buffer,
  caller: Caller,
  signal: AbortSignal,
): Promise<WireResponse> {
  try {
    const output = await callService(context, service, action, cborInput(body), caller, signal);
    return cborOutput(service, output);
  } catch (error) {
    if (error instanceof ResponseDropped) throw error;
    return cborError(service, asAwsError(error));
  }
}

/** SDKs compress large requests to some operations. What is not compressed as it says is refused as unreadable. */
function uncompressed(request: IncomingMessage, body: Buffer): Buffer {
  if (request.headers['content-encoding'] !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAXIMUM_REQUEST_BYTES });
  } catch {
    return body;
  }
}

async function answerQuery(
  context: AwsContext,
  pathname: string,
  form: URLSearchParams,
  caller: Caller,
  signedService: string | undefined,
  requestId: string,
  signal: AbortSignal,
): Promise<WireResponse> {
  const action = form.get('Action') ?? '';
  const service = queryService(context.services.all(), form, signedService);
  const protocol = service?.protocols.query;
  try {
    if (!service || !protocol) throw unknownOperation('any service that runs here', action);
    const input = queryInput(protocol, form);
    // A queue URL is also the address to post to: https://.../ACCOUNT/QUEUE
    if (service.name === 'sqs' && input['QueueUrl'] === undefined && pathname !== '/') {
      input['QueueUrl'] = context.endpointUrl + pathname;
    }
    const output = await callService(context, service, action, input, caller, signal);
    return queryOutput(service, action, output, requestId);
  } catch (error) {
    if (error instanceof ResponseDropped) throw error;
    return queryError(service, asAwsError(error), requestId);
  }
}

async function answerRoute(
  context: AwsContext,
  request: IncomingMessage,
  pathname: string,
  query: URLSearchParams,
  body: Buffer,
  caller: Caller,
  signedService: string | undefined,
  signal: AbortSignal,
): Promise<WireResponse | undefined> {
  const signed = context.services.all().find(({ name }) => name === signedService)?.protocols.signed;
  const method = request.method ?? 'GET';
  const matched = signed
    ? { route: { handle: signed }, parameters: {} }
    : (matchRoute(routesOf(context, signedService), method, pathname) ??
      matchRoute(routesOf(context), method, pathname));
  if (!matched) return undefined;
  const headers = headersOf(request);
  try {
    const { route: found, parameters } = matched;
    return toWire(
      await found.handle({ method, path: pathname, parameters, query, headers, body, caller, signal }),
    );
  } catch (error) {
    return toWire(restError(asAwsError(error)));
  }
}

/** `//` is a path, and not the start of a host. */
function targetOf({ url = '/' }: IncomingMessage): URL {
  return new URL(url.startsWith('/') ? `http://localhost${url}` : 'http://localhost/');
}

/** The routes of one service, or of all: some paths, such as `/tags/{arn}`, are the same in several. */
function routesOf(context: AwsContext, name?: string): readonly RestRoute[] {
  return context.services
    .all()
    .filter((service) => name === undefined || service.name === name)
    .flatMap((service) => service.protocols.routes ?? []);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function toWire(response: RestResponse): WireResponse {
  const { body = '' } = response;
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return { status: response.status, headers: response.headers ?? {}, body: Buffer.from(body) };
  }
  return {
    status: response.status,
    headers: { 'content-type': 'application/json', ...response.headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** The region that the request is signed for, where it is one that is joined to this. */
function placeOf(here: AwsContext, request: IncomingMessage): AwsContext {
  if (here.elsewhere === undefined) return here;
  const region = signatureOf(request, targetOf(request).searchParams)?.region;
  return (region === undefined || region === here.region ? undefined : here.elsewhere(region)) ?? here;
}

/** Who signed, and for which region and service: `Credential=AKIA/20260101/us-east-1/sqs/aws4_request`, in a header or presigned URL. */
function signatureOf(
  request: IncomingMessage,
  query: URLSearchParams,
): { readonly accessKeyId: string; readonly region: string; readonly service: string } | undefined {
  const scope =
    query.get('X-Amz-Credential') ?? /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1];
  const [accessKeyId, , region = '', service] = scope?.split('/') ?? [];
  return accessKeyId === undefined || service === undefined ? undefined : { accessKeyId, region, service };
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAXIMUM_REQUEST_BYTES) chunks.push(chunk);
  }
  return bytes > MAXIMUM_REQUEST_BYTES ? 'too large' : Buffer.concat(chunks, bytes);
}
