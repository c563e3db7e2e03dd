/** The events and commands of the commerce system: e-commerce, from a visitor's click to the parcel. */
import { Analytics, analyticsEvents } from './analytics.ts';
import { priorityEvents } from './consumed.ts';
import { customerEvents, Customers } from './customers.ts';
import { Fraud, fraudEvents } from './fraud.ts';
import { Inventory, inventoryEvents } from './inventory.ts';
import { Legacy, legacyEvents } from './legacy.ts';
import { notificationEvents, Notifications } from './notifications.ts';
import { orderEvents, Orders } from './orders.ts';
import { paymentEvents, Payments } from './payments.ts';
import { Platform } from './platform.ts';
import { OrderSaga, sagaCommands } from './saga.ts';
import { Shipping, shippingEvents } from './shipping.ts';

export * from './analytics.ts';
export * from './consumed.ts';
export * from './customers.ts';
export * from './fraud.ts';
export * from './inventory.ts';
export * from './legacy.ts';
export * from './notifications.ts';
export * from './orders.ts';
export * from './payments.ts';
export * from './platform.ts';
export * from './saga.ts';
export * from './shipping.ts';
export { CancellationReason, Channel, PaymentMethod, CountryCode, Id as CommerceId, Sku } from './fields.ts';
export type { Money, OrderItem, StockItem } from './fields.ts';

export const commerceServices = [
  Orders,
  Payments,
  Inventory,
  Customers,
  Shipping,
  Notifications,
  Fraud,
  Analytics,
  Legacy,
  OrderSaga,
  Platform,
] as const;

/** Published on the bus `ecommerce-events`. */
export const busEvents = [
  ...inventoryEvents,
  ...legacyEvents,
  ...customerEvents,
  ...shippingEvents,
  ...fraudEvents,
] as const;

/** What functions write to the outbox, that is all but the commands, which the state machine sends. */
export const commerceEvents = [
  ...orderEvents,
  ...paymentEvents,
  ...notificationEvents,
  ...busEvents,
  ...priorityEvents,
  ...analyticsEvents,
] as const;

export { sagaCommands as commerceCommands };
