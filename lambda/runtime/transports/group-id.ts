/** Message group ids and deduplication ids (D8). */
import { createHash } from 'node:crypto';
import type { EncodedMessage } from '../types.ts';
import { MAX_GROUP_ID_LENGTH } from './limits.ts';

export interface DeliveryIds {
  readonly MessageGroupId: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * | target | MessageGroupId | MessageDeduplicationId |
 * |---|---|---|
 * | FIFO | the ordering key | the eventId, never a hash of the body |
 * | standard | the tenant, for fair queues | none: SNS standard topics refuse one |
 */
export function deliveryIds(message: EncodedMessage, fifo: boolean): DeliveryIds {
  return fifo
    ? { MessageGroupId: groupIdOf(message), MessageDeduplicationId: message.eventId }
    : { MessageGroupId: message.tenantId };
}

/**
 * The ordering key as a group id: at most 128 characters of letters, digits and punctuation (SQS API,
 * SendMessage). A key that does not fit is hashed behind its tenant, so that equal keys stay in one group.
 */
export function groupIdOf({ orderingKey, tenantId }: EncodedMessage): string {
  if (orderingKey.length <= MAX_GROUP_ID_LENGTH && /^[\x21-\x7e]+$/.test(orderingKey)) return orderingKey;
  return `${tenantId}#${createHash('sha256').update(orderingKey).digest('hex').slice(0, 40)}`;
}

/** FIFO topics and queues are told by their name. Source: SQS API, CreateQueue; SNS API, CreateTopic. */
export function isFifo(arnOrUrl: string): boolean {
  return arnOrUrl.endsWith('.fifo');
}
