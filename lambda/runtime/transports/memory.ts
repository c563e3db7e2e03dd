/** A transport that keeps what it is sent. For unit tests of code that publishes. */
import type { EncodedMessage, Transport } from '../types.ts';

export interface MemoryTransport extends Transport {
  /** Everything sent, in order. */
  readonly sent: readonly EncodedMessage[];
  /** Calls the listener with each message that follows. Returns what ends it. */
  onMessage(listener: (message: EncodedMessage) => void): () => void;
}

/**
 * @example
 * const transport = memoryTransport();
 * await placeOrder({ publisher: createPublisher({ contracts: [OrderPlaced], transport }) });
 * expect(transport.sent.map(({ eventType }) => eventType)).toEqual(['OrderPlaced']);
 */
export function memoryTransport(): MemoryTransport {
  const sent: EncodedMessage[] = [];
  const listeners = new Set<(message: EncodedMessage) => void>();
  return {
    sent,
    onMessage(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async send(messages) {
      for (const message of messages) {
        sent.push(message);
        for (const listener of listeners) listener(message);
      }
      return { failed: [] };
    },
  };
}
