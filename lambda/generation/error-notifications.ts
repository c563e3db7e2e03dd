/** Consumer `error-notifications`: keeps what people have to look at, so that it can be listed and counted. */
import type { GenerationFailed } from '../../catalog/generation/index.ts';
import type { EnvelopeOf } from '../../lib/contracts/index.ts';
import type { Service } from '../service/unit-of-work.ts';
import { handleOnce } from './handle-once.ts';

export async function recordError(
  service: Service,
  event: EnvelopeOf<typeof GenerationFailed>,
): Promise<void> {
  const { generationId, userId, provider, code, reason, occurredAt } = event.data;
  await handleOnce(service, 'error-notifications', event, async (tx) => {
    await tx.query(
      `insert into error_notification (event_id, tenant_id, generation_id, user_id, provider, code, reason, occurred_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [event.eventId, event.tenantId, generationId, userId, provider, code, reason, occurredAt],
    );
    return { outcome: code };
  });
}
