/** The input of a saga's execution: a command for each step, the same whenever it is made from the same order. */
import { orderSagaSteps } from '../../../catalog/commerce/index.ts';
import type { OrderPlaced, OrderSagaInput, OrderSagaStep } from '../../../catalog/commerce/index.ts';
import { createEnvelope, orderingKeyOf } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope, EnvelopeOf } from '../../../lib/contracts/index.ts';
import { derivedEventId } from '../../runtime/consumer/derived-event-id.ts';

/** In the place of the token that the state machine puts in: the schema wants one. */
const TOKEN_TO_COME = '-';
const CONSUMER = 'saga-starter';

/** Nothing in it is random or of now, so that a repeated start is the same start. */
export function sagaInputOf(event: EnvelopeOf<typeof OrderPlaced>): OrderSagaInput {
  const { orderId, customerId } = event.data;
  const steps = Object.entries(orderSagaSteps) as [OrderSagaStep, AnyEventContract][];
  const data = stepData(event);
  const commands = Object.fromEntries(
    steps.map(([step, contract]) => [step, commandOf(event, step, contract, data[step])]),
  );
  return {
    orderId,
    tenantId: event.tenantId,
    customerId,
    orderingKey: orderingKeyOf(orderSagaSteps.ReservePayment, {
      tenantId: event.tenantId,
      data: event.data,
    }),
    correlationId: event.correlationId,
    commands: commands as OrderSagaInput['commands'],
  };
}

function commandOf(
  event: EnvelopeOf<typeof OrderPlaced>,
  step: OrderSagaStep,
  contract: AnyEventContract,
  more: Readonly<Record<string, unknown>>,
): Envelope<Readonly<Record<string, unknown>>> {
  const { orderId, customerId } = event.data;
  const envelope = createEnvelope(contract, {
    tenantId: event.tenantId,
    causedBy: event,
    eventId: derivedEventId(event.eventId, CONSUMER, step, 0),
    timestamp: new Date(event.timestamp),
    data: { orderId, customerId, taskToken: TOKEN_TO_COME, ...more },
  });
  const { taskToken: _taskToken, ...data } = envelope.data as Readonly<Record<string, unknown>>;
  return { ...envelope, data };
}

/** What each command says beside whose order it is about. */
function stepData({
  data,
}: EnvelopeOf<typeof OrderPlaced>): Readonly<Record<OrderSagaStep, Readonly<Record<string, unknown>>>> {
  const amount = data.total;
  const { paymentMethod } = data;
  return {
    ReservePayment: { amount, paymentMethod },
    ScreenOrder: { amount, paymentMethod },
    ReserveInventory: { items: data.items.map(({ sku, quantity }) => ({ sku, quantity })) },
    ArrangeShipping: { country: data.shippingCountry },
    CapturePayment: {},
    NotifyFulfilled: { outcome: 'FULFILLED', reason: null },
    CancelShipping: {},
    ReleaseInventory: {},
    RefundPayment: {},
    NotifyCancelled: { outcome: 'CANCELLED', reason: null },
  };
}
