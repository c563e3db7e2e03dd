/** Agent `notification`: tells people what they should look at. */
import { agent } from './agent.ts';
import type { EventOf } from './agent.ts';
import { handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';

type NotifiedEvent = EventOf<'notification'>;

export interface Notification {
  readonly kind: 'priority' | 'duplicate';
  readonly audience: 'on-call' | 'product-team' | 'support';
  /** Without what the author wrote. */
  readonly message: string;
}

export const notificationAgent = agent('notification', async (agents, event) => {
  const { tenantId, eventId } = event;
  const { feedbackId, productId } = event.data;
  const told = notificationOf(event);
  await handleOnce(agents, 'notification', event, async (tx) => {
    if (told === undefined) return;
    await tx.query(
      `insert into notification (tenant_id, event_id, feedback_id, product_id, kind, audience, message)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, eventId, feedbackId, productId, told.kind, told.audience, told.message],
    );
  });
});

export const notification = notificationAgent(agentsService);

/**
 * | event | who is told |
 * |---|---|
 * | PriorityAssigned urgent | who is on call |
 * | PriorityAssigned high | the team of the product |
 * | PriorityAssigned normal, low | nobody |
 * | DuplicateFound | support, who answers the author |
 */
export function notificationOf(event: Pick<NotifiedEvent, 'eventType' | 'data'>): Notification | undefined {
  const { eventType, data } = event as NotifiedEvent;
  if (eventType === 'DuplicateFound') {
    const message = `${data.feedbackId} says what ${data.originalId} says`;
    return { kind: 'duplicate', audience: 'support', message };
  }
  if (data.priority !== 'urgent' && data.priority !== 'high') return undefined;
  return {
    kind: 'priority',
    audience: data.priority === 'urgent' ? 'on-call' : 'product-team',
    message: `${data.feedbackId} is ${data.priority}: ${data.reasons.join(', ')}`,
  };
}
