/** Consumer `generation-notifier`: tells users in their browsers, now or when they come back. Opens the prompt. */
import { generationNotifierEvents } from '../../../catalog/generation/index.ts';
import { sealer } from '../../generation/environment.ts';
import { notificationOf } from '../../generation/notification.ts';
import { notifier } from '../../push/environment.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(
  generationNotifierEvents,
  async (event, context) => {
    if (event.eventType === 'UserErased') {
      await notifier().forget({ tenantId: event.tenantId, userId: event.data.userId });
    } else {
      await notifier().notify(notificationOf(event), context);
    }
  },
  { sealer },
);
