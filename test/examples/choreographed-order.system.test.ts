/**
 * The choreographed order saga, deployed: whatever happens to messages and functions, each order ends shipped or with
 * everything undone, and each thing happens once.
 */
import { rmSync } from 'node:fs';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import type { InputOf } from 'waybill/contracts';
import { expectDelivery, proveAssembly, readAssembly, startAws } from 'waybill/testing';
import type { TestAws } from 'waybill/testing';
import { OrderPlaced, PaymentCaptured } from '../../catalog/index.ts';
import { orderFlowEvents } from '../../examples/choreographed-order/events.ts';
import type { FlowEnvelope, FlowEvent } from '../../examples/choreographed-order/participant.ts';
import { fraud } from '../../examples/choreographed-order/services/fraud.ts';
import { inventory } from '../../examples/choreographed-order/services/inventory.ts';
import { orders } from '../../examples/choreographed-order/services/orders.ts';
import { payments } from '../../examples/choreographed-order/services/payments.ts';
import { shipping } from '../../examples/choreographed-order/services/shipping.ts';
import { ChoreographedOrderStack } from '../../examples/choreographed-order/stack.ts';

type Order = InputOf<typeof OrderPlaced>;
type EventName = FlowEvent['name'];

/** Inside the project, so that the functions find its node_modules. */
const outdir = `.waybill/test-choreographed-order-${process.pid}`;
const participants = {
  Payments: payments,
  Fraud: fraud,
  Inventory: inventory,
  Shipping: shipping,
  Orders: orders,
};
let aws: TestAws;
let paymentsBook: string;
/** Every event that a function put on the bus, as often as it did. */
let published: FlowEnvelope[];

beforeAll(async () => {
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  new ChoreographedOrderStack(app, 'ChoreographedOrder');
  app.synth();

  aws = await startAws({ frozen: true, seed: 7 });
  const { resources } = await aws.deploy(outdir);
  paymentsBook = resources.find(({ logicalId }) => logicalId.startsWith('PaymentsBook'))!.physicalId;
});

afterAll(async () => {
  await aws.stop();
  rmSync(outdir, { recursive: true, force: true });
});

beforeEach(() => {
  published = [];
  aws.faults.clear();
  aws.functionFaults.clear();
  // Nothing goes wrong by it: it only looks at the calls.
  aws.faults.add({
    service: 'events',
    action: 'PutEvents',
    matches({ input }) {
      const { Entries } = input as { Entries: readonly { Detail: string }[] };
      published.push(...Entries.map(({ Detail }) => JSON.parse(Detail) as FlowEnvelope));
      return false;
    },
    effect: { kind: 'throttle' },
  });
});

const SHIPPED = [
  'OrderPlaced',
  'PaymentReserved',
  'OrderScreened',
  'InventoryReserved',
  'ShipmentArranged',
  'PaymentCaptured',
  'OrderConfirmed',
  'OrderShipped',
] as const;
/** What is different in the order; what is said until it ends; why it is cancelled. */
const WAYS: readonly {
  readonly way: string;
  readonly order: Partial<Order>;
  readonly events: readonly EventName[];
  readonly reason?: string;
}[] = [
  { way: 'all goes well', order: {}, events: SHIPPED },
  {
    way: 'the payment is declined',
    order: { paymentMethod: 'card-declined' },
    events: ['OrderPlaced', 'PaymentFailed', 'OrderCancelled'],
    reason: 'PAYMENT_DECLINED',
  },
  {
    way: 'it looks like fraud',
    order: { paymentMethod: 'card-stolen' },
    events: ['OrderPlaced', 'PaymentReserved', 'OrderScreened', 'PaymentRefunded', 'OrderCancelled'],
    reason: 'FRAUD_SUSPECTED',
  },
  {
    way: 'goods are missing',
    order: { items: [{ sku: 'out-of-stock', quantity: 2, unitPrice: null }] },
    events: [...SHIPPED.slice(0, 3), 'StockShortageDetected', 'PaymentRefunded', 'OrderCancelled'],
    reason: 'STOCK_SHORTAGE',
  },
  {
    way: 'no carrier goes there',
    order: { shippingCountry: 'XX' },
    events: [
      ...SHIPPED.slice(0, 4),
      'ShipmentRefused',
      'InventoryReleased',
      'PaymentRefunded',
      'OrderCancelled',
    ],
    reason: 'SHIPPING_REFUSED',
  },
];

describe('an order', () => {
  test.each(WAYS)('of which $way', async ({ way, order, events, reason }) => {
    const orderId = `quiet-${way.replaceAll(' ', '-')}`;
    await place(orderId, order);
    await aws.settled();

    expect(published.map(({ eventType }) => eventType)).toEqual(events);
    expect(endOf(orderId)).toEqual(reason ?? 'shipped');
    expect(aws.denied()).toEqual([]);
  });

  test.each([
    ['goes well', {}, 13],
    ['no carrier accepts', { shippingCountry: 'XX' }, 14],
  ])(
    'that %s takes eight events, and the messages to queues that its README says',
    async (way, order, messages) => {
      const delivered = () =>
        aws
          .eventBus('Bus')
          .deliveries()
          .filter(({ outcome }) => outcome === 'delivered').length;
      const before = delivered();
      await place(`counted-${messages}`, order);
      await aws.settled();

      expect([way, published.length, delivered() - before]).toEqual([way, 8, messages]);
    },
  );

  test('whose reservation is lost before the money is taken is undone in reverse order', async () => {
    const orderId = 'lost';
    const holdUp = aws.functionFaults.add({
      functionName: nameOf('Shipping'),
      fault: { kind: 'fail' },
    });
    await place(orderId);
    await aws.settled();
    const dynamodb = new DynamoDBClient(aws.clientConfig);
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: paymentsBook,
        Key: { order: { S: `acme#${orderId}` } },
        UpdateExpression: 'REMOVE PaymentReserved',
      }),
    );
    dynamodb.destroy();
    holdUp();
    await untilEnded([orderId]);

    expect(published.map(({ eventType }) => eventType).slice(4)).toEqual([
      'ShipmentArranged',
      'PaymentFailed',
      'ShipmentCancelled',
      'InventoryReleased',
      'PaymentRefunded',
      'OrderCancelled',
    ]);
  });
});

describe('with messages that come twice, late and in another order, and functions that crash', () => {
  const placed = Array.from({ length: 10 }, (_, index) => ({
    orderId: `rough-${index}`,
    ...WAYS[index % WAYS.length]!,
  }));

  test('every order ends, and each thing happens once', async () => {
    aws.faults.add({ service: 'sqs', action: 'Deliver', probability: 0.3, effect: { kind: 'duplicate' } });
    aws.faults.add({ service: 'sqs', action: 'Deliver', probability: 0.3, effect: { kind: 'reorder' } });
    aws.faults.add({
      service: 'dynamodb',
      action: 'UpdateItem',
      probability: 0.05,
      effect: { kind: 'drop-response' },
    });
    aws.faults.add({
      service: 'events',
      action: 'PutEvents',
      probability: 0.05,
      effect: { kind: 'drop-response' },
    });
    for (const functionName of Object.keys(participants).map(nameOf)) {
      aws.functionFaults.add({ functionName, fault: { kind: 'crash-during' }, from: 2, times: 1 });
      aws.functionFaults.add({ functionName, fault: { kind: 'lose-response' }, from: 4, times: 1 });
    }
    // Few at a time: on a busy machine it takes long until everything is quiet.
    for (const { orderId, order } of placed) {
      await place(orderId, order);
      await aws.settled();
    }
    await untilEnded(placed.map(({ orderId }) => orderId));

    for (const { orderId, reason } of placed) {
      expect([orderId, endOf(orderId)]).toEqual([orderId, reason ?? 'shipped']);
      expectUndoneOrDone(orderId);
    }
    expect(aws.faults.injected()['sqs.Deliver duplicate']).toBeGreaterThan(10);
    expect(aws.functionFaults.injected()).toMatchObject({ 'crash-during': 5, 'lose-response': 5 });
    expect(published.length).toBeGreaterThan(new Set(published.map(({ eventId }) => eventId)).size);
    expect(aws.denied()).toEqual([]);

    // What was said once is said again, the last first, as by a replay gone wrong: nothing new comes of it.
    aws.functionFaults.clear();
    const known = new Set(published.map(({ eventId }) => eventId));
    for (const event of published.toReversed()) {
      const { source, eventType: detailType } = event;
      await aws.eventBus('Bus').putEvent({ source, detailType, detail: event });
      await aws.settled();
    }
    await untilQuiet();
    expect(published.filter(({ eventId }) => !known.has(eventId))).toEqual([]);
  });
});

describe('by the templates', () => {
  test('every event reaches every service that reacts to it, from every service that says it', () => {
    const assembly = readAssembly(outdir);
    for (const contract of orderFlowEvents) {
      const publishers = named(({ publishes }) => publishes.includes(contract));
      const from = contract === OrderPlaced ? ['PlaceOrder'] : publishers;
      expect(from).toHaveLength(1);
      for (const to of named(({ reactsTo }) => reactsTo.includes(contract))) {
        expectDelivery(assembly)
          .of(contract)
          .from(from[0]!)
          .reaches(to)
          .deadLettersTo(`${to}/DeadLetterQueue`);
      }
    }
    expectDelivery(assembly).of(PaymentCaptured).from('Payments').isForbiddenFor('Inventory/Queue');
  });

  test('no claim of the topology is broken', () => {
    const proofs = proveAssembly(readAssembly(outdir));
    expect(proofs.length).toBeGreaterThan(50);
    expect(
      proofs.flatMap(({ claim, breaks }) => breaks.map(({ message }) => `${claim}: ${message}`)),
    ).toEqual([]);
  });
});

async function place(orderId: string, differences: Partial<Order> = {}): Promise<void> {
  const [example] = OrderPlaced.examples as readonly Order[];
  const order = { ...example!, orderId, customerId: `of-${orderId}`, ...differences };
  await aws.function('PlaceOrder').invoke({ tenantId: 'acme', order });
}

function nameOf(participant: string): string {
  return aws.function(participant).arn.split(':').at(-1)!;
}

function named(has: (participant: (typeof participants)['Payments']) => boolean): string[] {
  return Object.entries(participants).flatMap(([name, participant]) => (has(participant) ? [name] : []));
}

function eventsOf(orderId: string): FlowEnvelope[] {
  return published.filter(({ data }) => data.orderId === orderId);
}

/** `shipped`, or why it was cancelled; undefined for an order that is under way. */
function endOf(orderId: string): string | undefined {
  const ends = new Set(
    eventsOf(orderId).flatMap((event) => {
      if (event.eventType === 'OrderShipped') return ['shipped'];
      return event.eventType === 'OrderCancelled' ? [event.data.reason] : [];
    }),
  );
  expect(ends.size).toBeLessThan(2);
  return [...ends][0];
}

const UNDONE_BY = [
  ['ShipmentArranged', 'ShipmentCancelled'],
  ['InventoryReserved', 'InventoryReleased'],
  ['PaymentReserved', 'PaymentRefunded'],
] as const;

function expectUndoneOrDone(orderId: string): void {
  const events = eventsOf(orderId);
  const types = [...new Set(events.map(({ eventType }) => eventType))];
  // Said again is said with the same id.
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(types.length);
  const shipped = types.includes('OrderShipped');
  expect(types.includes('PaymentCaptured')).toBe(shipped);
  const said = (type: EventName) => types.includes(type);
  for (const [done, undone] of UNDONE_BY)
    expect([undone, said(undone)]).toEqual([undone, !shipped && said(done)]);
  const undoing: readonly EventName[] = [...UNDONE_BY.map(([, undone]) => undone), 'OrderCancelled'];
  const inOrder = types.filter((type) => undoing.includes(type));
  expect(inOrder).toEqual(undoing.filter((type) => said(type)));
}

async function untilEnded(orderIds: readonly string[]): Promise<void> {
  const open = () => orderIds.filter((orderId) => endOf(orderId) === undefined);
  await aws.settled();
  for (let round = 0; open().length > 0 && round < 20; round++) await aws.clock.advance({ minutes: 5 });
  expect(open()).toEqual([]);
  await untilQuiet();
}

/** Until the queues are empty, of late duplicates too. None of them gives up. */
async function untilQuiet(): Promise<void> {
  const left = (name: string) =>
    Object.values(aws.queue(`${name}/Queue`).counts()).reduce((a, b) => a + b, 0);
  const names = Object.keys(participants);
  await aws.settled();
  for (let round = 0; names.some((name) => left(name) > 0) && round < 20; round++) {
    await aws.clock.advance({ minutes: 5 });
  }
  for (const name of names) {
    expect([name, left(name), aws.queue(`${name}/DeadLetterQueue`).messages()]).toEqual([name, 0, []]);
  }
}
