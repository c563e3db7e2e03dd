/** The TCP side: frames in, answers out, one request of a connection after the other as Kafka does it. */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

import type { Broker } from './broker.ts';
import { answer, readHeader } from './dispatch.ts';
import { MalformedMessage } from './wire/reader.ts';

/** `socket.request.max.bytes` of a broker. */
const REQUEST_BYTES = 100 * 1024 * 1024;
const LENGTH_BYTES = 4;

export interface KafkaServer {
  readonly port: number;
  /** Drops every connection; clients connect again. */
  disconnectAll(): void;
  /** Drops every connection and takes none until `resume`. */
  suspend(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Rejects with the socket's error when the port is taken. */
export async function listen(broker: Broker, host: string, port: number): Promise<KafkaServer> {
  const sockets = new Set<Socket>();
  let suspended = false;
  const server: Server = createServer((socket) => {
    if (suspended) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(broker, socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const disconnectAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    disconnectAll,
    suspend() {
      suspended = true;
      disconnectAll();
    },
    resume() {
      suspended = false;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      disconnectAll();
      await closed;
    },
  };
}

function serve(broker: Broker, socket: Socket): void {
  const gone = new AbortController();
  const host = `/${socket.remoteAddress ?? ''}`;
  const waiting: Buffer[] = [];
  let isBusy = false;

  const work = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
        const header = readHeader(frame);
        const { clientId } = header;
        const message = await answer(broker, frame, header, { clientId, host, gone: gone.signal });
        if (gone.signal.aborted) return;
        if (message) send(message);
      }
    } catch (thrown) {
      // A request that cannot be read ends its connection, as in Kafka; anything else is a fault of this broker.
      if (!(thrown instanceof MalformedMessage)) process.emitWarning(thrown as Error);
      socket.destroy();
    } finally {
      isBusy = false;
    }
  };
  const send = (message: readonly Buffer[]): void => {
    socket.cork();
    for (const chunk of message) socket.write(chunk);
    socket.uncork();
  };

  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => gone.abort());
  const frames = createFrameReader((frame) => waiting.push(frame));
  socket.on('data', (data: Buffer) => {
    if (!frames.push(data)) {
      socket.destroy();
      return;
    }
    void work();
  });
}

/** Cuts what arrives into messages. Shared with the client, whose answers have the same frames. */
export function createFrameReader(onFrame: (frame: Buffer) => void): {
  /** False when a frame is longer than any may be. */
  push(data: Buffer): boolean;
} {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    push(data) {
      chunks.push(data);
      size += data.length;
      while (size >= LENGTH_BYTES) {
        const first = chunks[0] as Buffer;
        const head = first.length >= LENGTH_BYTES ? first : Buffer.concat(chunks);
        if (head !== first) chunks = [head];
        const length = head.readInt32BE(0);
        if (length < 0 || length > REQUEST_BYTES) return false;
        const end = LENGTH_BYTES + length;
        if (size < end) break;
        const all = head.length >= end ? head : Buffer.concat(chunks);
        const rest = all === head ? chunks.slice(1) : [];
        onFrame(all.subarray(LENGTH_BYTES, end));
        chunks = all.length > end ? [all.subarray(end), ...rest] : rest;
        size -= end;
      }
      return true;
    },
  };
}
