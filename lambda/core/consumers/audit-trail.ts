/** Who did what, when: a row for every event of every service, without its data, which may be personal. */
import type { Envelope } from '../../../lib/contracts/index.ts';
import { handleOnce } from '../handle-once.ts';
import type { Service } from '../../service/unit-of-work.ts';

export async function recordInAuditTrail(core: Service, event: Envelope): Promise<void> {
  await handleOnce(core, 'audit-trail', event, async () => ({
    source: event.source,
    event_type: event.eventType,
    event_version: event.eventVersion,
    correlation_id: event.correlationId,
    causation_id: event.causationId,
    replayed: event.metadata.replay !== undefined,
  }));
}
