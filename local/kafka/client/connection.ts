/** One connection to a broker, of whatever make, for the parts of the embedded AWS that are clients of Kafka. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';

import { createFrameReader } from '../server.ts';
import { isFlexible, type Api } from '../wire/api.ts';
import { createReader } from '../wire/reader.ts';
import { createWriter } from '../wire/writer.ts';

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const CORRELATION_AT = 0;
const HEADER_BYTES = 4;

/** The broker could not be reached, or went away before it answered. */
export class KafkaConnectionError extends Error {
  override readonly name = 'KafkaConnectionError';
}

export interface KafkaConnection {
  readonly isOpen: () => boolean;
  /** @throws KafkaConnectionError */
  call<Request, Response>(api: Api<Request, Response>, version: number, request: Request): Promise<Response>;
  close(): void;
}

interface Waiting {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** @param address `host:port`. @throws KafkaConnectionError */
export async function connect(address: string, clientId: string): Promise<KafkaConnection> {
  const separator = address.lastIndexOf(':');
  const host = address.slice(0, separator);
  const socket = connectSocket({ host, port: Number(address.slice(separator + 1)), noDelay: true });
  const waiting = new Map<number, Waiting>();
  let isOpen = true;
  let calls = 0;

  const end = (reason: string): void => {
    if (!isOpen) return;
    isOpen = false;
    socket.destroy();
    for (const { reject } of waiting.values()) reject(new KafkaConnectionError(`${address}: ${reason}`));
    waiting.clear();
  };
  const frames = createFrameReader((frame) => {
    const correlationId = frame.readInt32BE(CORRELATION_AT);
    waiting.get(correlationId)?.resolve(frame);
    waiting.delete(correlationId);
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('the connection was closed'));
  socket.on('data', (data: Buffer) => {
    if (!frames.push(data)) end('an answer is too long');
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT) });
  } catch (cause) {
    end('no connection');
    throw new KafkaConnectionError(`${address}: ${(cause as Error).message}`, { cause });
  }

  return {
    isOpen: () => isOpen,
    async call(api, version, request) {
      if (!isOpen) throw new KafkaConnectionError(`${address}: the connection is closed`);
      const correlationId = calls++;
      const flexible = isFlexible(api, version);
      const header = createWriter(version, false);
      header.int16(api.key);
      header.int16(version);
      header.int32(correlationId);
      header.string(clientId);
      const body = createWriter(version, flexible);
      if (flexible) body.noTaggedFields();
      api.request.write(body, request);
      const answered = new Promise<Buffer>((resolve, reject) => {
        waiting.set(correlationId, { resolve, reject });
      });
      const [, ...head] = header.message();
      const [, ...rest] = body.message();
      const parts = [...head, ...rest];
      const length = Buffer.allocUnsafe(HEADER_BYTES);
      length.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
      socket.cork();
      for (const part of [length, ...parts]) socket.write(part);
      socket.uncork();
      const reader = createReader(await answered, HEADER_BYTES, version, flexible);
      if (flexible) reader.skipTaggedFields();
      return api.response.read(reader);
    },
    close: () => end('closed'),
  };
}
