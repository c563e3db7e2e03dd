/** What a subscription is given and what it promises. */
import type { Pool } from 'pg';

import type { Backoff } from '../backoff.ts';
import type { Clock, Random } from '../clock.ts';
import type { SqsHandler } from '../consume.ts';
import type { Outcome } from '../consumer/outcome.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Logger } from '../logger.ts';

export interface SubscribeOptions {
  /** What `consume(contracts, handler)` returned: the same that runs as a function behind a queue. */
  readonly consumer: SqsHandler;
  /**
   * Its pool is used for a page, a mark and a lease at the same time: three connections at most. Where the same store
   * appends in this process, its nudges come without a way over the database.
   */
  readonly store: Pick<EventStore, 'pool'> & Partial<Pick<EventStore, 'onNudge'>>;
  /**
   * The subscription's name. All instances with the same name share its events.
   * @default - the `consumer` of the declaration, else WAYBILL_CONSUMER
   */
  readonly name?: string;
  /**
   * `key`: events of one ordering key in order, keys side by side, spread over all instances.
   * `total`: all events in order, one at a time, on one instance. Fixed when the subscription is first made.
   * @default 'key'
   */
  readonly order?: 'key' | 'total';
  /**
   * Where a new subscription begins: at the first event kept, behind the last, or behind a position.
   * @default 'beginning'
   */
  readonly from?: 'beginning' | 'now' | number;
  /**
   * Events in work at a time, each of another key.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Failed attempts after which an event becomes a dead letter.
   * @default - `maxReceiveCount` of the declaration, else 5
   */
  readonly maxAttempts?: number;
  /**
   * Seconds a failed event waits: full jitter below `base * 2^(attempts - 1)`, at most `cap`.
   * @default - `backoff` of the declaration, else { base: 2, cap: 900 }
   */
  readonly backoff?: Backoff;
  /**
   * Milliseconds between two polls when nothing happens, at most. After activity it polls sooner.
   * @default 1000
   */
  readonly pollMilliseconds?: number;
  /**
   * LISTEN for appends, on a connection of its own: a hint. Give a pool that leads to the database itself where the
   * store's leads to a pooler; false polls only.
   * @default true
   */
  readonly listen?: boolean | Pool;
  /**
   * Milliseconds between two checks that the LISTEN connection is not half open.
   * @default 15000
   */
  readonly listenCheckMilliseconds?: number;
  /**
   * Milliseconds until another instance takes the lanes of one that has died. Renewed three times as often, at least
   * once a second.
   * @default 15000
   */
  readonly leaseMilliseconds?: number;
  /**
   * Seconds after which a handler's signal is aborted.
   * @default 300
   */
  readonly maxProcessingTime?: number;
  /**
   * Events read at a time.
   * @default 500
   */
  readonly pageSize?: number;
  /** Called for each event that was tried, for metrics. Must not throw. */
  readonly onSettled?: (settled: SettledEvent) => void;
  /**
   * Names this instance. Must not be shared by two that are alive.
   * @default - host name, process id and a random part
   */
  readonly owner?: string;
  /** @default - that of the declaration */
  readonly logger?: Logger;
  /** For tests. @default - that of the declaration, else the system's */
  readonly clock?: Clock;
  /** For tests: jitter. @default - that of the declaration, else Math.random */
  readonly random?: Random;
}

export interface SettledEvent {
  readonly consumer: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly tenantId: string;
  readonly outcome: Outcome;
  /** This time included. */
  readonly attempts: number;
  readonly isReplay: boolean;
  /** Milliseconds from the append, by the database's clock, to the end of the handler, by this process's. */
  readonly sinceAppended: number;
  /** Milliseconds in the handler. */
  readonly duration: number;
}

export interface StopOptions {
  /**
   * Milliseconds for running handlers to finish; then their signal is aborted.
   * @default 20000
   */
  readonly within?: number;
}

export interface EventSubscription {
  readonly name: string;
  /**
   * Starts nothing more, lets running handlers finish, marks what they did and gives its lanes back (D17). Calling it
   * again returns the same promise.
   */
  stop(options?: StopOptions): Promise<{ readonly abandoned: number }>;
}
