/** The events of the bench: about 500 bytes, 1,000 keys taking turns. */
import type { EncodedMessage } from '../../lambda/runtime/types.ts';
import { uuidv7 } from '../../lib/contracts/index.ts';

export const KEYS = 1_000;
const PADDING = 'x'.repeat(200);

export function events(count: number): EncodedMessage[] {
  return Array.from({ length: count }, (_, index) => event(index));
}

export function event(index: number): EncodedMessage {
  const eventId = uuidv7();
  const key = index % KEYS;
  const fields = {
    eventId,
    eventType: 'OrderPlaced',
    eventVersion: '1.0',
    source: 'ecommerce.orders',
    tenantId: `tenant-${key % 5}`,
  };
  const body = JSON.stringify({
    ...fields,
    timestamp: '2026-11-21T03:00:00.000Z',
    correlationId: eventId,
    causationId: null,
    data: { index, orderId: `order-${index}`, customerId: `customer-${key}`, note: PADDING },
    metadata: { hopCount: 0 },
  });
  return { ...fields, orderingKey: `${fields.tenantId}#customer-${key}`, priority: 'normal', body };
}
