/** A message that is kept invisible while it is in work, with the signal that tells its handler when it is lost. */
import { positiveNumberVariable } from '../environment.ts';
import type { Environment } from '../environment.ts';
import type { Clock } from '../clock.ts';
import { RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { EntryFailure } from '../transports/call-error.ts';
import type { SqsRecord } from '../types.ts';
import type { GroupedCalls } from './group-calls.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { Heartbeat } from './heartbeat.ts';
import { MAX_VISIBILITY_SECONDS } from './visibility.ts';
import type { VisibilityChange } from './visibility.ts';

export interface HeartbeatOptions {
  /**
   * Seconds that a message in work is invisible at a time. One whose worker was killed is back after at most this.
   * Long enough for two or three calls of SQS that fail.
   */
  readonly visibilityTimeout: number;
  /**
   * Seconds between two renewals, less than the visibilityTimeout.
   * @default - ten less than visibilityTimeout, at least half of it
   */
  readonly every?: number;
}

export interface KeptHidden {
  readonly heartbeat: Heartbeat;
  readonly controller: AbortController;
}

export interface KeepHiddenProps extends HeartbeatOptions {
  /** Seconds. */
  readonly maximum: number;
  readonly renewsAtOnce?: boolean;
  readonly changes: GroupedCalls<VisibilityChange, EntryFailure | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The signal is aborted with WAYBILL_MESSAGE_LOST when another consumer may have the message. */
export function keepHidden(record: SqsRecord, props: KeepHiddenProps): KeptHidden {
  const controller = new AbortController();
  const heartbeat = startHeartbeat({
    visibilityTimeoutSeconds: props.visibilityTimeout,
    everySeconds: props.every,
    maximumSeconds: props.maximum,
    renewsAtOnce: props.renewsAtOnce ?? false,
    clock: props.clock,
    renew: async () => {
      const failure = await props.changes.add({ record, seconds: props.visibilityTimeout });
      if (failure === undefined) return 'renewed';
      return failure.retryNow || !NOT_OURS.has(failure.code) ? 'unknown' : 'lost';
    },
    onLost: (why) => {
      props.logger.warn('message lost while in work', { messageId: record.messageId, why });
      controller.abort(new RuntimeError('WAYBILL_MESSAGE_LOST', `the message is no longer ours: ${why}`));
    },
  });
  return { heartbeat, controller };
}

/** Codes by which SQS says that a receipt handle counts no more. Source: SQS API, ChangeMessageVisibility. */
const NOT_OURS = new Set([
  'InvalidParameterValue',
  'MessageNotInflight',
  'ReceiptHandleIsInvalid',
  'AWS.SimpleQueueService.MessageNotInflight',
]);

/**
 * The option, or what a QueueConsumer with `extendsVisibility` has told the function.
 * @throws RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_INVALID
 */
export function heartbeatOf(
  given: HeartbeatOptions | undefined,
  environment: Environment,
): HeartbeatOptions | undefined {
  if (given !== undefined) return checkedHeartbeat(given);
  const visibilityTimeout = positiveNumberVariable(environment, 'WAYBILL_HEARTBEAT_SECONDS');
  return visibilityTimeout === undefined ? undefined : checkedHeartbeat({ visibilityTimeout });
}

/** @throws RuntimeError WAYBILL_OPTION_INVALID */
export function checkedHeartbeat(heartbeat: HeartbeatOptions): HeartbeatOptions {
  const { visibilityTimeout, every } = heartbeat;
  const fits =
    Number.isInteger(visibilityTimeout) &&
    visibilityTimeout >= 1 &&
    visibilityTimeout < MAX_VISIBILITY_SECONDS &&
    (every === undefined || (every > 0 && every < visibilityTimeout));
  if (fits) return heartbeat;
  throw new RuntimeError(
    'WAYBILL_OPTION_INVALID',
    `heartbeat takes a visibilityTimeout of 1 to ${MAX_VISIBILITY_SECONDS - 1} whole seconds, and 0 < every < visibilityTimeout; received ${visibilityTimeout}, every ${every}`,
  );
}
