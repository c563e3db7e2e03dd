/** Public surface of the embedded EventBridge. */
export type { BusEvent, EventBus, Rule, Target } from './model.ts';
export type { PutEventsOutput } from './put-events.ts';
export { createEventsService, type EventsService } from './service.ts';
export type { ApiDestination } from './api-destinations.ts';
