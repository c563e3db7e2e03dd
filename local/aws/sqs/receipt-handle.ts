/** Receipt handles: opaque to callers, and good for one receive of one message in one queue. */
import { receiptHandleIsInvalid } from './errors.ts';
import type { StoredMessage } from './message.ts';

/** Which message and which receive of it a handle names. */
export interface Receipt {
  readonly key: number;
  readonly receipt: number;
}

/** `queueToken` differs between queues, also between a deleted queue and its successor of the same name. */
export function receiptHandle(queueToken: string, message: StoredMessage): string {
  return `${queueToken}/${message.key}/${message.receipt}`;
}

/** Reads a handle of this queue; throws `ReceiptHandleIsInvalid` for anything else. */
export function parseReceiptHandle(queueToken: string, handle: string): Receipt {
  if (!handle.startsWith(queueToken)) throw receiptHandleIsInvalid(handle);
  const numbers = /^\/(\d{1,16})\/(\d{1,10})$/.exec(handle.slice(queueToken.length));
  if (!numbers) throw receiptHandleIsInvalid(handle);
  return { key: Number(numbers[1]), receipt: Number(numbers[2]) };
}
