/**
 * `waybill/nestjs`: events as methods of NestJS providers, a publisher to inject, and push notifications over a
 * WebSocket gateway. Nest is an optional peer, loaded when a module is made.
 */
export { WaybillConsumers } from './consumers.ts';
export type { ConsumerStatus, WaybillStatus } from './consumers.ts';
export { NestError } from './errors.ts';
export type { NestErrorCode } from './errors.ts';
export { WaybillModule } from './module.ts';
export type { PushSession } from './notifications/connection.ts';
export type { Authenticate } from './notifications/gateway.ts';
export { dynamoDbNotificationStore } from './notifications/dynamo-db-store.ts';
export type { DynamoDbNotificationStoreProps } from './notifications/dynamo-db-store.ts';
export { memoryNotificationStore } from './notifications/memory-store.ts';
export type { MemoryNotificationStoreProps } from './notifications/memory-store.ts';
export { WaybillNotificationsModule } from './notifications/module.ts';
export type {
  WaybillNotificationsAsyncOptions,
  WaybillNotificationsOptions,
  WebSocketPlace,
} from './notifications/module.ts';
export { WaybillNotifications } from './notifications/notifications.ts';
export type { NotificationSettings } from './notifications/notifications.ts';
export type {
  NewNotification,
  NotificationPage,
  NotificationStore,
  PushUser,
} from './notifications/store.ts';
export { createTicket } from './notifications/ticket.ts';
export { OnEvent } from './on-event.ts';
export type { EventMethod, OnEventDecorator, OnEventOptions } from './on-event.ts';
export type {
  InjectedToken,
  WaybillConsumerOptions,
  WaybillModuleAsyncOptions,
  WaybillModuleOptions,
} from './options.ts';
export { WaybillPublisher } from './publisher.ts';
