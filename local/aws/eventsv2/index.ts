/** Public surface of the embedded Custom Event Bus. */
export type { CustomEventBus, StoredEvent, Subscriber } from './model.ts';
export type { PutEventsOutput } from './put-events.ts';
export { createEventsV2Service, type EventsV2Service } from './service.ts';
