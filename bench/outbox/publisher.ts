/** The publishers of the bench. Both look at every event and count what is out of order. */
import { setTimeout as wait } from 'node:timers/promises';

/** What a batch call of SNS or SQS takes. */
const PACK = 10;

export interface CountingPublisher {
  published: number;
  violations: number;
  send(messages: readonly { readonly orderingKey: string; readonly body: string }[]): Promise<{ failed: [] }>;
}

/**
 * @param delay milliseconds that each batch call of ten takes; 0 answers at once. The calls of one `send` go
 * out together, as the runtime's transports do it.
 */
export function countingPublisher(delay: number): CountingPublisher {
  const last = new Map<string, number>();
  const publisher: CountingPublisher = {
    published: 0,
    violations: 0,
    send: async (messages) => {
      for (const { orderingKey, body } of messages) {
        // The position in the stream of writes, found without parsing the event.
        const at = Number.parseInt(body.slice(body.indexOf('"index":') + 8), 10);
        if (at < (last.get(orderingKey) ?? -1)) publisher.violations++;
        last.set(orderingKey, at);
      }
      publisher.published += messages.length;
      if (delay > 0) {
        const packs = Math.ceil(messages.length / PACK);
        await Promise.all(Array.from({ length: packs }, () => wait(delay)));
      }
      return { failed: [] };
    },
  };
  return publisher;
}
