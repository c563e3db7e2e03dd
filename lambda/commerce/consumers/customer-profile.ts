/**
 * Consumer `customer-profile`: who a customer is, how the customer wants to be reached, how far to trust the orders.
 * One of the few that open personal data. The bus keeps no order: the highest sequence wins, and what is erased
 * stays erased.
 */
import type { Contact, Channel, customerProfileEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

type ProfileEvent = EnvelopeOf<(typeof customerProfileEvents)[number]>;

/** A registration is a customer's first. */
const FIRST_SEQUENCE = 1;

export async function updateProfile(service: Service, event: ProfileEvent): Promise<void> {
  const { tenantId, timestamp } = event;
  const { customerId } = event.data;
  await handleOnce(service, 'customer-profile', event, async (tx) => {
    await tx.query(
      `insert into customer_profile (tenant_id, customer_id) values ($1, $2) on conflict do nothing`,
      [tenantId, customerId],
    );
    switch (event.eventType) {
      case 'CustomerRegistered':
        await tx.query(
          `update customer_profile set name = $3
            where tenant_id = $1 and customer_id = $2 and erased_at is null`,
          [tenantId, customerId, event.data.name],
        );
        await setContact(tx, tenantId, { ...event.data, sequence: FIRST_SEQUENCE });
        return { outcome: 'registered' };
      case 'CustomerContactChanged':
        await setContact(tx, tenantId, event.data);
        return { outcome: 'contact-changed' };
      case 'CustomerErased':
        await tx.query(
          `update customer_profile
              set name = null, contact = null, preferred_channel = null, erased_at = $3
            where tenant_id = $1 and customer_id = $2`,
          [tenantId, customerId, timestamp],
        );
        return { outcome: 'erased' };
      case 'OrderScreened':
      default:
        await tx.query(
          `update customer_profile set risk_score = $3, screened_at = $4
            where tenant_id = $1 and customer_id = $2 and (screened_at is null or screened_at < $4)`,
          [tenantId, customerId, event.data.riskScore, timestamp],
        );
        return { outcome: 'screened' };
    }
  });
}

async function setContact(
  tx: Transaction,
  tenantId: string,
  data: {
    readonly customerId: string;
    readonly contact: Contact;
    readonly preferredChannel: Channel;
    readonly sequence: number;
  },
): Promise<void> {
  const { customerId, contact, preferredChannel, sequence } = data;
  await tx.query(
    `update customer_profile set contact = $3, preferred_channel = $4, sequence = $5
      where tenant_id = $1 and customer_id = $2 and sequence < $5 and erased_at is null`,
    [tenantId, customerId, JSON.stringify(contact), preferredChannel, sequence],
  );
}
