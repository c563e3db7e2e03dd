/** The carrier: where to drive. */
import { consume } from 'waybill/runtime';
import { ShipmentArranged } from '../../../catalog/commerce/index.ts';

export const handler = consume(ShipmentArranged, ({ data }, { logger }) => {
  logger.info('pickup planned', { shipmentId: data.shipmentId, country: data.country });
});
