/** Counts what happens while it happens, per consumer: for the live view and for the report. */
import type { AwsContext, Happening } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';

export interface ConsumerTally {
  /** Messages deleted from the queue, that is handled or dead-lettered by the consumer itself. */
  done: number;
  /** Receives beyond the first of a message. */
  retried: number;
}

export interface Tally {
  readonly consumers: ReadonlyMap<string, ConsumerTally>;
  /** Messages that topics, buses and streams took, and those that an API has sent to a queue by itself. */
  published(): number;
  /** Messages that consumers are done with. */
  done(): number;
  retried(): number;
  /** Counts these from now on; those that are known keep their counts. */
  follow(consumers: readonly Consumer[]): void;
  stop(): void;
}

/** @param contexts of every region that is counted */
export function tally(contexts: readonly AwsContext[], consumers: readonly Consumer[]): Tally {
  const byName = new Map<string, ConsumerTally>();
  const byQueue = new Map<string, ConsumerTally>();
  const follow = (followed: readonly Consumer[]): void => {
    byQueue.clear();
    for (const { name, queueArn } of followed) {
      const counts = byName.get(name) ?? { done: 0, retried: 0 };
      byName.set(name, counts);
      byQueue.set(queueArn, counts);
    }
  };
  follow(consumers);
  let published = 0;
  const count = ({ kind, service, resourceArn, detail }: Happening): void => {
    if (kind === 'published') published += 1;
    if (service !== 'sqs') return;
    const consumer = byQueue.get(resourceArn);
    if (consumer === undefined) return;
    if (kind === 'deleted') consumer.done += 1;
    if (kind === 'received' && Number(detail?.['receiveCount']) > 1) consumer.retried += 1;
  };
  const sumOf = (what: keyof ConsumerTally): number =>
    [...byName.values()].reduce((sum, counts) => sum + counts[what], 0);
  const stops = contexts.map(({ events }) => events.observe(count));
  return {
    consumers: byName,
    published: () => published,
    done: () => sumOf('done'),
    retried: () => sumOf('retried'),
    follow,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
