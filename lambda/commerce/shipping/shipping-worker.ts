/** Consumer `shipping-worker`: finds a carrier for an order, and tells it not to come. */
import { ShipmentArranged, ShipmentCancelled } from '../../../catalog/commerce/index.ts';
import type { ArrangeShipping, CancelShipping, shippingCommands } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import { derivedId } from '../derived-id.ts';
import { changeOrder, lockOrder } from '../orders/order.ts';
import { compensate, done, failed, runStep } from '../saga/saga-step.ts';
import type { SagaWorker } from '../saga/saga-step.ts';

type Context = Pick<HandlerContext, 'logger'>;

/** ISO 3166-1 leaves XX to users: no carrier goes there. */
const NO_CARRIER: ReadonlySet<string> = new Set(['XX']);
const CARRIER = 'parcel';

/** @throws what the database or Step Functions threw: the command comes again */
export async function workOnShipping(
  worker: SagaWorker,
  command: EnvelopeOf<(typeof shippingCommands)[number]>,
  context: Context,
): Promise<void> {
  return command.eventType === 'ArrangeShipping'
    ? arrange(worker, command, context)
    : cancel(worker, command, context);
}

async function arrange(
  worker: SagaWorker,
  command: EnvelopeOf<typeof ArrangeShipping>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId, country } = command.data;
  await runStep(worker, command, context, {
    step: 'ArrangeShipping',
    prepare: async () => undefined,
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      if (NO_CARRIER.has(country)) return failed('SHIPPING_REFUSED');
      const shipmentId = derivedId('shp', orderId);
      await tx.query(
        `insert into shipment (shipment_id, order_id, tenant_id, customer_id, carrier, country, status)
         values ($1, $2, $3, $4, '${CARRIER}', $5, 'arranged')`,
        [shipmentId, orderId, tenantId, customerId, country],
      );
      const data = { orderId, customerId, shipmentId, carrier: CARRIER, country };
      await changeOrder(tx, order, [emit(ShipmentArranged, { tenantId, causedBy: command, data })]);
      return done({ shipmentId });
    },
  });
}

async function cancel(
  worker: SagaWorker,
  command: EnvelopeOf<typeof CancelShipping>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  await compensate(worker, command, context, {
    compensation: 'CancelShipping',
    undoes: ['ArrangeShipping'],
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      const [shipment] = await rowsOf<{ readonly shipmentId: string }>(
        tx,
        `update shipment set status = 'cancelled' where order_id = $1 and status = 'arranged'
         returning shipment_id as "shipmentId"`,
        [orderId],
      );
      if (shipment === undefined) return done({ cancelled: false });
      const data = { orderId, customerId, ...shipment };
      await changeOrder(tx, order, [emit(ShipmentCancelled, { tenantId, causedBy: command, data })]);
      return done({ cancelled: true });
    },
  });
}
