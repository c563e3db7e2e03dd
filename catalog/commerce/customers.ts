/** What `customers` publishes on the bus: who buys, how they want to be told, and that they want to be forgotten. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { Channel, example, Id } from './fields.ts';

export const Customers = service('customers', {
  source: 'ecommerce.customers',
  description: 'The customers of a shop.',
});

/** How a customer is reached. All of it is personal data. */
export const Contact = z.object({
  email: z.nullable(z.string()),
  phone: z.nullable(z.string()),
  webhookUrl: z.nullable(z.string()),
});
export type Contact = z.infer<typeof Contact>;

const CONTACT_PII = ['contact.email', 'contact.phone', 'contact.webhookUrl'] as const;
const exampleContact = { email: 'ada@example.com', phone: '+49 30 901820', webhookUrl: null };

export const CustomerRegistered = event('CustomerRegistered', {
  version: '1.0',
  source: Customers.source,
  description: 'Somebody became a customer.',
  data: z.object({ customerId: Id, name: z.string(), contact: Contact, preferredChannel: Channel }),
  orderingKey: 'customerId',
  pii: ['name', ...CONTACT_PII],
  dataSubject: 'customerId',
  traffic: { peakPerSecond: 20, averageBytes: 760 },
  examples: [
    {
      customerId: example.customerId,
      name: 'Ada Lovelace',
      contact: exampleContact,
      preferredChannel: 'email',
    },
  ],
});

export const CustomerContactChanged = event('CustomerContactChanged', {
  version: '1.0',
  source: Customers.source,
  description: 'A customer is reached in another way from now on.',
  data: z.object({
    customerId: Id,
    contact: Contact,
    preferredChannel: Channel,
    /** Grows by one with each change of a customer; the highest one wins. */
    sequence: z.number().check(z.int(), z.minimum(1)),
  }),
  orderingKey: 'customerId',
  pii: [...CONTACT_PII],
  dataSubject: 'customerId',
  traffic: { peakPerSecond: 10, averageBytes: 740 },
  examples: [
    {
      customerId: example.customerId,
      contact: { ...exampleContact, webhookUrl: 'https://ada.example.com/orders' },
      preferredChannel: 'webhook',
      sequence: 2,
    },
  ],
});

export const CustomerErased = event('CustomerErased', {
  version: '1.0',
  source: Customers.source,
  description: 'A customer asked to be forgotten: forget whatever personal data you keep.',
  data: z.object({ customerId: Id, requestedBy: Id }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 5, averageBytes: 580 },
  examples: [{ customerId: example.customerId, requestedBy: 'usr_7f1c' }],
});

export const customerEvents = [CustomerRegistered, CustomerContactChanged, CustomerErased] as const;
