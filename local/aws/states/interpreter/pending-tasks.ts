/**
 * Tasks that somebody outside completes by a token: callbacks and activities.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
 */
import { randomUUID } from 'node:crypto';
import { StateError } from '../language/state-error.ts';
import type { Json } from '../json.ts';
import { invalidToken, taskTimedOut } from '../errors.ts';

export interface PendingTask {
  readonly result: Promise<Json>;
  /** Calls back at each heartbeat. */
  onHeartbeat(beat: () => void): void;
  /** No longer waits: a later completion is told so. */
  close(): void;
}

export interface PendingTasks {
  newToken(executionArn: string): string;
  open(token: string): PendingTask;
  /** @throws AwsError `InvalidToken`, `TaskTimedOut` */
  succeed(token: string, output: Json): void;
  /** @throws AwsError `InvalidToken`, `TaskTimedOut` */
  fail(token: string, error: string | undefined, cause: string | undefined): void;
  /** @throws AwsError `InvalidToken`, `TaskTimedOut` */
  heartbeat(token: string): void;
  /** Offers an activity's task to its workers, in the order of the offers; the returned function takes it back. */
  offer(activityArn: string, task: OfferedTask): () => void;
  /** The next task of an activity; undefined when none came within the time or the caller went away. */
  poll(activityArn: string, wait: PollWait): Promise<OfferedTask | undefined>;
}

export interface OfferedTask {
  readonly token: string;
  readonly input: string;
  /** A worker took it. */
  readonly taken: (workerName: string | undefined) => void;
}

/** Calls back when a poll has waited long enough; the returned function takes that back. */
export type PollWait = (giveUp: () => void) => () => void;

interface Waiting {
  readonly resolve: (output: Json) => void;
  readonly reject: (error: StateError) => void;
  beat: () => void;
}

export function createPendingTasks(): PendingTasks {
  const waiting = new Map<string, Waiting>();
  const offers = new Map<string, Set<OfferedTask>>();
  const polls = new Map<string, Set<(task: OfferedTask) => void>>();

  const existing = (token: string): Waiting => {
    const found = waiting.get(token);
    if (found) return found;
    throw isToken(token) ? taskTimedOut() : invalidToken();
  };
  return {
    newToken: (executionArn) =>
      Buffer.from(JSON.stringify({ e: executionArn, t: randomUUID() })).toString('base64'),
    open(token) {
      const { promise, resolve, reject } = Promise.withResolvers<Json>();
      // Who waits may give up before the completion comes.
      promise.catch(() => undefined);
      const entry: Waiting = { resolve, reject, beat: () => undefined };
      waiting.set(token, entry);
      return {
        result: promise,
        onHeartbeat(beat) {
          entry.beat = beat;
        },
        close: () => void waiting.delete(token),
      };
    },
    succeed(token, output) {
      existing(token).resolve(output);
      waiting.delete(token);
    },
    fail(token, error, cause) {
      existing(token).reject(new StateError(error ?? '', cause));
      waiting.delete(token);
    },
    heartbeat: (token) => existing(token).beat(),
    offer(activityArn, task) {
      const [poll] = polls.get(activityArn) ?? [];
      if (poll) {
        poll(task);
        return () => undefined;
      }
      const queue = offers.get(activityArn) ?? new Set();
      offers.set(activityArn, queue.add(task));
      return () => queue.delete(task);
    },
    poll(activityArn, wait) {
      const queue = offers.get(activityArn);
      const [first] = queue ?? [];
      if (first) {
        queue?.delete(first);
        return Promise.resolve(first);
      }
      return new Promise((resolve) => {
        const known = polls.get(activityArn) ?? new Set();
        const take = (task: OfferedTask | undefined): void => {
          known.delete(take);
          forget();
          resolve(task);
        };
        const forget = wait(() => take(undefined));
        polls.set(activityArn, known.add(take));
      });
    },
  };
}

function isToken(text: string): boolean {
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString()) as { readonly e?: unknown } | null;
    return typeof parsed?.e === 'string';
  } catch {
    return false;
  }
}
