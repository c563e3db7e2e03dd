/**
 * Receive attempt ids of FIFO queues: a receive repeated with the same id, because its answer was lost, gets the
 * same messages with the same receipt handles, as long as none of them was deleted, changed or ran out.
 * API reference, ReceiveMessage, ReceiveRequestAttemptId
 */
import { RECEIVE_ATTEMPT_MILLISECONDS } from './limits.ts';
import type { StoredMessage } from './message.ts';

interface Attempt {
  readonly at: number;
  readonly taken: readonly { readonly message: StoredMessage; readonly receipt: number; dueAt: number }[];
}

export interface ReceiveAttempts {
  /** The messages of the earlier receive with this id, or undefined when it can't be repeated. */
  repeat(attemptId: string, now: number): readonly StoredMessage[] | undefined;
  remember(attemptId: string, messages: readonly StoredMessage[], now: number): void;
}

export function createReceiveAttempts(): ReceiveAttempts {
  const attempts = new Map<string, Attempt>();
  return {
    repeat(attemptId, now) {
      for (const [id, { at }] of attempts) {
        if (at + RECEIVE_ATTEMPT_MILLISECONDS > now) break;
        attempts.delete(id);
      }
      const attempt = attempts.get(attemptId);
      const unchanged = attempt?.taken.every(
        ({ message, receipt, dueAt }) =>
          message.state === 'in-flight' && message.receipt === receipt && message.dueAt === dueAt,
      );
      return unchanged ? attempt?.taken.map(({ message }) => message) : undefined;
    },
    remember(attemptId, messages, now) {
      const taken = messages.map((message) => ({ message, receipt: message.receipt, dueAt: message.dueAt }));
      // A repetition moves the visibility timeout, not the five minutes.
      const at = attempts.get(attemptId)?.at ?? now;
      attempts.set(attemptId, { at, taken });
    },
  };
}
