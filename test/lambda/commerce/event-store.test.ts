import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  OrderCancelled,
  OrderConfirmed,
  OrderPlaced,
  OrderPlacedV1,
  PaymentReserved,
  ShipmentArranged,
} from '../../../catalog/commerce/index.ts';
import { appendToOrder, rebuildOrder } from '../../../lambda/commerce/orders/event-store.ts';
import type { OrderStreamEvent } from '../../../lambda/commerce/orders/order-state.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, InputOf } from '../../../lib/contracts/index.ts';
import { useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
beforeEach(() => {
  system = commerce();
});

const IDS = { orderId: 'ord_1', customerId: 'cus_1' };
const TOTAL = { minorUnits: 4990, currency: 'EUR' };

function eventOf<Contract extends AnyEventContract>(
  contract: Contract,
  data: InputOf<Contract>,
): OrderStreamEvent {
  return createEnvelope(contract, { tenantId: 'tenant-1', data }) as unknown as OrderStreamEvent;
}

const placed = () => eventOf(OrderPlaced, { ...OrderPlaced.examples[0]!, ...IDS });
const reserved = () => eventOf(PaymentReserved, { ...IDS, paymentId: 'pay_1', amount: TOTAL });
const arranged = () =>
  eventOf(ShipmentArranged, { ...IDS, shipmentId: 'shp_1', carrier: 'parcel', country: 'DE' });
const confirmed = () => eventOf(OrderConfirmed, { ...IDS, items: [], total: TOTAL, paymentId: 'pay_1' });
const cancelled = () => eventOf(OrderCancelled, { ...IDS, reason: 'STOCK_SHORTAGE' });

const append = async (events: readonly OrderStreamEvent[]) =>
  system.service.database.transaction(async (tx) =>
    appendToOrder(tx, IDS.orderId, await rebuildOrder(tx, IDS.orderId), events),
  );
const rebuild = (options?: Parameters<typeof rebuildOrder>[2]) =>
  rebuildOrder(system.service.database, IDS.orderId, options);

describe('the event store of orders', () => {
  test('rebuilds an order from its events, with the version of the last', async () => {
    await append([placed()]);
    await append([reserved(), arranged()]);

    expect(await rebuild()).toMatchObject({
      version: 3,
      state: { ...IDS, status: 'PLACED', payment: 'reserved', shipment: 'arranged', endedAt: null },
    });
    expect(await rebuildOrder(system.service.database, 'ord_unknown')).toBeUndefined();
  });

  test('of two writers that decided on one version, one is refused and stores nothing', async () => {
    const first = await append([placed()]);
    const write = (event: OrderStreamEvent) =>
      system.service.database.transaction((tx) => appendToOrder(tx, IDS.orderId, first, [event]));

    const outcomes = await Promise.allSettled([write(reserved()), write(cancelled())]);

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual([
      'WAYBILL_ORDER_VERSION_CONFLICT',
    ]);
    expect((await rebuild())?.version).toBe(2);
  });

  test('refuses a version that leaves a gap, and a second placing', async () => {
    const first = await append([placed()]);

    const ahead = system.service.database.transaction((tx) =>
      appendToOrder(tx, IDS.orderId, { ...first, version: 7 }, [reserved()]),
    );
    await expect(ahead).rejects.toMatchObject({ code: 'WAYBILL_ORDER_VERSION_CONFLICT' });
    await expect(append([placed()])).rejects.toMatchObject({ code: 'WAYBILL_ORDER_STREAM_INVALID' });
  });

  test('an order as it was at any time: each event shows from the moment it was stored', async () => {
    const all = [placed(), reserved(), arranged(), confirmed(), cancelled()];
    for (const event of all) await append([event]);
    const times = await system.rows<{ at: Date }>(
      `select recorded_at + interval '1 millisecond' as at from order_event order by version`,
    );
    // Stored further apart than a Date can tell.
    await system.rows(
      `update order_event set recorded_at = $1::timestamptz + version * interval '1 minute'`,
      times[0]!.at,
    );
    await system.rows(
      `update order_snapshot s set recorded_at = e.recorded_at from order_event e
        where e.order_id = s.order_id and e.version = s.version`,
    );
    const at = (minutes: number) => new Date(times[0]!.at.getTime() + minutes * 60_000 + 1);

    expect(await rebuild({ until: at(0) })).toBeUndefined();
    for (const version of [1, 2, 3, 4, 5]) {
      expect((await rebuild({ until: at(version) }))?.version).toBe(version);
    }
    expect((await rebuild({ until: at(2) }))?.state).toMatchObject({ payment: 'reserved', shipment: 'none' });
    expect((await rebuild({ until: at(4) }))?.state).toMatchObject({ status: 'CONFIRMED', reason: null });
    expect((await rebuild())?.state).toMatchObject({ status: 'CANCELLED', reason: 'STOCK_SHORTAGE' });
  });

  test('a snapshot is taken every five events, is what the events say, and is not needed', async () => {
    await append([placed(), reserved(), arranged(), confirmed()]);
    expect(await system.rows('select 1 from order_snapshot')).toEqual([]);
    await append([cancelled()]);
    expect(await system.rows('select version from order_snapshot')).toEqual([{ version: 5 }]);

    const [withSnapshot, without] = [await rebuild(), await rebuild({ snapshots: false })];
    expect(withSnapshot).toEqual(without);

    // That the snapshot is what is read: events before it are not looked at any more.
    await system.rows('delete from order_event where version < 5');
    expect(await rebuild()).toEqual(without);
  });

  test('events of version 1 are read as what they mean now', async () => {
    const old = createEnvelope(OrderPlacedV1, {
      tenantId: 'tenant-1',
      data: { ...IDS, items: [{ sku: 'mug-blue', quantity: 2 }], totalAmount: 29.9, currency: 'EUR' },
    });
    await system.rows(
      `insert into order_event (order_id, version, event_id, envelope) values ($1, 1, $2, $3)`,
      IDS.orderId,
      old.eventId,
      JSON.stringify(old),
    );

    expect((await rebuild())?.state).toMatchObject({
      total: { minorUnits: 2990, currency: 'EUR' },
      paymentMethod: 'card',
      items: [{ sku: 'mug-blue', quantity: 2, unitPrice: null }],
    });
  });
});
