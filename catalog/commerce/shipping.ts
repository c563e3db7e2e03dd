/** What `shipping` publishes on the bus: shipments that are arranged with a carrier, and called off. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { CountryCode, example, Id } from './fields.ts';

export const Shipping = service('shipping', {
  source: 'ecommerce.shipping',
  description: 'Arranges shipments with carriers.',
});

const ofShipment = { orderId: Id, customerId: Id, shipmentId: Id };
const exampleOfShipment = {
  orderId: example.orderId,
  customerId: example.customerId,
  shipmentId: example.shipmentId,
};

export const ShipmentArranged = event('ShipmentArranged', {
  version: '1.0',
  source: Shipping.source,
  description: 'A carrier will fetch an order as soon as it is paid.',
  data: z.object({ ...ofShipment, carrier: z.string(), country: CountryCode }),
  orderingKey: 'orderId',
  traffic: { peakPerSecond: 280, averageBytes: 680 },
  examples: [{ ...exampleOfShipment, carrier: 'parcel', country: 'DE' }],
});

export const ShipmentCancelled = event('ShipmentCancelled', {
  version: '1.0',
  source: Shipping.source,
  description: 'A carrier was told not to come.',
  data: z.object(ofShipment),
  orderingKey: 'orderId',
  traffic: { peakPerSecond: 10, averageBytes: 620 },
  examples: [exampleOfShipment],
});

export const shippingEvents = [ShipmentArranged, ShipmentCancelled] as const;
