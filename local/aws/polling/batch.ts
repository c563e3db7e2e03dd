/** What pollers hand on, and what they hear about it. A function's mapping and a pipe are the two that listen. */

/** What became of a batch. */
export type BatchOutcome =
  | { readonly kind: 'succeeded'; readonly answer?: string }
  /** Those items failed, by message id or sequence number; the others succeeded. */
  | { readonly kind: 'partial'; readonly failed: ReadonlySet<string>; readonly answer?: string }
  /** All of it failed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly failure?: InvocationFailure }
  /** Nobody saw it: it counts as no attempt, and is tried again. */
  | { readonly kind: 'throttled' };

/** The invocation that failed, for the record that a destination gets. */
export interface InvocationFailure {
  readonly requestId: string;
  readonly statusCode: number;
  readonly functionError: string;
}

/** What a poller counts, in the words of the metrics of an event source mapping. */
export type PollCount =
  | 'PolledEventCount'
  | 'FilteredOutEventCount'
  | 'InvokedEventCount'
  | 'FailedInvokeEventCount'
  | 'DroppedEventCount'
  | 'OnFailureDestinationDeliveredEventCount'
  | 'DeletedEventCount';

export type CountPolled = (name: PollCount, count: number) => void;

/** A running poller. */
export interface Poller {
  /** Batches that are being processed now. */
  inFlight(): number;
  /** Stops reading and waits for the running batches. */
  close(): Promise<void>;
}

/** Bytes of the payload of a synchronous invocation. lambda/latest/dg/gettingstarted-limits.html */
export const PAYLOAD_BYTES = 6 * 1024 * 1024;
/** Room for `{"Records":[]}` around the records of a batch. */
export const ENVELOPE_BYTES = 64;
