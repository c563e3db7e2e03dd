/**
 * The tenants' end of webhook delivery: an HTTP server that takes each event once by its Idempotency-Key,
 * checks the signature, and can be told to fail at random or always for some events.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from './random.ts';

export interface SinkPoison {
  readonly tenantId: string;
  readonly eventType: string;
}

export interface SinkOptions {
  readonly seed: number;
  /** Probability of a 503, from 0 to 1. */
  readonly failureRate: number;
  /** Answered with 500 every time. Null: nothing is. */
  readonly poison: SinkPoison | null;
}

export interface SinkReport {
  /** Requests, with the failed and the repeated ones. */
  readonly requests: number;
  /** Events taken. */
  readonly taken: number;
  /** Requests whose Idempotency-Key was known: answered 200, not taken again. */
  readonly repeated: number;
  readonly failedOnPurpose: number;
  readonly badSignatures: number;
}

export interface Sink {
  /** Where tenant `tenantId` wants its events. */
  readonly urlFor: (tenantId: string) => string;
  /** What the API answered when the URL was set; requests are checked against it from then on. */
  readonly trust: (tenantId: string, secret: string) => void;
  readonly report: () => SinkReport;
  readonly close: () => Promise<void>;
}

export async function startSink(options: SinkOptions): Promise<Sink> {
  const random = seededRandom(options.seed);
  const secrets = new Map<string, string>();
  const taken = new Set<string>();
  const count = { requests: 0, repeated: 0, failedOnPurpose: 0, badSignatures: 0 };

  const answer = (request: IncomingMessage, body: Buffer): number => {
    count.requests += 1;
    const tenantId = decodeURIComponent((request.url ?? '/').slice(1));
    if (!isSigned(secrets.get(tenantId), request, body)) {
      count.badSignatures += 1;
      return 401;
    }
    const poisoned =
      options.poison?.tenantId === tenantId &&
      options.poison.eventType === request.headers['x-waybill-event'];
    if (poisoned || random.next() < options.failureRate) {
      count.failedOnPurpose += 1;
      return poisoned ? 500 : 503;
    }
    const key = String(request.headers['idempotency-key']);
    if (taken.has(key)) count.repeated += 1;
    taken.add(key);
    return 200;
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.writeHead(answer(request, Buffer.concat(chunks))).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    urlFor: (tenantId) => `http://127.0.0.1:${port}/${encodeURIComponent(tenantId)}`,
    trust: (tenantId, secret) => void secrets.set(tenantId, secret),
    report: () => ({ ...count, taken: taken.size }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isSigned(secret: string | undefined, request: IncomingMessage, body: Buffer): boolean {
  if (secret === undefined) return false;
  const timestamp = String(request.headers['x-waybill-timestamp']);
  const expected = `sha256=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
  const received = String(request.headers['x-waybill-signature']);
  return received.length === expected.length && timingSafeEqual(Buffer.from(received), Buffer.from(expected));
}
