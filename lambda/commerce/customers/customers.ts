/** Customers: registered, reached in another way, and erased on request. */
import {
  CustomerContactChanged,
  CustomerErased,
  CustomerRegistered,
} from '../../../catalog/commerce/index.ts';
import type { Channel, Contact } from '../../../catalog/commerce/index.ts';
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { eraseSubject } from '../../runtime/sealing/index.ts';
import { hasRows, rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { idOf } from '../../http/ids.ts';
import { forgetRequest, requireSameRequest } from '../request-once.ts';

export interface CustomerCommand {
  readonly name: string;
  readonly contact: Contact;
  readonly preferredChannel: Channel;
}

/**
 * @param idempotencyKey - the caller's own; the same one again is the same customer, registered once
 * @throws Problem 422 when the key came with another customer before
 */
export async function registerCustomer(
  service: Service,
  caller: Caller,
  command: CustomerCommand,
  idempotencyKey?: string,
): Promise<{ readonly customerId: string; readonly registered: boolean }> {
  const { tenantId } = caller;
  const { name, contact, preferredChannel } = command;
  const customerId = idOf('cus', tenantId, idempotencyKey);
  return unitOfWork(service, async (tx, emit) => {
    await requireSameRequest(tx, { madeId: customerId, idempotencyKey, command });
    const registered = await hasRows(
      tx,
      `insert into customer (tenant_id, customer_id, name, email, phone, webhook_url, preferred_channel)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning customer_id`,
      [tenantId, customerId, name, contact.email, contact.phone, contact.webhookUrl, preferredChannel],
    );
    if (registered) {
      emit(CustomerRegistered, { tenantId, data: { customerId, name, contact, preferredChannel } });
    }
    return { customerId, registered };
  });
}

/** @throws Problem 404, also for a customer who was erased */
export async function changeContact(
  service: Service,
  caller: Caller,
  customerId: string,
  { contact, preferredChannel }: Omit<CustomerCommand, 'name'>,
): Promise<void> {
  const { tenantId } = caller;
  await unitOfWork(service, async (tx, emit) => {
    const [customer] = await rowsOf<{ readonly sequence: number }>(
      tx,
      `update customer
          set email = $3, phone = $4, webhook_url = $5, preferred_channel = $6, sequence = sequence + 1
        where tenant_id = $1 and customer_id = $2 and erased_at is null returning sequence`,
      [tenantId, customerId, contact.email, contact.phone, contact.webhookUrl, preferredChannel],
    );
    if (customer === undefined) throw notFound('You have no customer with this id.');
    const { sequence } = customer;
    emit(CustomerContactChanged, { tenantId, data: { customerId, contact, preferredChannel, sequence } });
  });
}

/** Erasing again changes nothing and tells nothing. @throws Problem 404 */
export async function eraseCustomer(service: Service, caller: Caller, customerId: string): Promise<void> {
  const { tenantId, userId } = caller;
  await unitOfWork(service, async (tx, emit) => {
    const erased = await hasRows(
      tx,
      `update customer
          set erased_at = now(), name = null, email = null, phone = null, webhook_url = null,
              sequence = sequence + 1
        where tenant_id = $1 and customer_id = $2 and erased_at is null returning customer_id`,
      [tenantId, customerId],
    );
    if (erased) {
      // From here on every copy of every event of this customer reads as erased.
      await eraseSubject(tx, tenantId, customerId);
      await forgetRequest(tx, customerId);
      emit(CustomerErased, { tenantId, data: { customerId, requestedBy: userId } });
      return;
    }
    const known = await hasRows(tx, `select 1 from customer where tenant_id = $1 and customer_id = $2`, [
      tenantId,
      customerId,
    ]);
    if (!known) throw notFound('You have no customer with this id.');
  });
}
