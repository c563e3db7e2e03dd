/**
 * For functions whose events can not all wait for the relay: what its contract gives a high priority is published
 * right after the commit (ADR 20). A file of its own, so that other functions carry no publisher.
 */
import { commerceEvents } from '../../catalog/commerce/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { publisherFromEnvironment } from '../runtime/routes.ts';
import type { Transport } from '../runtime/types.ts';
import type { Logger } from '../runtime/logger.ts';
import { publishEagerly } from '../runtime/outbox/index.ts';
import { keptOnceMade } from '../service/kept-once-made.ts';
import type { Service } from '../service/unit-of-work.ts';
import { commerce, logger } from './environment.ts';

const URGENT: ReadonlySet<string> = new Set(
  commerceEvents.filter(({ priority }) => priority === 'high').map(({ name }) => name),
);

/** Where the function may not publish itself, the relay publishes everything. */
export const urgentCommerce: () => Promise<Service> = keptOnceMade(async () => {
  const service = await commerce();
  return process.env['WAYBILL_PUBLISH_ROUTES']
    ? publishingUrgently(service, publisherFromEnvironment(), logger)
    : service;
});

export function publishingUrgently(service: Service, publisher: Transport, logger?: Logger): Service {
  return {
    ...service,
    publishEagerly: async (events: readonly Envelope[]) => {
      const urgent = events.filter(({ eventType }) => URGENT.has(eventType)).map(({ eventId }) => eventId);
      await publishEagerly({ database: service.database, publisher, ...(logger && { logger }) }, urgent);
    },
  };
}
