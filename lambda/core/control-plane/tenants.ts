/**
 * The life of a tenant, commanded by an operator. Each change of what a tenant may use takes the next
 * number of its sequence under the lock of its row, so that the events can be put in order by anyone.
 */
import {
  EntitlementsChanged,
  TenantReactivated,
  TenantRegistered,
  TenantSuspended,
} from '../../../catalog/index.ts';
import type { Plan, SuspensionReason } from '../../../catalog/index.ts';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import { Problem } from '../../http/problem.ts';
import { notFound } from '../../http/request.ts';
import { hasRows, rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';
import { ENTITLEMENTS } from './plans.ts';

export interface RegisterTenant {
  /** Chosen by the operator, or made here. */
  readonly tenantId?: string | undefined;
  readonly name: string;
  readonly plan: Plan;
  readonly contactEmail: string;
}

export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  readonly plan: Plan;
  readonly status: 'registered' | 'active' | 'suspended';
}

/** The new tenant is set up by whoever consumes TenantRegistered. @throws Problem 409 when the id is taken */
export async function registerTenant(
  core: Service,
  command: RegisterTenant,
): Promise<{ readonly tenantId: string }> {
  const tenantId = command.tenantId ?? `ten_${uuidv7()}`;
  return unitOfWork(core, async (tx, emit) => {
    const stored = await hasRows(
      tx,
      `insert into tenant (tenant_id, name, plan, contact_email) values ($1, $2, $3, $4)
       on conflict (tenant_id) do nothing returning tenant_id`,
      [tenantId, command.name, command.plan, command.contactEmail],
    );
    if (!stored) {
      throw new Problem({
        status: 409,
        code: 'WAYBILL_TENANT_EXISTS',
        title: 'The tenant exists',
        detail: 'Another tenant has this id. Choose another one, or leave it out.',
      });
    }
    emit(TenantRegistered, {
      tenantId,
      data: { name: command.name, plan: command.plan, contactEmail: command.contactEmail },
    });
    return { tenantId };
  });
}

/** @throws Problem 404 */
export async function changePlan(
  core: Service,
  tenantId: string,
  command: { readonly plan: Plan },
): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const { sequence } = await nextSequence(tx, tenantId);
    await tx.query(`update tenant set plan = $2 where tenant_id = $1`, [tenantId, command.plan]);
    emit(EntitlementsChanged, {
      tenantId,
      data: { sequence, plan: command.plan, entitlements: ENTITLEMENTS[command.plan] },
    });
  });
}

/** Suspending twice tells it once. @throws Problem 404 */
export async function suspendTenant(
  core: Service,
  tenantId: string,
  command: { readonly reason: SuspensionReason },
): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const { sequence, status } = await nextSequence(tx, tenantId);
    if (status === 'suspended') return;
    await tx.query(`update tenant set status = 'suspended' where tenant_id = $1`, [tenantId]);
    emit(TenantSuspended, { tenantId, data: { sequence, reason: command.reason } });
  });
}

/** @throws Problem 404, 409 when it is not suspended */
export async function reactivateTenant(core: Service, tenantId: string): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const { sequence, status } = await nextSequence(tx, tenantId);
    if (status !== 'suspended') {
      throw new Problem({
        status: 409,
        code: 'WAYBILL_TENANT_NOT_SUSPENDED',
        title: 'The tenant is not suspended',
        detail: 'Only a suspended tenant can be reactivated.',
      });
    }
    await tx.query(
      `update tenant set status = case when provisioned_at is null then 'registered' else 'active' end
        where tenant_id = $1`,
      [tenantId],
    );
    emit(TenantReactivated, { tenantId, data: { sequence } });
  });
}

/** @throws Problem 404 */
export async function readTenant(core: Service, tenantId: string): Promise<Tenant> {
  const [tenant] = await rowsOf<Tenant>(
    core.database,
    `select tenant_id as "tenantId", name, plan, status from tenant where tenant_id = $1`,
    [tenantId],
  );
  if (tenant === undefined) throw noTenant();
  return tenant;
}

async function nextSequence(
  tx: Transaction,
  tenantId: string,
): Promise<{ readonly sequence: number; readonly status: Tenant['status'] }> {
  const [row] = await rowsOf<{ readonly sequence: number; readonly status: Tenant['status'] }>(
    tx,
    `update tenant set entitlement_sequence = entitlement_sequence + 1 where tenant_id = $1
     returning entitlement_sequence as sequence, status`,
    [tenantId],
  );
  if (row === undefined) throw noTenant();
  return row;
}

function noTenant(): Problem {
  return notFound('There is no tenant with this id.');
}
