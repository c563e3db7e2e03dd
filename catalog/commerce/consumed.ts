/** Which events the consumers of the commerce system get: handlers and stacks take the same list. */
import { CustomerContactChanged, CustomerErased, CustomerRegistered } from './customers.ts';
import { FraudAlertRaised, OrderScreened } from './fraud.ts';
import {
  InventoryReleased,
  InventoryReserved,
  StockReplenished,
  StockShortageDetected,
} from './inventory.ts';
import { LegacyStockCounted } from './legacy.ts';
import { orderEvents, OrderConfirmed, OrderPlaced } from './orders.ts';
import { PaymentFailed, paymentEvents } from './payments.ts';
import { SystemErrorRaised } from './platform.ts';
import {
  ArrangeShipping,
  CancelShipping,
  CapturePayment,
  NotifyCustomer,
  RefundPayment,
  ReleaseInventory,
  ReserveInventory,
  ReservePayment,
  ScreenOrder,
} from './saga.ts';
import { ShipmentArranged, ShipmentCancelled } from './shipping.ts';

/** `saga-starter`: what begins a saga. */
export const sagaStartingEvents = [OrderPlaced] as const;

/** `order-history`: the audit trail of orders and their money. */
export const orderHistoryEvents = [...orderEvents, ...paymentEvents] as const;

/** The commands of each worker of the saga. */
export const paymentCommands = [ReservePayment, CapturePayment, RefundPayment] as const;
export const screeningCommands = [ScreenOrder] as const;
export const inventoryCommands = [ReserveInventory, ReleaseInventory] as const;
export const shippingCommands = [ArrangeShipping, CancelShipping] as const;
export const notificationCommands = [NotifyCustomer] as const;

/** `storefront-availability`: what changes whether a product can be bought. */
export const availabilityEvents = [
  InventoryReserved,
  InventoryReleased,
  StockShortageDetected,
  StockReplenished,
  LegacyStockCounted,
] as const;

/** `replenishment`: what should be ordered from suppliers. */
export const replenishmentEvents = [StockShortageDetected] as const;

/** `warehouse-ledger`: what moves goods. */
export const warehouseEvents = [
  InventoryReserved,
  InventoryReleased,
  StockReplenished,
  LegacyStockCounted,
  ShipmentArranged,
  ShipmentCancelled,
] as const;

/** `customer-profile`: who a customer is, and how far to trust the customer's orders. Opens personal data. */
export const customerProfileEvents = [
  CustomerRegistered,
  CustomerContactChanged,
  CustomerErased,
  OrderScreened,
] as const;

/** `priority-response`: what can not wait. Published straight to its queue. */
export const priorityEvents = [PaymentFailed, FraudAlertRaised, SystemErrorRaised] as const;

/** `legacy-outbound`: what the old warehouse system is told. */
export const legacyOutboundEvents = [OrderConfirmed] as const;
