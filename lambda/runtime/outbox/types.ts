/** The relay's interfaces: what it is given and what it promises. */
import type { Pool } from 'pg';

import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Transport } from '../types.ts';

/**
 * What the relay publishes with. `send` is given at most one event of each ordering key, and the next event of
 * a key only after the one before was accepted: an implementation may send in any order and in parallel.
 */
export type OutboxPublisher = Transport;

export interface OutboxProcessorOptions {
  /** Up to three connections are used at the same time; one is enough. */
  readonly pool: Pool;
  readonly publisher: OutboxPublisher;
  /**
   * Names this relay in event_outbox_lane. Must not be shared by two relays that are alive.
   * @default - host name, process id and a random part
   */
  readonly owner?: string;
  /**
   * Events in one call of the publisher.
   * @default 100
   */
  readonly batchSize?: number;
  /**
   * Calls of the publisher at the same time.
   * @default 10
   */
  readonly inFlight?: number;
  /**
   * Milliseconds until another relay takes the lanes of one that has died. Renewed three times as often, at
   * least once a second. A call of the publisher should take less.
   * @default 15000
   */
  readonly leaseMilliseconds?: number;
  /**
   * Seconds that published rows are kept, marked PUBLISHED. 0 deletes a row when it is published, which is
   * the fastest.
   * @default 86400
   */
  readonly retentionSeconds?: number;
  /**
   * Milliseconds between two polls of an idle long-running relay, at most: the delay of an event whose nudge
   * was lost. After activity it polls sooner.
   * @default 1000
   */
  readonly pollMilliseconds?: number;
  /**
   * Also LISTEN for `notifyNudge`, on a connection of its own. Has no effect through a transaction-pooling
   * pgbouncer, where polling does the work.
   * @default false
   */
  readonly listen?: boolean;
  readonly logger?: Logger;
  /** For tests. @default - the system's */
  readonly clock?: Clock;
  /** For tests: the jitter of retries. @default Math.random */
  readonly random?: Random;
}

export interface ProcessOptions {
  /** Milliseconds since the epoch after which nothing new is sent. @default - none */
  readonly deadline?: number;
  /** Aborted: nothing new is sent, what is under way is finished. */
  readonly signal?: AbortSignal;
}

export interface ProcessResult {
  /** Events accepted by the publisher and marked so. */
  published: number;
  /** Attempts that failed and are repeated later. */
  retried: number;
  /** Events set aside, with the reason in last_error. */
  quarantined: number;
  /** Lanes that were drained. 0: other relays have them all. */
  lanes: number;
}

export interface OutboxProcessor {
  /**
   * Drains the outbox until it is empty or the deadline is near, then gives its lanes back. For scheduled
   * functions. Failed events that are due again within a second are waited for, others left to the next call.
   */
  processPendingEvents(options?: ProcessOptions): Promise<ProcessResult>;
  /**
   * Publishes until the signal is aborted; then finishes what is under way, gives its lanes back and resolves.
   * Survives a database that is down.
   */
  run(options: { readonly signal: AbortSignal }): Promise<ProcessResult>;
  /** Wakes `run`, or starts `processPendingEvents` when it is not running. Never rejects. */
  nudge(): Promise<void>;
}
