/**
 * The line of waiting messages: which one comes next. Standard and FIFO queues differ here and nowhere else.
 */
import type { StoredMessage } from './message.ts';

export interface Line {
  /** A message came into the queue, delayed or not. */
  enter(message: StoredMessage): void;
  /** A message left the queue for good. */
  remove(message: StoredMessage): void;
  /** A message became available: it is new, its delay ended, or it came back. */
  add(message: StoredMessage): void;
  /** Starts a receive. One receive may take several messages of one FIFO group. */
  begin(now: number): Receive;
  /** A message goes in flight: it was taken and not dead-lettered, or was in flight when the process ended. */
  hold(message: StoredMessage): void;
  /** A message that was in flight is so no more; called before {@link add} when it comes back. */
  release(message: StoredMessage, now: number): void;
  /** Groups, for the metrics. */
  groupCounts(now: number): { readonly noisy: ReadonlySet<string>; readonly inFlight: number };
}

export interface Receive {
  /** Takes the next message out of the line, or undefined when none is available. */
  next(): StoredMessage | undefined;
  /** Ends the receive. Must be called. */
  end(): void;
}
