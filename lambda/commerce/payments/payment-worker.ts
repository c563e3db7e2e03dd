/** Consumer `payment-worker`: reserves, captures and gives back the price of an order. */
import {
  OrderConfirmed,
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  PaymentReserved,
} from '../../../catalog/commerce/index.ts';
import type {
  CapturePayment,
  paymentCommands,
  RefundPayment,
  ReservePayment,
} from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { derivedId } from '../derived-id.ts';
import { changeOrder, lockOrder } from '../orders/order.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Transaction } from '../../service/unit-of-work.ts';
import { compensate, done, failed, runStep } from '../saga/saga-step.ts';
import type { SagaWorker } from '../saga/saga-step.ts';
import { raiseSystemError } from '../system-error.ts';
import type { PaymentProvider } from './provider.ts';

export interface PaymentWorker extends SagaWorker {
  readonly provider: PaymentProvider;
}

type PaymentCommand = EnvelopeOf<(typeof paymentCommands)[number]>;
type Context = Pick<HandlerContext, 'logger' | 'receiveCount' | 'signal'>;

/** Receives of a command after which people are told that the provider does not answer. */
const RECEIVES_BEFORE_ALARM = 3;

/** @throws PaymentProviderUnavailable and what the database threw: the command comes again */
export async function workOnPayment(
  worker: PaymentWorker,
  command: PaymentCommand,
  context: Context,
): Promise<void> {
  try {
    switch (command.eventType) {
      case 'ReservePayment':
        return await reserve(worker, command, context);
      case 'CapturePayment':
        return await capture(worker, command, context);
      case 'RefundPayment':
        return await refund(worker, command, context);
    }
  } catch (error) {
    // At that receive or later: at others the breaker may have been open. It is told once all the same.
    if (isUnavailable(error) && context.receiveCount >= RECEIVES_BEFORE_ALARM) {
      await raiseSystemError(
        worker.service,
        'payment-worker',
        'PAYMENT_PROVIDER_UNAVAILABLE',
        command,
        command.data.orderId,
      );
    }
    throw error;
  }
}

async function reserve(
  worker: PaymentWorker,
  command: EnvelopeOf<typeof ReservePayment>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId, amount, paymentMethod } = command.data;
  await runStep(worker, command, context, {
    step: 'ReservePayment',
    prepare: () =>
      worker.provider.reserve({ idempotencyKey: orderId, amount, paymentMethod }, context.signal),
    takeBack: () => worker.provider.giveBack(orderId, context.signal),
    work: async (tx, emit, answer) => {
      const order = await lockOrder(tx, orderId);
      if (!answer.accepted) {
        const data = { orderId, customerId, amount, reason: 'DECLINED' } as const;
        await changeOrder(tx, order, [emit(PaymentFailed, { tenantId, causedBy: command, data })]);
        return failed('PAYMENT_DECLINED');
      }
      const paymentId = derivedId('pay', orderId);
      await tx.query(
        `insert into payment (payment_id, order_id, tenant_id, customer_id, amount_minor_units, currency, status,
           provider_reference)
         values ($1, $2, $3, $4, $5, $6, 'reserved', $7)`,
        [paymentId, orderId, tenantId, customerId, amount.minorUnits, amount.currency, answer.reference],
      );
      const data = { orderId, customerId, paymentId, amount };
      await changeOrder(tx, order, [emit(PaymentReserved, { tenantId, causedBy: command, data })]);
      return done({ paymentId });
    },
  });
}

async function capture(
  worker: PaymentWorker,
  command: EnvelopeOf<typeof CapturePayment>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  await runStep(worker, command, context, {
    step: 'CapturePayment',
    prepare: async () => {
      const payment = await paymentOf(worker.service.database, orderId);
      return (
        payment?.status === 'reserved' && (await worker.provider.capture(payment.reference, context.signal))
      );
    },
    takeBack: () => worker.provider.giveBack(orderId, context.signal),
    work: async (tx, emit, captured) => {
      const order = await lockOrder(tx, orderId);
      const payment = await paymentOf(tx, orderId);
      const amount = order.state.total;
      if (!captured || payment?.status !== 'reserved') {
        const data = { orderId, customerId, amount, reason: 'RESERVATION_LOST' } as const;
        await changeOrder(tx, order, [emit(PaymentFailed, { tenantId, causedBy: command, data })]);
        return failed('PAYMENT_DECLINED');
      }
      await tx.query(`update payment set status = 'captured', changed_at = now() where order_id = $1`, [
        orderId,
      ]);
      const { paymentId, reference } = payment;
      const capturedEvent = emit(PaymentCaptured, {
        tenantId,
        causedBy: command,
        data: { orderId, customerId, paymentId, amount, providerReference: reference },
      });
      // From here on the order is carried out.
      const confirmed = emit(OrderConfirmed, {
        tenantId,
        causedBy: command,
        data: { orderId, customerId, items: [...order.state.items], total: amount, paymentId },
      });
      await changeOrder(tx, order, [capturedEvent, confirmed]);
      return done({ paymentId });
    },
  });
}

async function refund(
  worker: PaymentWorker,
  command: EnvelopeOf<typeof RefundPayment>,
  context: Context,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  await compensate(worker, command, context, {
    compensation: 'RefundPayment',
    undoes: ['ReservePayment', 'CapturePayment'],
    // Also where no payment is known here: a worker may have died between the provider's answer and its commit.
    afterwards: () => worker.provider.giveBack(orderId, context.signal),
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      const payment = await paymentOf(tx, orderId);
      if (payment === undefined || payment.status === 'refunded') return done({ refunded: false });
      await tx.query(`update payment set status = 'refunded', changed_at = now() where order_id = $1`, [
        orderId,
      ]);
      const { paymentId, status: was } = payment;
      const data = { orderId, customerId, paymentId, amount: order.state.total, was };
      await changeOrder(tx, order, [emit(PaymentRefunded, { tenantId, causedBy: command, data })]);
      return done({ refunded: true });
    },
  });
}

interface Payment {
  readonly paymentId: string;
  readonly status: 'reserved' | 'captured' | 'refunded';
  readonly reference: string;
}

async function paymentOf(database: Transaction, orderId: string): Promise<Payment | undefined> {
  const [payment] = await rowsOf<Payment>(
    database,
    `select payment_id as "paymentId", status, provider_reference as reference from payment where order_id = $1`,
    [orderId],
  );
  return payment;
}

/** Told by its code: a breaker that wraps the provider may throw an error of its own with the same one. */
function isUnavailable(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === 'PAYMENT_PROVIDER_UNAVAILABLE';
}
