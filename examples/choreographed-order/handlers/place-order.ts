/** Where orders come from. Who calls it has checked who the customer is, and gives the tenant. */
import { createEnvelope } from 'waybill/contracts';
import type { InputOf } from 'waybill/contracts';
import { publisherFromEnvironment } from 'waybill/runtime';
import { OrderPlaced } from '../../../catalog/commerce/index.ts';

export interface PlaceOrder {
  readonly tenantId: string;
  readonly order: InputOf<typeof OrderPlaced>;
}

export async function handler({ tenantId, order }: PlaceOrder): Promise<void> {
  const publisher = publisherFromEnvironment([OrderPlaced]);
  await publisher.publish(createEnvelope(OrderPlaced, { tenantId, data: order }));
}
