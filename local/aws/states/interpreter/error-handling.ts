/**
 * Retry and Catch.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
import { asText } from '../json.ts';
import type { Retrier } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { Cancelled } from './cancellation.ts';
import { HistoryFull } from './history.ts';
import { withError } from './input-output.ts';
import type { Outcome, Step } from './run.ts';

const DEFAULT_RETRY = { intervalSeconds: 1, maxAttempts: 3, backoffRate: 2 };
/** Seconds; the most a retry waits whatever its rate. */
const LONGEST_RETRY_SECONDS = 31_622_400;

/** Any thrown value as the error of a state, with the place in its cause when the state itself is at fault. */
export function errorOf(step: Step, thrown: unknown): StateError {
  if (!(thrown instanceof StateError)) {
    const message = thrown instanceof Error ? thrown.message : asText(String(thrown));
    return new StateError('States.Runtime', located(step, message));
  }
  if (!thrown.ofState || thrown instanceof HistoryFull) return thrown;
  return new StateError(thrown.error, located(step, thrown.causeText ?? ''), false, thrown.location);
}

/** True for what no Retry and no Catch may see. */
export function isFinal(thrown: unknown): boolean {
  return thrown instanceof Cancelled || thrown instanceof HistoryFull;
}

/** Milliseconds until the next attempt, counted; undefined when there is none. */
export function nextRetry(step: Step, error: StateError): number | undefined {
  const { state, frame, run } = step;
  const position = state.Retry?.findIndex(({ ErrorEquals }) => matches(ErrorEquals, error.error)) ?? -1;
  const retrier = state.Retry?.[position];
  if (!retrier) return undefined;
  const attempts = frame.retries[position] ?? 0;
  if (attempts >= (retrier.MaxAttempts ?? DEFAULT_RETRY.maxAttempts)) return undefined;
  frame.retries = { ...frame.retries, [position]: attempts + 1 };
  frame.retryCount++;
  return delayOf(retrier, attempts, () => run.context.faults.random());
}

/** The outcome of the first Catch that takes the error, or undefined. */
export async function caught(step: Step, error: StateError): Promise<Outcome | undefined> {
  const catcher = step.state.Catch?.find(({ ErrorEquals }) => matches(ErrorEquals, error.error));
  if (!catcher) return undefined;
  const errorOutput = {
    Error: error.error,
    ...(error.causeText !== undefined && { Cause: error.causeText }),
  };
  const outcome = await withError(step, catcher, errorOutput);
  return { ...outcome, next: catcher.Next };
}

function delayOf(retrier: Retrier, attempts: number, random: () => number): number {
  const { IntervalSeconds, BackoffRate, MaxDelaySeconds, JitterStrategy } = retrier;
  const grown =
    (IntervalSeconds ?? DEFAULT_RETRY.intervalSeconds) *
    (BackoffRate ?? DEFAULT_RETRY.backoffRate) ** attempts;
  const seconds = Math.min(grown, MaxDelaySeconds ?? LONGEST_RETRY_SECONDS);
  return Math.round(seconds * 1_000 * (JitterStrategy === 'FULL' ? random() : 1));
}

/** The wildcards do not reach States.Runtime, which ends an execution, and not all reach the data limit. */
function matches(names: readonly string[], error: string): boolean {
  if (error === 'States.Runtime') return false;
  if (names.includes(error)) return true;
  if (error === 'States.DataLimitExceeded') return false;
  if (names.includes('States.ALL')) return true;
  if (error === 'States.HeartbeatTimeout' && names.includes('States.Timeout')) return true;
  return error !== 'States.Timeout' && names.includes('States.TaskFailed');
}

function located({ name, frame }: Step, message: string): string {
  return `An error occurred while executing the state '${name}' (entered at the event id #${frame.entered?.event ?? 0}). ${message}`;
}
