/** When each message came into a queue, was received and was deleted, as the embedded SQS tells it. */
import type { LocalRun } from './local-run.ts';
import { consumersOfRun } from './consumers.ts';
import { summarize } from '../workload/commerce/index.ts';
import type { ClassLatency } from '../workload/commerce/index.ts';

/** Milliseconds since the epoch, of the machine and not of the run's clock. */
export interface QueueTimes {
  readonly sentAt: number;
  /** The first time. */
  receivedAt?: number;
  deletedAt?: number;
}

export interface QueueWatch {
  /** Of the messages that came since the watch began, or since `forget`. */
  times(): readonly QueueTimes[];
  forget(): void;
  stop(): void;
}

/** How long messages waited for a poller, and were handled until they were deleted. */
export function queueHops(
  times: readonly QueueTimes[],
): Readonly<Record<'receive' | 'handle', ClassLatency | null>> {
  return {
    receive: summarize(times.flatMap(({ sentAt, receivedAt }) => difference(sentAt, receivedAt))),
    handle: summarize(times.flatMap(({ receivedAt, deletedAt }) => difference(receivedAt, deletedAt))),
  };
}

/** Of two times that may be unknown. */
export function difference(from: number | undefined, to: number | undefined): number[] {
  return from === undefined || to === undefined ? [] : [to - from];
}

/** Watches the queue of one consumer, in the region that works now. */
export function watchQueue(run: LocalRun, consumerName: string): QueueWatch {
  const consumer = consumersOfRun(run).find(({ name }) => name === consumerName);
  let times = new Map<string, QueueTimes>();
  const stop = run.aws.context.events.observe(
    ({ kind, resourceArn, messageId }) => {
      if (resourceArn !== consumer?.queueArn || messageId === undefined) return;
      const at = performance.timeOrigin + performance.now();
      if (kind === 'sent') times.set(messageId, { sentAt: at });
      const one = times.get(messageId);
      if (one === undefined) return;
      if (kind === 'received') one.receivedAt ??= at;
      if (kind === 'deleted') one.deletedAt ??= at;
    },
    ['sqs'],
  );
  return { times: () => [...times.values()], forget: () => (times = new Map()), stop };
}
