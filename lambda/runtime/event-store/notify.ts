/** The hint that something was appended. Sent after the commit: NOTIFY inside transactions makes them commit in turn. */
import { channelOfSchema } from '../postgres/schema.ts';

/** SQL: the channel that subscriptions listen on; another one in each schema. */
export const EVENT_STORE_CHANNEL = channelOfSchema('waybill_event_store');

/** Does not wait for the disk: a hint that a crash takes along is no loss. */
export const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify(${EVENT_STORE_CHANNEL}, '')`;
