/**
 * Agent `webhook-relay`: tells the tenant's own endpoint. The POST is outside the transaction, because a slow receiver
 * must not hold a connection or a move. So a receiver may get one twice, with the same delivery id.
 */
import { claimEffect } from '../runtime/cutover/index.ts';
import { wasHandled } from '../runtime/inbox/index.ts';
import type { HandlerContext } from '../runtime/index.ts';
import { GONE, postSigned } from '../service/signed-delivery.ts';
import type { DeliveryTarget } from '../service/signed-delivery.ts';
import { hasRows, rowsOf } from '../service/unit-of-work.ts';
import { agent } from './agent.ts';
import type { EventOf } from './agent.ts';
import { handleOnce } from './effects.ts';
import type { AgentsService } from './effects.ts';
import { agentsService } from './environment.ts';

type RelayedEvent = EventOf<'webhook-relay'>;

/** A header. The same each time that the same event is delivered. */
export const DELIVERY_ID_HEADER = 'x-waybill-delivery';

export const webhookRelayAgent = agent('webhook-relay', relay);

export const webhookRelay = webhookRelayAgent(agentsService);

/** @throws ReceiverError to be tried again, PermanentError when the receiver refuses for good */
async function relay(agents: AgentsService, event: RelayedEvent, context: HandlerContext): Promise<void> {
  const { tenantId, eventId, eventType } = event;
  const { feedbackId } = event.data;
  const deliveryId = `dlv_${eventId.replaceAll('-', '')}`;
  if (await wasDelivered(agents, event)) return;
  const target = await targetOf(agents, tenantId);
  const headers = { [DELIVERY_ID_HEADER]: deliveryId };
  const status = target === undefined ? null : await postSigned(target, event, context, Date.now(), headers);
  await handleOnce(agents, 'webhook-relay', event, async (tx) => {
    if (status === GONE) {
      await tx.query(
        `update webhook_endpoint set disabled_at = now()
          where tenant_id = $1 and url = $2 and disabled_at is null`,
        [tenantId, target?.url],
      );
    }
    await tx.query(
      `insert into webhook_delivery (tenant_id, event_id, feedback_id, event_type, delivery_id, outcome, status)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, eventId, feedbackId, eventType, deliveryId, outcomeOf(status), status],
    );
  });
}

/** Also where the agent is live elsewhere: that one delivers it. @throws RuntimeError WAYBILL_TRANSPORT_NOT_LIVE */
async function wasDelivered(agents: AgentsService, event: RelayedEvent): Promise<boolean> {
  return agents.database.transaction(async (tx) => {
    // By whichever transport, or given up before a move: nobody is told then.
    if (await wasHandled(tx, 'webhook-relay', event.eventId)) return true;
    await claimEffect(tx, { consumer: 'webhook-relay', transport: agents.transport });
    return hasRows(tx, `select 1 from webhook_delivery where tenant_id = $1 and event_id = $2`, [
      event.tenantId,
      event.eventId,
    ]);
  });
}

async function targetOf(agents: AgentsService, tenantId: string): Promise<DeliveryTarget | undefined> {
  const [target] = await rowsOf<DeliveryTarget>(
    agents.database,
    `select url, secret from webhook_endpoint where tenant_id = $1 and disabled_at is null`,
    [tenantId],
  );
  return target;
}

function outcomeOf(status: number | null): 'no-endpoint' | 'gone' | 'delivered' {
  if (status === null) return 'no-endpoint';
  return status === GONE ? 'gone' : 'delivered';
}
