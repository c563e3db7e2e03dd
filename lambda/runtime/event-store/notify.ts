/** The hint that something was appended. Sent after the commit: NOTIFY inside transactions makes them commit in turn. */
import { channelOfSchema } from '../postgres/schema.ts';

/** SQL: the channel that subscriptions listen on; another one in each schema. */
export const EVENT_STORE_CHANNEL = channelOfSchema('waybill_event_store');

export const NOTIFY = `select pg_notify(${EVENT_STORE_CHANNEL}, '')`;
