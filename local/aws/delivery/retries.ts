/**
 * Delivery with retries, as SNS, EventBridge and EventBridge Scheduler do it: what the receiver refuses for good is
 * not tried again, everything else is, until attempts or age run out.
 */
import type { AwsContext, ClockTimer } from '../context.ts';
import { asAwsError, type AwsError } from '../errors.ts';
import type { FaultRules } from '../faults.ts';

/** When a failed delivery is tried again. */
export interface RetryPolicy {
  /** Retries after the first attempt. */
  readonly maximumRetries: number;
  /** Milliseconds since `since`; no retry begins later. */
  readonly maximumAgeMilliseconds: number;
  /** Milliseconds to wait before a retry; the first retry is number 1. */
  delayMilliseconds(retry: number): number;
}

export type ExhaustedCondition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

export type DeliveryOutcome =
  | { readonly delivered: true; readonly retries: number }
  | {
      readonly delivered: false;
      readonly error: AwsError;
      readonly retries: number;
      /** Which limit ended the retries; undefined when the receiver refused for good. */
      readonly exhausted: ExhaustedCondition | undefined;
    };

export interface Deliveries {
  /**
   * Runs `attempt` until it succeeds, is refused for good, or the policy ends it. The first attempt starts
   * before this returns. Never rejects; never ends once closed, so that nothing is given up by stopping.
   *
   * @param since when the event came in, in milliseconds since the epoch; its age counts from there
   */
  run(attempt: () => Promise<void>, policy: RetryPolicy, since: number): Promise<DeliveryOutcome>;
  /** Deliveries that have not ended yet. */
  pending(): number;
  /** Stops the deliveries that wait for a retry. */
  close(): void;
}

/** AWS says "exponential back off and jitter"; this fits 185 retries into 24 hours. eventbridge/latest/userguide/eb-rule-retry-policy.html */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 480_000;
/** The part of a delay that chance may take away. */
const JITTER = 0.25;

/** Where the jitter comes from: the fault rules' seeded numbers, so that a run can be repeated. */
export type Chance = Pick<FaultRules, 'random'>;

/** The retries of EventBridge rules and of schedules. */
export function eventRetries(attempts: number, ageSeconds: number, chance: Chance): RetryPolicy {
  return {
    maximumRetries: attempts,
    maximumAgeMilliseconds: ageSeconds * 1_000,
    delayMilliseconds(retry) {
      const longest = Math.min(FIRST_RETRY_MS * 2 ** (retry - 1), LONGEST_RETRY_MS);
      return Math.round(longest * (1 - JITTER * chance.random()));
    },
  };
}

/** The member of an error's fields by which a receiver asks to be left alone for so many seconds; negative: for good. */
export const RETRY_AFTER_SECONDS = 'retryAfterSeconds';

/** Refusals with a 4xx status that pass by themselves. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestThrottled',
  'LimitExceededException',
  'OverLimit',
  'KMSThrottling',
  'KmsThrottled',
]);

export function createDeliveries(context: AwsContext): Deliveries {
  const waiting = new Map<ClockTimer, () => void>();
  let pending = 0;
  let closed = false;

  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = context.clock.setTimeout(() => {
        waiting.delete(timer);
        resolve();
      }, milliseconds);
      waiting.set(timer, resolve);
    });

  const run: Deliveries['run'] = async (attempt, policy, since) => {
    for (let retries = 0; ; retries++) {
      let error: AwsError;
      try {
        await attempt();
        return { delivered: true, retries };
      } catch (thrown) {
        error = asAwsError(thrown);
      }
      if (closed) return never();
      if (isPermanent(error)) return { delivered: false, error, retries, exhausted: undefined };
      if (retries >= policy.maximumRetries) {
        return { delivered: false, error, retries, exhausted: 'MaximumRetryAttempts' };
      }
      const delay = Math.max(policy.delayMilliseconds(retries + 1), retryAfterSeconds(error) * 1_000);
      const left = since + policy.maximumAgeMilliseconds - context.clock.now();
      if (delay > left) {
        await sleep(Math.max(0, left));
        if (closed) return never();
        return { delivered: false, error, retries, exhausted: 'MaximumEventAgeInSeconds' };
      }
      if (delay > 0) await sleep(delay);
      if (closed) return never();
    }
  };

  return {
    async run(attempt, policy, since) {
      pending++;
      try {
        return await run(attempt, policy, since);
      } finally {
        pending--;
      }
    },
    pending: () => pending,
    close() {
      closed = true;
      for (const [timer, resolve] of waiting) {
        context.clock.clearTimeout(timer);
        resolve();
      }
      waiting.clear();
    },
  };
}

/** The delivery of a process that stops: it neither arrived nor failed. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function retryAfterSeconds(error: AwsError): number {
  const asked = error.fields[RETRY_AFTER_SECONDS];
  return typeof asked === 'number' ? asked : 0;
}

/** True when trying again can't help: the receiver is gone, or it does not want this message. */
function isPermanent(error: AwsError): boolean {
  if (retryAfterSeconds(error) < 0) return true;
  return error.senderFault && !TRANSIENT_CODES.has(error.code) && !TRANSIENT_CODES.has(error.queryCode);
}
