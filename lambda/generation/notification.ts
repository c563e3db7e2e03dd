/** What a user is told of a generation. */
import type { GenerationComplete } from '../../catalog/generation/index.ts';
import type { EnvelopeOf } from '../../lib/contracts/index.ts';
import type { Notification } from '../push/notifier.ts';

/** All of the event's data is the user's own. */
export function notificationOf(event: EnvelopeOf<typeof GenerationComplete>): Notification {
  const { tenantId, eventId, eventType, data } = event;
  return { tenantId, userId: data.userId, id: eventId, eventType, data };
}
