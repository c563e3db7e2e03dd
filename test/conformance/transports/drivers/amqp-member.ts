/** A consumer of an AMQP queue, as the suite starts one. */
import { brokerAt, pollAmqp } from '../../../../lambda/runtime/amqp/index.ts';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import { MAX_RECEIVES } from '../driver.ts';

export interface AmqpAddress {
  readonly url: string;
  readonly queue: string;
}

export function joinAmqp({ url, queue }: AmqpAddress, consumer: SqsHandler, prefetch: number) {
  const { contracts, handler, options } = declarationOf(consumer);
  const { consumer: name, logger, random, maxReceiveCount = MAX_RECEIVES, backoff } = options;
  return pollAmqp(contracts, handler, {
    queue,
    broker: brokerAt(url),
    prefetch,
    maxReceiveCount,
    ...(name !== undefined && { consumer: name }),
    ...(logger !== undefined && { logger }),
    ...(random !== undefined && { random }),
    // Of this reader in milliseconds.
    ...(backoff !== undefined && { backoff: { base: backoff.base * 1_000, cap: backoff.cap * 1_000 } }),
  });
}
