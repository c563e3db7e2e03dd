/** The event store: events as the record, in a global order that never skips a late commit. */
export { EventStoreError, VersionConflict } from './errors.ts';
export type { EventStoreErrorCode } from './errors.ts';
export { createEventStore } from './event-store.ts';
export type { EventStore, EventStoreOptions } from './event-store.ts';
export type { OpenWriter } from './horizon.ts';
export { eventStoreMigrations } from './migrations.ts';
export type { StreamRange } from './read.ts';
export { maintainEventStore } from './retention.ts';
export type { MaintenanceOptions, MaintenanceReport } from './retention.ts';
export type { Projection, StateOptions, VersionedState } from './state.ts';
export type { Appended, AppendOptions, EventFilter, EventPage, StoredEvent } from './types.ts';
export * from './metrics/index.ts';
