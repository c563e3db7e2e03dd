/**
 * HTTP/2 without TLS on the port of an HTTP/1.1 server. The AWS SDK for JavaScript speaks nothing else to Kinesis,
 * whatever the scheme of its endpoint. Connections are told apart by the preface that every HTTP/2 client sends first.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** https://datatracker.ietf.org/doc/html/rfc9113#section-3.4; three bytes are enough, no HTTP/1.1 method begins so. */
const PREFACE = 'PRI';

/**
 * Lets `server` answer both versions by the same listener. The returned function ends the connections that the server
 * knows nothing of: those of HTTP/2, and those that have sent nothing yet.
 */
export function acceptPlaintextHttp2(
  server: Server,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): () => void {
  const sessions = new Set<ServerHttp2Session>();
  const silent = new Set<Socket>();
  const http2 = createServer((request, response) => {
    // Node's compatibility layer has every member of both that the endpoint uses.
    listener(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const serveHttp1 = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const forget = (): void => void silent.delete(socket);
    const peek = (): void => {
      const head = socket.read() as Buffer | null;
      if (head === null) return;
      socket.off('readable', peek);
      socket.off('error', ignoreBrokenConnection);
      socket.off('close', forget);
      forget();
      socket.unshift(head);
      if (head.toString('latin1', 0, PREFACE.length) === PREFACE) http2.emit('connection', socket);
      else for (const serve of serveHttp1) serve.call(server, socket);
    };
    socket.on('error', ignoreBrokenConnection);
    socket.on('close', forget);
    socket.on('readable', peek);
    silent.add(socket);
  });
  return () => {
    for (const session of sessions) session.destroy();
    // A client may open one in advance, and an open one keeps the process alive.
    for (const socket of silent) socket.destroy();
  };
}

function ignoreBrokenConnection(): void {}
