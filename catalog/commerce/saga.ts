/**
 * The commands of the order saga: envelopes that the state machine sends to the queue of a step, and whose
 * `taskToken` the worker answers. Compensations undo a step, also one that ran half or not at all.
 */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { CountryCode, example, exampleStock, Id, Money, PaymentMethod, StockItem } from './fields.ts';

export const OrderSaga = service('saga', {
  source: 'ecommerce.saga',
  description: 'The state machine that carries an order through payment, stock, shipping and back.',
});

/** What every command has. */
const ofStep = {
  orderId: Id,
  customerId: Id,
  /** Put in by the state machine, another for each attempt. Answered with SendTaskSuccess or SendTaskFailure. */
  taskToken: z.string(),
};
const exampleOfStep = {
  orderId: example.orderId,
  customerId: example.customerId,
  taskToken: 'AQCEAAAAKgAAAAMAAAAA',
};
/** What every declaration of a command says. */
const command = { version: '1.0', source: OrderSaga.source, orderingKey: 'customerId' } as const;

export const ReservePayment = event('ReservePayment', {
  ...command,
  description: 'Step 1: set the price of the order aside.',
  data: z.object({ ...ofStep, amount: Money, paymentMethod: PaymentMethod }),
  traffic: { peakPerSecond: 300, averageBytes: 1600 },
  examples: [{ ...exampleOfStep, amount: example.total, paymentMethod: 'card' }],
});

export const ScreenOrder = event('ScreenOrder', {
  ...command,
  description: 'Step 2: find out whether the order looks like fraud.',
  data: z.object({ ...ofStep, amount: Money, paymentMethod: PaymentMethod }),
  traffic: { peakPerSecond: 300, averageBytes: 1600 },
  examples: [{ ...exampleOfStep, amount: example.total, paymentMethod: 'card' }],
});

export const ReserveInventory = event('ReserveInventory', {
  ...command,
  description: 'Step 3: set the goods of the order aside.',
  data: z.object({ ...ofStep, items: z.array(StockItem) }),
  traffic: { peakPerSecond: 290, averageBytes: 1700 },
  examples: [{ ...exampleOfStep, items: exampleStock }],
});

export const ArrangeShipping = event('ArrangeShipping', {
  ...command,
  description: 'Step 4: find a carrier that will fetch the order.',
  data: z.object({ ...ofStep, country: CountryCode }),
  traffic: { peakPerSecond: 285, averageBytes: 1550 },
  examples: [{ ...exampleOfStep, country: 'DE' }],
});

export const CapturePayment = event('CapturePayment', {
  ...command,
  description: 'Step 5: take the price of the order. From here on nothing is undone.',
  data: z.object(ofStep),
  traffic: { peakPerSecond: 285, averageBytes: 1500 },
  examples: [exampleOfStep],
});

export const NotifyCustomer = event('NotifyCustomer', {
  ...command,
  description: 'Last step: the order has ended; record it and tell the customer.',
  data: z.object({
    ...ofStep,
    outcome: z.enum(['FULFILLED', 'CANCELLED']),
    /** The error name of the step that failed, as Step Functions gives it. Null for a fulfilled order. */
    reason: z.nullable(z.string()),
  }),
  traffic: { peakPerSecond: 300, averageBytes: 1550 },
  examples: [{ ...exampleOfStep, outcome: 'FULFILLED', reason: null }],
});

export const CancelShipping = event('CancelShipping', {
  ...command,
  description: 'Compensation of step 4: tell the carrier not to come.',
  data: z.object(ofStep),
  traffic: { peakPerSecond: 10, averageBytes: 1500 },
  examples: [exampleOfStep],
});

export const ReleaseInventory = event('ReleaseInventory', {
  ...command,
  description: 'Compensation of step 3: the goods may be sold again.',
  data: z.object(ofStep),
  traffic: { peakPerSecond: 20, averageBytes: 1500 },
  examples: [exampleOfStep],
});

export const RefundPayment = event('RefundPayment', {
  ...command,
  description: 'Compensation of steps 1 and 5: give back what was set aside or taken.',
  data: z.object(ofStep),
  traffic: { peakPerSecond: 20, averageBytes: 1500 },
  examples: [exampleOfStep],
});

export const sagaCommands = [
  ReservePayment,
  ScreenOrder,
  ReserveInventory,
  ArrangeShipping,
  CapturePayment,
  NotifyCustomer,
  CancelShipping,
  ReleaseInventory,
  RefundPayment,
] as const;

/** The steps of the saga by name. NotifyCustomer is two of them: its outcome differs. */
export const orderSagaSteps = {
  ReservePayment,
  ScreenOrder,
  ReserveInventory,
  ArrangeShipping,
  CapturePayment,
  NotifyFulfilled: NotifyCustomer,
  CancelShipping,
  ReleaseInventory,
  RefundPayment,
  NotifyCancelled: NotifyCustomer,
} as const;
export type OrderSagaStep = keyof typeof orderSagaSteps;

/**
 * The input of an execution, whose name is the order's id. Each command is a whole envelope with its own fixed
 * eventId, so that sending it again is the same event; the state machine adds `data.taskToken`, and to
 * NotifyCancelled the `data.reason`.
 */
export interface OrderSagaInput {
  readonly orderId: string;
  readonly tenantId: string;
  readonly customerId: string;
  /** Message group id of all commands: the tenant, `#` and the customer. */
  readonly orderingKey: string;
  readonly correlationId: string;
  readonly commands: Readonly<Record<OrderSagaStep, Envelope<Readonly<Record<string, unknown>>>>>;
}
