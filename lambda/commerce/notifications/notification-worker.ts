/** Consumer `notification-worker`: the last step of the saga. The order ends here, and the customer is told. */
import { CancellationReason, NotificationRequested } from '../../../catalog/commerce/index.ts';
import type { Channel, NotifyCustomer } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Transaction } from '../../service/unit-of-work.ts';
import { derivedId } from '../derived-id.ts';
import { endOrder } from '../orders/end-order.ts';
import type { Ending } from '../orders/end-order.ts';
import { lockOrder } from '../orders/order.ts';
import { done, runStep } from '../saga/saga-step.ts';
import type { SagaWorker } from '../saga/saga-step.ts';

/** @throws what the database or Step Functions threw: the command comes again */
export async function notifyCustomer(
  worker: SagaWorker,
  command: EnvelopeOf<typeof NotifyCustomer>,
  context: Pick<HandlerContext, 'logger'>,
): Promise<void> {
  const { tenantId } = command;
  const { orderId, customerId } = command.data;
  const ending = endingOf(command);
  await runStep(worker, command, context, {
    step: ending.outcome === 'FULFILLED' ? 'NotifyFulfilled' : 'NotifyCancelled',
    prepare: async () => undefined,
    work: async (tx, emit) => {
      const order = await lockOrder(tx, orderId);
      const ended = await endOrder(tx, emit, order, ending, command);
      const contact = ended ? await contactOf(tx, tenantId, customerId) : undefined;
      if (contact === undefined) return done({ ended, notified: false });
      emit(NotificationRequested, {
        tenantId,
        causedBy: command,
        data: {
          notificationId: derivedId('ntf', orderId),
          orderId,
          customerId,
          template: ending.outcome === 'FULFILLED' ? 'order-confirmed' : 'order-cancelled',
          reason: ending.reason,
          ...contact,
        },
      });
      return done({ ended, notified: true });
    },
  });
}

/**
 * | error of the failed step                 | reason           |
 * |------------------------------------------|------------------|
 * | a worker's own, such as PAYMENT_DECLINED | the same         |
 * | States.Timeout, States.HeartbeatTimeout  | STEP_TIMED_OUT   |
 * | anything else                            | STEP_REFUSED     |
 */
function endingOf({ data }: EnvelopeOf<typeof NotifyCustomer>): Ending {
  if (data.outcome === 'FULFILLED') return { outcome: 'FULFILLED', reason: null };
  const known = CancellationReason.safeParse(data.reason);
  if (known.success) return { outcome: 'CANCELLED', reason: known.data };
  const timedOut = data.reason?.endsWith('Timeout') === true;
  return { outcome: 'CANCELLED', reason: timedOut ? 'STEP_TIMED_OUT' : 'STEP_REFUSED' };
}

interface ContactWay {
  readonly channel: Channel;
  readonly address: string;
}

/** Undefined for a customer who was erased, or who left no address for the channel of choice. */
async function contactOf(
  tx: Transaction,
  tenantId: string,
  customerId: string,
): Promise<ContactWay | undefined> {
  const [row] = await rowsOf<{ readonly channel: Channel; readonly address: string | null }>(
    tx,
    `select preferred_channel as channel,
            case preferred_channel when 'email' then email when 'sms' then phone else webhook_url end as address
       from customer where tenant_id = $1 and customer_id = $2 and erased_at is null`,
    [tenantId, customerId],
  );
  if (row === undefined || row.address === null) return undefined;
  return { channel: row.channel, address: row.address };
}
