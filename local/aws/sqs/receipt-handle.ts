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
  const text = `${queueToken} ${message.key} ${message.receipt} ${message.messageId}`;
  return Buffer.from(text).toString('base64');
}

/** Reads a handle of this queue; throws `ReceiptHandleIsInvalid` for anything else. */
export function parseReceiptHandle(queueToken: string, handle: string): Receipt {
  const [token, key, receipt, messageId] = Buffer.from(handle, 'base64').toString('utf8').split(' ');
  if (token !== queueToken || messageId === undefined) throw receiptHandleIsInvalid(handle);
  return { key: Number(key), receipt: Number(receipt) };
}
