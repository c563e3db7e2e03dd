/** The shop: an order is paid, and a carrier fetches it. */
import { createEnvelope } from 'waybill/contracts';
import type { InputOf } from 'waybill/contracts';
import { publisherFromEnvironment } from 'waybill/runtime';
import { OrderConfirmed, ShipmentArranged } from '../../../catalog/commerce/index.ts';

export interface Fulfilled {
  readonly tenantId: string;
  readonly order: InputOf<typeof OrderConfirmed>;
  readonly shipment: InputOf<typeof ShipmentArranged>;
}

export async function handler({ tenantId, order, shipment }: Fulfilled): Promise<void> {
  const publisher = publisherFromEnvironment([OrderConfirmed, ShipmentArranged]);
  await publisher.publish(createEnvelope(OrderConfirmed, { tenantId, data: order }));
  await publisher.publish(createEnvelope(ShipmentArranged, { tenantId, data: shipment }));
}
