/** Consumer `fraud-screening`: finds out whether an order looks like fraud, before goods are set aside. */
import { FraudAlertRaised, OrderScreened } from '../../../catalog/commerce/index.ts';
import type { ScreenOrder } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import { changeOrder, lockOrder } from '../orders/order.ts';
import { done, failed, runStep } from '../saga/saga-step.ts';
import type { SagaWorker } from '../saga/saga-step.ts';

/** From here on an order is held. */
const HELD_FROM = 80;
const STOLEN_CARD_SCORE = 98;
const UNUSUAL_AMOUNT_SCORE = 85;
const ORDINARY_SCORE = 4;
/** 50,000.00 of any currency. */
const UNUSUAL_MINOR_UNITS = 5_000_000;

/** @throws what the database or Step Functions threw: the command comes again */
export async function screenOrder(
  worker: SagaWorker,
  command: EnvelopeOf<typeof ScreenOrder>,
  context: Pick<HandlerContext, 'logger'>,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId, amount } = command.data;
  const { riskScore, signal } = riskOf(command.data);
  const held = riskScore >= HELD_FROM;
  await runStep(worker, command, context, {
    step: 'ScreenOrder',
    prepare: async () => undefined,
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      await tx.query(
        `insert into screening (order_id, tenant_id, customer_id, risk_score, decision)
         values ($1, $2, $3, $4, $5)`,
        [orderId, tenantId, customerId, riskScore, held ? 'held' : 'passed'],
      );
      const screened = emit(OrderScreened, {
        tenantId,
        causedBy: command,
        data: { orderId, customerId, riskScore, decision: held ? 'held' : 'passed' },
      });
      if (signal !== undefined) {
        const data = { orderId, customerId, amount, riskScore, signal };
        const alert = emit(FraudAlertRaised, { tenantId, causedBy: command, data });
        await changeOrder(tx, order, [screened, alert]);
        return failed('FRAUD_SUSPECTED');
      }
      await changeOrder(tx, order, [screened]);
      const erased = await hasRows(
        tx,
        `select 1 from customer where tenant_id = $1 and customer_id = $2 and erased_at is not null`,
        [tenantId, customerId],
      );
      return erased ? failed('CUSTOMER_ERASED') : done({ riskScore });
    },
  });
}

interface Risk {
  readonly riskScore: number;
  /** What makes it one that is held. */
  readonly signal: 'STOLEN_CARD' | 'UNUSUAL_AMOUNT' | undefined;
}

function riskOf({ amount, paymentMethod }: EnvelopeOf<typeof ScreenOrder>['data']): Risk {
  if (paymentMethod === 'card-stolen') return { riskScore: STOLEN_CARD_SCORE, signal: 'STOLEN_CARD' };
  if (amount.minorUnits >= UNUSUAL_MINOR_UNITS) {
    return { riskScore: UNUSUAL_AMOUNT_SCORE, signal: 'UNUSUAL_AMOUNT' };
  }
  return { riskScore: ORDINARY_SCORE, signal: undefined };
}
