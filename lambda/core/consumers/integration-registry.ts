/** The control plane's list of what is connected to a tenant, kept from what `adapters` tells over the bus. */
import { IntegrationConnected, IntegrationDisconnected } from '../../../catalog/index.ts';
import type { integrationEvents } from '../../../catalog/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { handleOnce } from '../handle-once.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** GitHub's words for an app that sends nothing any more; everything else shows that it is there. */
const ENDINGS: ReadonlyMap<string, 'deleted' | 'suspended'> = new Map([
  ['deleted', 'deleted'],
  ['suspend', 'suspended'],
]);

/** Tells the rest only when the state changed. */
export async function registerIntegration(
  core: Service,
  event: EnvelopeOf<(typeof integrationEvents)[number]>,
): Promise<void> {
  const { tenantId } = event;
  const { provider, installationId } = event.data;
  const ending = ENDINGS.get(event.data.change);
  await handleOnce(core, 'integration-registry', event, async (tx, emit) => {
    const changed = await hasRows(
      tx,
      `insert into integration (tenant_id, provider, installation_id, connected) values ($1, $2, $3, $4)
       on conflict (tenant_id, provider, installation_id) do update
         set connected = excluded.connected, changed_at = now()
       where integration.connected <> excluded.connected
       returning installation_id`,
      [tenantId, provider, installationId, ending === undefined],
    );
    if (changed) {
      if (ending === undefined) {
        emit(IntegrationConnected, { tenantId, causedBy: event, data: { provider, installationId } });
      } else {
        const data = { provider, installationId, reason: ending };
        emit(IntegrationDisconnected, { tenantId, causedBy: event, data });
      }
    }
    return { change: event.data.change };
  });
}
