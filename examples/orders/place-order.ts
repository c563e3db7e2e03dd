/** The publisher: what the orders service does when an order is placed. */
import { createEnvelope } from 'waybill/contracts';
import type { InputOf } from 'waybill/contracts';
import { createPublisher } from 'waybill/runtime';
import type { Transport } from 'waybill/runtime';
import { OrderPlaced } from './events.ts';

/** In AWS the transport is `snsTransport({ topicArn })`; in a test it is `memoryTransport()`. */
export async function placeOrder(
  transport: Transport,
  tenantId: string,
  order: InputOf<typeof OrderPlaced>,
): Promise<string> {
  const publisher = createPublisher({ contracts: [OrderPlaced], transport });
  const placed = createEnvelope(OrderPlaced, { tenantId, data: order });
  await publisher.publish(placed);
  return placed.eventId;
}
