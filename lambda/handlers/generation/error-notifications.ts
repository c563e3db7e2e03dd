/** Consumer `error-notifications`: keeps what people have to look at. */
import { errorNotificationEvents } from '../../../catalog/generation/index.ts';
import { generation } from '../../generation/environment.ts';
import { recordError } from '../../generation/error-notifications.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(errorNotificationEvents, async (event) =>
  recordError(await generation(), event),
);
