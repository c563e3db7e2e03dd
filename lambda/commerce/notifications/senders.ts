/** Who carries a notification to a customer, one for each channel. A real service takes a simulated one's place. */
import { createHash } from 'node:crypto';
import type { Channel, NotificationTemplate } from '../../../catalog/commerce/index.ts';

export interface Notification {
  /** The same for every try: the service sends once. */
  readonly idempotencyKey: string;
  readonly address: string;
  readonly template: NotificationTemplate;
  readonly orderId: string;
}

export interface NotificationSender {
  readonly channel: Channel;
  /** @returns the service's own id of what it sent. Throws to be tried again, PermanentError when no try can help. */
  send(notification: Notification, signal: AbortSignal): Promise<string>;
}

const RECEIPT_LENGTH = 16;

/** Sends nothing, and answers as a service would. */
export function simulatedSender(channel: Channel): NotificationSender {
  return {
    channel,
    async send({ idempotencyKey }) {
      const hash = createHash('sha256').update(`${channel} ${idempotencyKey}`).digest('hex');
      return hash.slice(0, RECEIPT_LENGTH);
    },
  };
}
