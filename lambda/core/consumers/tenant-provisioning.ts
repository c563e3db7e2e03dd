/** Sets up what a new tenant needs, and tells that it did. */
import { EntitlementsChanged, TenantProvisioned } from '../../../catalog/index.ts';
import type { TenantRegistered } from '../../../catalog/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { PermanentError } from '../../runtime/index.ts';
import { ENTITLEMENTS } from '../control-plane/plans.ts';
import { handleOnce } from '../handle-once.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** @throws PermanentError TENANT_UNKNOWN when nobody registered the tenant: no retry makes it appear */
export async function provisionTenant(
  core: Service,
  event: EnvelopeOf<typeof TenantRegistered>,
): Promise<void> {
  const { tenantId } = event;
  const workspaceId = `wsp_${tenantId}`;
  await handleOnce(core, 'tenant-provisioning', event, async (tx, emit) => {
    const [tenant] = await rowsOf<{ readonly sequence: number }>(
      tx,
      `update tenant
          set provisioned_at = now(), entitlement_sequence = entitlement_sequence + 1,
              status = case status when 'registered' then 'active' else status end
        where tenant_id = $1
        returning entitlement_sequence as sequence`,
      [tenantId],
    );
    if (tenant === undefined) throw new PermanentError('TENANT_UNKNOWN');
    await tx.query(
      `insert into workspace (workspace_id, tenant_id) values ($1, $2) on conflict (tenant_id) do nothing`,
      [workspaceId, tenantId],
    );
    const { plan } = event.data;
    emit(TenantProvisioned, { tenantId, causedBy: event, data: { workspaceId, plan } });
    emit(EntitlementsChanged, {
      tenantId,
      causedBy: event,
      data: { sequence: tenant.sequence, plan, entitlements: ENTITLEMENTS[plan] },
    });
    return { workspace_id: workspaceId };
  });
}
