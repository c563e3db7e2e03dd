/** Members of a tenant: invited, given another role, removed. */
import { MemberInvited, MemberRemoved, MemberRoleChanged } from '../../../catalog/index.ts';
import type { MemberRole } from '../../../catalog/index.ts';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import { Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/request.ts';
import { notFound } from '../../http/request.ts';
import { hasRows, rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** @throws Problem 409 when the address is already a member */
export async function inviteMember(
  core: Service,
  caller: Caller,
  command: { readonly email: string; readonly role: MemberRole },
): Promise<{ readonly memberId: string }> {
  const memberId = `mem_${uuidv7()}`;
  return unitOfWork(core, async (tx, emit) => {
    const stored = await hasRows(
      tx,
      `insert into member (tenant_id, member_id, email, role) values ($1, $2, $3, $4)
       on conflict do nothing returning member_id`,
      [caller.tenantId, memberId, command.email, command.role],
    );
    if (!stored) {
      throw new Problem({
        status: 409,
        code: 'WAYBILL_MEMBER_EXISTS',
        title: 'This address is already a member',
        detail: 'Change the role of the member instead.',
      });
    }
    emit(MemberInvited, {
      tenantId: caller.tenantId,
      data: { memberId, email: command.email, role: command.role, invitedBy: caller.userId },
    });
    return { memberId };
  });
}

/** The same role again changes nothing and tells nothing. @throws Problem 404 */
export async function changeMemberRole(
  core: Service,
  caller: Caller,
  memberId: string,
  command: { readonly role: MemberRole },
): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const [member] = await rowsOf<{ readonly role: MemberRole }>(
      tx,
      `select role from member
        where tenant_id = $1 and member_id = $2 and removed_at is null for update`,
      [caller.tenantId, memberId],
    );
    if (member === undefined) throw noMember();
    if (member.role === command.role) return;
    await tx.query(`update member set role = $3 where tenant_id = $1 and member_id = $2`, [
      caller.tenantId,
      memberId,
      command.role,
    ]);
    emit(MemberRoleChanged, {
      tenantId: caller.tenantId,
      data: { memberId, role: command.role, previousRole: member.role, changedBy: caller.userId },
    });
  });
}

/** @throws Problem 404 */
export async function removeMember(core: Service, caller: Caller, memberId: string): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const removed = await hasRows(
      tx,
      `update member set removed_at = now()
        where tenant_id = $1 and member_id = $2 and removed_at is null returning member_id`,
      [caller.tenantId, memberId],
    );
    if (!removed) throw noMember();
    emit(MemberRemoved, { tenantId: caller.tenantId, data: { memberId, removedBy: caller.userId } });
  });
}

function noMember(): Problem {
  return notFound('You have no member with this id.');
}
