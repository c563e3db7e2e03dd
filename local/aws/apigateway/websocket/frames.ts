/**
 * The size of the frames that a client sends, which `ws` does not limit: it reads the headers beside it.
 * RFC 6455, 5.2
 */
import type { Duplex } from 'node:stream';

/** A frame: apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
export const MAXIMUM_FRAME_BYTES = 32 * 1024;

const MASK_BIT = 0x80;
const LENGTH_BITS = 0x7f;
const MASK_BYTES = 4;

/** Calls back once, before the bytes of the first frame above the limit are read by anybody else. */
export function watchFrames(socket: Duplex, onTooLarge: () => void): void {
  const meter = createFrameMeter();
  const read = (chunk: Buffer): void => {
    if (meter.largest(chunk) <= MAXIMUM_FRAME_BYTES) return;
    socket.off('data', read);
    onTooLarge();
  };
  socket.prependListener('data', read);
}

export interface FrameMeter {
  /** The payload of the largest frame whose header ends in this chunk; 0 where none does. */
  largest(chunk: Buffer): number;
}

export function createFrameMeter(): FrameMeter {
  /** What is there of a header that a chunk has cut. */
  let header = Buffer.alloc(0);
  /** Bytes of a payload that are still to come. */
  let payload = 0;
  return {
    largest(chunk) {
      let found = 0;
      let rest = chunk;
      while (rest.length > 0) {
        if (payload > 0) {
          const skipped = Math.min(payload, rest.length);
          payload -= skipped;
          rest = rest.subarray(skipped);
          continue;
        }
        const bytes = header.length === 0 ? rest : Buffer.concat([header, rest]);
        const frame = readHeader(bytes);
        if (frame === undefined) {
          header = Buffer.from(bytes);
          break;
        }
        rest = bytes.subarray(frame.headerBytes);
        header = Buffer.alloc(0);
        payload = frame.payloadBytes;
        found = Math.max(found, payload);
      }
      return found;
    },
  };
}

/** Undefined until all of it is there. */
function readHeader(
  bytes: Buffer,
): { readonly headerBytes: number; readonly payloadBytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes.readUInt8(1);
  const short = second & LENGTH_BITS;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headerBytes = 2 + lengthBytes + ((second & MASK_BIT) === 0 ? 0 : MASK_BYTES);
  if (bytes.length < headerBytes) return undefined;
  const payloadBytes =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { headerBytes, payloadBytes };
}
