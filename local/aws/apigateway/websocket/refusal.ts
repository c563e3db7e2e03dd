/** A handshake that API Gateway refuses: a status, and what is wrong in a body that browsers do not show. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
  500: 'Internal server error',
  502: 'Internal server error',
};

export function refuseHandshake(
  socket: Duplex,
  status: number,
  { connectionId, requestId }: { readonly connectionId: string; readonly requestId: string },
): void {
  const phrase = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ message: MESSAGES[status] ?? phrase, connectionId, requestId });
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-amzn-requestid: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
}
