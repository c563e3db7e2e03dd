/** What `notifications` publishes: each message that a customer should get, by the channel the customer chose. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { CancellationReason, Channel, example, Id } from './fields.ts';

export const Notifications = service('notifications', {
  source: 'ecommerce.notifications',
  description: 'Decides what customers are told, and by which channel.',
});

export const NotificationTemplate = z.enum(['order-confirmed', 'order-cancelled']);
export type NotificationTemplate = z.infer<typeof NotificationTemplate>;

export const NotificationRequested = event('NotificationRequested', {
  version: '1.0',
  source: Notifications.source,
  description: 'A customer should be told something.',
  data: z.object({
    notificationId: Id,
    orderId: Id,
    customerId: Id,
    /** Subscriptions filter on it, so it is not sealed. */
    channel: Channel,
    template: NotificationTemplate,
    /** Of a cancellation. */
    reason: z.nullable(CancellationReason),
    /** E-mail address, phone number or URL, as the channel asks. */
    address: z.string(),
  }),
  orderingKey: 'customerId',
  pii: ['address'],
  dataSubject: 'customerId',
  traffic: { peakPerSecond: 600, averageBytes: 760 },
  examples: [
    {
      notificationId: 'ntf_01jd2mt4',
      orderId: example.orderId,
      customerId: example.customerId,
      channel: 'email',
      template: 'order-confirmed',
      reason: null,
      address: 'ada@example.com',
    },
    {
      notificationId: 'ntf_01jd2mt5',
      orderId: example.orderId,
      customerId: example.customerId,
      channel: 'sms',
      template: 'order-confirmed',
      reason: null,
      address: '+15550100',
    },
    {
      notificationId: 'ntf_01jd2mt6',
      orderId: example.orderId,
      customerId: example.customerId,
      channel: 'webhook',
      template: 'order-cancelled',
      reason: 'STOCK_SHORTAGE',
      address: 'https://shop.example.com/hooks/orders',
    },
  ],
});

/** Published on the topic `NotificationEvents`. */
export const notificationEvents = [NotificationRequested] as const;
