/** The events of the suite, and consumers that note what they handle. */
import { expect } from '@jest/globals';
import { consume } from '../../../lambda/runtime/consume.ts';
import type { ConsumeOptions, SqsHandler } from '../../../lambda/runtime/consume.ts';
import type { EncodedMessage, Handler, HandlerContext } from '../../../lambda/runtime/types.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { encoded, OrderPlaced, orderPlaced } from '../../lambda/runtime/fixtures.ts';
import { silent } from '../../lambda/runtime/event-store/contracts.ts';
import { MAX_RECEIVES } from './driver.ts';
import type { Channel } from './driver.ts';

export type Order = ReturnType<typeof orderPlaced>;

/** Orders `o0`, `o1`, ... of customers `c0`, `c1`, ... in turn. The ordering key is the customer. */
export const orders = (count: number, keys: number, from = 0): Order[] =>
  Array.from({ length: count }, (_, index) => orderPlaced(`o${from + index}`, `c${(from + index) % keys}`));

/** Seconds. Retries come soon, and where the service counts whole seconds at once. */
const SOON = { base: 0.05, cap: 0.1 };

export function consumerOf(handler: Handler<typeof OrderPlaced>, options: ConsumeOptions = {}): SqsHandler {
  return consume(OrderPlaced, handler, {
    consumer: 'conformance',
    logger: silent,
    maxReceiveCount: MAX_RECEIVES,
    backoff: SOON,
    ...options,
  });
}

/** Notes the ids of what was handled, in the order in which handling ended well. */
export function noting(
  before: (event: Order, context: HandlerContext) => Promise<void> | void = () => undefined,
  options: ConsumeOptions = {},
): { readonly consumer: SqsHandler; readonly handled: string[] } {
  const handled: string[] = [];
  const consumer = consumerOf(async (event, context) => {
    await before(event as Order, context);
    handled.push(event.data.orderId);
  }, options);
  return { consumer, handled };
}

/** Until all are accepted, as the outbox does. */
export async function publish(
  { transport }: Pick<Channel, 'transport'>,
  envelopes: readonly Envelope[],
): Promise<void> {
  await send(
    { transport },
    envelopes.map((envelope) => encoded(envelope)),
  );
}

export async function send(
  { transport }: Pick<Channel, 'transport'>,
  messages: readonly EncodedMessage[],
): Promise<void> {
  for (let left = [...messages]; left.length > 0;) {
    const { failed } = await transport.send(left);
    const retryable = new Set(failed.filter((one) => one.retryable).map(({ eventId }) => eventId));
    expect(failed.filter((one) => !one.retryable)).toEqual([]);
    left = left.filter(({ eventId }) => retryable.has(eventId));
  }
}

/** `ids` are those of `orders`, each once. */
export function expectOrderByKey(ids: readonly string[], keys: number): void {
  for (let key = 0; key < keys; key += 1) {
    const ofKey = ids.map((id) => Number(id.slice(1))).filter((id) => id % keys === key);
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
  }
}

/** A handler's hold: it waits here until the test lets it go. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

export const idsOf = (events: readonly Order[]): string[] => events.map(({ data }) => data.orderId);
