/** The hint that something was put among what waits: a redrive or a replay. */
import { EVENT_STORE_CHANNEL } from '../event-store/notify.ts';

export const WAITING_HINT = 'waiting';

export const NOTIFY_WAITING = `select pg_notify(${EVENT_STORE_CHANNEL}, '${WAITING_HINT}')`;
