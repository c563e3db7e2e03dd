/** Erases a user: key, rows and, by an event, what was kept for pushing. */
import { UserErased } from '../../../catalog/generation/index.ts';
import { Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/request.ts';
import { eraseSubject } from '../../runtime/sealing/index.ts';
import { hasRows, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';

/**
 * Users may erase themselves, and admins anybody of their tenant. Erasing again changes nothing and tells nothing.
 *
 * | where                        | what becomes of it                                                            |
 * |------------------------------|-------------------------------------------------------------------------------|
 * | the subject's key            | destroyed: every copy of every event reads `[erased]`                         |
 * | generations                  | deleted; the provider's callbacks find none, orders that wait are not sent    |
 * | error notifications          | are of nobody                                                                 |
 * | the push table               | the notifier deletes notes, events and connections when the event comes to it |
 *
 * @throws Problem 403
 */
export async function eraseUser(service: Service, caller: Caller, userId: string): Promise<void> {
  if (userId !== caller.userId && caller.role !== 'admin') throw notAllowed();
  const { tenantId } = caller;
  await unitOfWork(service, async (tx, emit) => {
    // Two at once take turns: the second one finds the mark of the first.
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [lockOf(tenantId, userId)]);
    if (await isErased(tx, tenantId, userId)) return;
    await eraseSubject(tx, tenantId, userId);
    await tx.query('delete from generation where tenant_id = $1 and user_id = $2', [tenantId, userId]);
    await tx.query('update error_notification set user_id = null where tenant_id = $1 and user_id = $2', [
      tenantId,
      userId,
    ]);
    // Behind all earlier events of the user, in the order of the user's topic.
    emit(UserErased, { tenantId, data: { userId, requestedBy: caller.userId } });
  });
}

/** @throws Problem 403: a token may outlive its user by some minutes */
export async function refuseErased(tx: Transaction, tenantId: string, userId: string): Promise<void> {
  // Who erases waits for what is stored at this moment, and deletes it.
  await tx.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [lockOf(tenantId, userId)]);
  if (!(await isErased(tx, tenantId, userId))) return;
  throw new Problem({
    status: 403,
    code: 'WAYBILL_USER_ERASED',
    title: 'The user was erased',
    detail: 'Nothing is kept or made for this user any more.',
  });
}

const lockOf = (tenantId: string, userId: string): string => JSON.stringify(['erase', tenantId, userId]);

async function isErased(tx: Transaction, tenantId: string, userId: string): Promise<boolean> {
  return hasRows(
    tx,
    'select 1 from sealing_subject_key where tenant_id = $1 and subject_id = $2 and erased_at is not null',
    [tenantId, userId],
  );
}

function notAllowed(): Problem {
  return new Problem({
    status: 403,
    code: 'WAYBILL_ROLE_NOT_ALLOWED',
    title: 'Your role may not do this',
    detail: 'Users may erase themselves; this needs the role admin.',
  });
}
