/** Events of the bench by one of our transports. */
import type { Transport } from '../../lambda/runtime/types.ts';
import { event } from '../outbox/events.ts';

const CHUNK = 1_000;

export async function sendAll(transport: Transport, from: number, count: number): Promise<void> {
  for (let at = 0; at < count; at += CHUNK) {
    const size = Math.min(CHUNK, count - at);
    const { failed } = await transport.send(
      Array.from({ length: size }, (_, index) => event(from + at + index)),
    );
    if (failed[0] !== undefined) throw new Error(failed[0].message);
  }
}
