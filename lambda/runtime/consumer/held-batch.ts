/** The messages of one invocation, kept invisible from its start until its answer. */
import type { SqsSender } from '../clients.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { SQS_LIMITS } from '../transports/limits.ts';
import type { SqsRecord } from '../types.ts';
import { changeVisibility } from './change-visibility.ts';
import { groupCalls } from './group-calls.ts';
import { keepHidden } from './keep-hidden.ts';
import type { HeartbeatOptions, KeptHidden } from './keep-hidden.ts';
import { MAX_VISIBILITY_SECONDS } from './visibility.ts';
import type { VisibilityChange } from './visibility.ts';

export interface HeldBatch {
  /** Aborted when the message is lost. */
  signalOf(record: SqsRecord): AbortSignal;
  isLost(record: SqsRecord): boolean;
  /** No renewal begins after this, and none is under way when it resolves, after so many milliseconds at the latest. */
  stop(within: number): Promise<void>;
}

export interface HeldBatchProps {
  readonly queueUrl: string;
  readonly heartbeat: HeartbeatOptions;
  readonly client: SqsSender | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Which messages, and until when:
 *
 * | message of the batch | kept invisible |
 * |---|---|
 * | in work, or waiting for its turn, or behind another of its FIFO group | until the answer |
 * | handled | until the answer: Lambda deletes it only then |
 * | failed | until the answer, and then for its backoff |
 * | lost | no more, and its visibility is left alone: another consumer may have it |
 * | the worker was killed | for what is left of the visibilityTimeout |
 */
export function holdBatch(records: readonly SqsRecord[], props: HeldBatchProps): HeldBatch {
  const { queueUrl, heartbeat, client, clock, logger } = props;
  const calls = new AbortController();
  const changes = groupCalls(SQS_LIMITS.entries, (batch: readonly VisibilityChange[]) =>
    changeVisibility(queueUrl, batch, { client, signal: calls.signal }),
  );
  const maximum = MAX_VISIBILITY_SECONDS - heartbeat.visibilityTimeout;
  const held = new Map<SqsRecord, KeptHidden>(
    records.map((record) => [
      record,
      keepHidden(record, { ...heartbeat, maximum, renewsAtOnce: true, changes, clock, logger }),
    ]),
  );
  return {
    signalOf: (record) => held.get(record)!.controller.signal,
    isLost: (record) => held.get(record)!.heartbeat.isLost(),
    async stop(within) {
      const timer = Number.isFinite(within) ? clock.setTimeout(() => calls.abort(), within) : undefined;
      await Promise.all([...held.values()].map((one) => one.heartbeat.stop()));
      clock.clearTimeout(timer);
    },
  };
}
