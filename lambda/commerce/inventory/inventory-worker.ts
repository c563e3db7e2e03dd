/** Consumer `inventory-worker`: sets the goods of an order aside, and gives them back. */
import {
  InventoryReleased,
  InventoryReserved,
  StockShortageDetected,
} from '../../../catalog/commerce/index.ts';
import type {
  inventoryCommands,
  ReleaseInventory,
  ReserveInventory,
  StockItem,
} from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import { derivedId } from '../derived-id.ts';
import { changeOrder, lockOrder } from '../orders/order.ts';
import { compensate, done, failed, runStep } from '../saga/saga-step.ts';
import type { SagaWorker } from '../saga/saga-step.ts';
import { bySku, putBack, setAside } from './stock.ts';

type Context = Pick<HandlerContext, 'logger'>;

/** @throws what the database or Step Functions threw: the command comes again */
export async function workOnInventory(
  worker: SagaWorker,
  command: EnvelopeOf<(typeof inventoryCommands)[number]>,
  context: Context,
): Promise<void> {
  return command.eventType === 'ReserveInventory'
    ? reserve(worker, command, context)
    : release(worker, command, context);
}

async function reserve(
  worker: SagaWorker,
  command: EnvelopeOf<typeof ReserveInventory>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  const items = [...bySku(command.data.items)];
  await runStep(worker, command, context, {
    step: 'ReserveInventory',
    prepare: async () => undefined,
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      const shortage = await setAside(tx, tenantId, items);
      if (shortage !== undefined) {
        const data = { orderId, ...shortage };
        await changeOrder(tx, order, [emit(StockShortageDetected, { tenantId, causedBy: command, data })]);
        return failed('STOCK_SHORTAGE');
      }
      const reservationId = derivedId('rsv', orderId);
      await tx.query(
        `insert into stock_reservation (reservation_id, order_id, tenant_id, customer_id, items, status)
         values ($1, $2, $3, $4, $5, 'reserved')`,
        [reservationId, orderId, tenantId, customerId, JSON.stringify(items)],
      );
      const data = { orderId, customerId, reservationId, items };
      await changeOrder(tx, order, [emit(InventoryReserved, { tenantId, causedBy: command, data })]);
      return done({ reservationId });
    },
  });
}

async function release(
  worker: SagaWorker,
  command: EnvelopeOf<typeof ReleaseInventory>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  await compensate(worker, command, context, {
    compensation: 'ReleaseInventory',
    undoes: ['ReserveInventory'],
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      const [reservation] = await rowsOf<{ readonly reservationId: string; readonly items: StockItem[] }>(
        tx,
        `update stock_reservation set status = 'released' where order_id = $1 and status = 'reserved'
         returning reservation_id as "reservationId", items`,
        [orderId],
      );
      if (reservation === undefined) return done({ released: false });
      await putBack(tx, tenantId, reservation.items);
      const data = { orderId, customerId, ...reservation };
      await changeOrder(tx, order, [emit(InventoryReleased, { tenantId, causedBy: command, data })]);
      return done({ released: true });
    },
  });
}
