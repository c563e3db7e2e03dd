/** Builders for the tests of Redis streams. */
import { expect } from '@jest/globals';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import type { PollRedisOptions } from '../../../../lambda/runtime/redis/redis-consumer-options.ts';
import { redisTransport } from '../../../../lambda/runtime/transports/redis.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import type { Handler } from '../../../../lambda/runtime/types.ts';
import { capturedLog, encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';

const pollers = new Set<Poller>();

export async function stopPollers(): Promise<void> {
  await Promise.all([...pollers].map((poller) => poller.stop({ within: 100 })));
  pollers.clear();
}

export function startPoller(
  url: string,
  stream: string,
  handler: Handler<typeof OrderPlaced>,
  options: Partial<PollRedisOptions> = {},
): Poller {
  const poller = pollRedis(OrderPlaced, handler, {
    server: { url },
    stream,
    consumer: 'consumer',
    visibilityTimeout: 2,
    backoff: { base: 0.2, cap: 1 },
    logger: capturedLog().logger,
    ...options,
  });
  pollers.add(poller);
  return poller;
}

/** Until everything is accepted, as the outbox does. */
export async function publishAll(
  url: string,
  stream: string,
  envelopes: readonly Envelope[],
  partitions = 1,
): Promise<void> {
  const transport = redisTransport({ server: { url }, stream, partitions });
  for (let left = [...envelopes]; left.length > 0;) {
    const { failed } = await transport.send(left.map((envelope) => encoded(envelope)));
    const ids = new Set(failed.map(({ eventId }) => eventId));
    left = left.filter(({ eventId }) => ids.has(eventId));
  }
}

export const orders = (count: number, keys: number, from = 0) =>
  Array.from({ length: count }, (_, index) => orderPlaced(`o${from + index}`, `c${(from + index) % keys}`));

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 4_000; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  expect(await condition()).toBe(true);
}

/** `ids` are those of `orders`. */
export function expectOrder(ids: readonly string[], keys: number): void {
  for (let key = 0; key < keys; key += 1) {
    const ofKey = ids.map((id) => Number(id.slice(1))).filter((id) => id % keys === key);
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
  }
}
