/**
 * Tells people what could not even be written to the outbox. A file of its own, so that other functions carry no
 * publisher.
 */
import { GenerationFailed } from '../../catalog/generation/index.ts';
import { createEnvelope } from '../../lib/contracts/index.ts';
import { describeError } from '../runtime/logger.ts';
import { publisherFromEnvironment } from '../runtime/routes.ts';
import type { EventPublisher } from '../runtime/types.ts';
import type { PublishError } from './callback/store-callback.ts';
import { logger } from './environment.ts';
import { stableEventId } from '../service/stable-event-id.ts';

/** Whose event it is where nobody could look up whose generation it is. */
export const PLATFORM_TENANT = 'platform';

export const publishError: PublishError = errorPublisher(() => publisherFromEnvironment([GenerationFailed]));

/** The same callback, tried again, makes the same event: consumers see it once. */
export function errorPublisher(
  publisher: () => Pick<EventPublisher<typeof GenerationFailed>, 'publish'>,
): PublishError {
  return async ({ providerEventId, generationId, reason }) => {
    try {
      await publisher().publish(
        createEnvelope(GenerationFailed, {
          tenantId: PLATFORM_TENANT,
          eventId: stableEventId('CALLBACK_NOT_STORED', providerEventId),
          data: {
            generationId,
            userId: null,
            provider: 'provider',
            code: 'CALLBACK_NOT_STORED',
            reason,
            occurredAt: new Date().toISOString(),
          },
        }),
      );
    } catch (error) {
      // The 503 and its alarm remain, and the provider's next try.
      logger.error('people could not be told of a callback that was not stored', {
        generationId,
        error: describeError(error),
      });
    }
  };
}
