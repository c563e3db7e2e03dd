/** The inbox: a handler's effect happens once per event and consumer (D9). */
export { processOnce, processOnceBatch, wasHandled } from './process-once.ts';
export { DEFAULT_INBOX_RETENTION_SECONDS, purgeInbox } from './retention.ts';
