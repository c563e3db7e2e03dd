/** An HTTP endpoint on this machine that a service under test calls. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Conformance } from './harness.ts';

export interface ReceivedRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestEndpoint {
  /** No trailing slash. */
  readonly url: string;
  /** In the order they came. */
  readonly requests: readonly ReceivedRequest[];
}

/**
 * Listens until the behaviour ends, and answers what `answer` says: a status, or a status with a JSON body. Ends the
 * behaviour where the endpoint under test can't reach this machine.
 */
export async function httpEndpoint(
  aws: Conformance,
  answer: (request: ReceivedRequest) => number | readonly [status: number, body: object],
): Promise<TestEndpoint> {
  if (!aws.embedded) aws.notRun('needs an HTTP endpoint that the service can reach');
  const requests: ReceivedRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(request);
      const answered = answer(request);
      const [status, body] = typeof answered === 'number' ? [answered] : answered;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body && JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  aws.cleanup(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
