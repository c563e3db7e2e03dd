/**
 * Ends connections that are idle for too long or too old: one timer for all of them, as thousands may be open.
 * apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 */
import type { Clock, ClockTimer } from '../../context.ts';

const CONNECTION_MILLISECONDS = 2 * 3600 * 1000;
const IDLE_MILLISECONDS = 10 * 60 * 1000;

export interface Expiring {
  readonly connectedAt: number;
  readonly lastActiveAt: number;
}

export interface Expiry {
  /** A connection has been opened. Those that are used need not say so: their time only gets later. */
  opened(): void;
  close(): void;
}

/** @param onExpired takes the connection out of `connections`, at once or later; it is called once for each */
export function createExpiry<Connection extends Expiring>(
  clock: Clock,
  connections: () => Iterable<Connection>,
  onExpired: (connection: Connection) => void,
): Expiry {
  const expired = new WeakSet<Connection>();
  let timer: ClockTimer | undefined;

  const arm = (): void => {
    if (timer !== undefined) return;
    let next = Infinity;
    for (const connection of connections()) {
      if (!expired.has(connection)) next = Math.min(next, dueOf(connection));
    }
    if (next < Infinity) timer = clock.setTimeout(sweep, next - clock.now());
  };
  const sweep = (): void => {
    timer = undefined;
    const now = clock.now();
    const due = [...connections()].filter(
      (connection) => !expired.has(connection) && dueOf(connection) <= now,
    );
    for (const connection of due) {
      expired.add(connection);
      onExpired(connection);
    }
    arm();
  };
  return {
    opened: arm,
    close() {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}

function dueOf({ connectedAt, lastActiveAt }: Expiring): number {
  return Math.min(connectedAt + CONNECTION_MILLISECONDS, lastActiveAt + IDLE_MILLISECONDS);
}
