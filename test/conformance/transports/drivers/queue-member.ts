/** Members that read a queue: one that polls, as a service does, and one that Lambda would invoke. */
import { consume } from '../../../../lambda/runtime/consume.ts';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import type { Clock } from '../../../../lambda/runtime/clock.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import { poll } from '../../../../lambda/runtime/poll.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import type { AnyEventContract } from '../../../../lib/contracts/index.ts';

export interface QueueAddress {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

export function joinQueue(
  { queueUrl, deadLetterQueueUrl }: QueueAddress,
  consumer: SqsHandler,
  concurrency: number,
  clock?: Clock,
): Poller {
  const { contracts, handler, options } = declarationOf(consumer);
  return poll<readonly AnyEventContract[]>(contracts, handler, {
    ...options,
    queueUrl,
    deadLetterQueueUrl,
    concurrency,
    ...(clock && { clock }),
  });
}

/** The declared consumer as the function behind a queue. */
export function queueFunction(
  { deadLetterQueueUrl }: Pick<QueueAddress, 'deadLetterQueueUrl'>,
  consumer: SqsHandler,
  concurrency: number,
): SqsHandler {
  const { contracts, handler, options } = declarationOf(consumer);
  return consume<readonly AnyEventContract[]>(contracts, handler, {
    ...options,
    deadLetterQueueUrl,
    concurrency,
  });
}
