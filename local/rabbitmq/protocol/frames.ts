/** Frames: how methods, headers and bodies are cut for the wire. */
import { MalformedFrame } from './fields.ts';

export const FRAME_METHOD = 1;
export const FRAME_HEADER = 2;
export const FRAME_BODY = 3;
export const FRAME_HEARTBEAT = 8;
const FRAME_END = 0xce;
/** Type, channel and size before the payload, the end mark after it. */
const HEAD_BYTES = 7;
export const FRAME_OVERHEAD = HEAD_BYTES + 1;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

export function encodeFrame(type: number, channel: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + FRAME_OVERHEAD);
  frame.writeUInt8(type, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  payload.copy(frame, HEAD_BYTES);
  frame.writeUInt8(FRAME_END, HEAD_BYTES + payload.length);
  return frame;
}

/** A body in as many frames as the agreed size asks for. */
export function encodeBody(channel: number, body: Buffer, frameMax: number): Buffer[] {
  const frames: Buffer[] = [];
  const most = frameMax - FRAME_OVERHEAD;
  for (let at = 0; at < body.length; at += most) {
    frames.push(encodeFrame(FRAME_BODY, channel, body.subarray(at, at + most)));
  }
  return frames;
}

/** Collects bytes and gives whole frames. */
export class FrameParser {
  #pending: Buffer = Buffer.alloc(0);

  /** @throws MalformedFrame */
  *frames(chunk: Buffer): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= HEAD_BYTES) {
      const size = this.#pending.readUInt32BE(3);
      const whole = size + FRAME_OVERHEAD;
      if (this.#pending.length < whole) return;
      if (this.#pending[whole - 1] !== FRAME_END) throw new MalformedFrame('a frame does not end with 0xCE');
      const frame = {
        type: this.#pending.readUInt8(0),
        channel: this.#pending.readUInt16BE(1),
        payload: this.#pending.subarray(HEAD_BYTES, whole - 1),
      };
      this.#pending = this.#pending.subarray(whole);
      yield frame;
    }
  }

  /** What is left when the first eight bytes were not a frame but the protocol header. */
  take(count: number, chunk: Buffer): Buffer | undefined {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    if (this.#pending.length < count) return undefined;
    const head = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(count);
    return head;
  }
}
