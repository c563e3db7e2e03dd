/** What moving a consumer between transports is given, and what it answers. */
import type { Pool } from 'pg';

import type { Clock } from '../clock.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Logger } from '../logger.ts';
import type { Poller, StopOptions, StopReport } from '../poll.ts';
import type { EventSubscription, SettledEvent } from '../subscription/types.ts';
import type { Transport } from '../types.ts';

export const TRANSPORT_NAMES = ['postgres', 'redis', 'sns-sqs'] as const;
/** What a consumer can get its events by. The event store in PostgreSQL is the record whatever it is. */
export type TransportName = (typeof TRANSPORT_NAMES)[number];

export interface EffectClaim {
  /** `context.consumer`: the key of the inbox too. */
  readonly consumer: string;
  /** The transport of this process or function: WAYBILL_TRANSPORT. */
  readonly transport: TransportName;
  /**
   * Where the consumer is live at first, by its configuration: inserted where it has no row yet.
   * @default - `transport`: a function's queue is switched on only where it is live
   */
  readonly configured?: TransportName;
}

export interface ConsumerTransport {
  readonly consumer: string;
  readonly liveOn: TransportName;
  /** Grows by one with each move; 1 before the first. */
  readonly epoch: number;
  /** ISO 8601, UTC: of the last move, or of the first start. */
  readonly movedAt: string;
  /** Event types that it handles; empty where none of its processes has said so yet. */
  readonly types: readonly string[];
}

export interface RegisterConsumer {
  readonly consumer: string;
  /** Where it is live at first. A row that is there already stays as it is. */
  readonly configured: TransportName;
  /** Names of the events it handles, for checks and the parity report. @default - not told */
  readonly types?: readonly string[];
}

export interface MoveOptions {
  readonly consumer: string;
  readonly to: TransportName;
  /**
   * Where it has to be live now.
   * @default - wherever it is
   */
  readonly from?: TransportName;
  /**
   * What the old transport gave up, and nobody redrove: `leave` notes it in the inbox, so that the new one does not
   * handle it behind what came after it. `retry` lets the new transport try it, out of its key's order.
   * @default 'leave'
   */
  readonly deadLetters?: 'leave' | 'retry';
  /**
   * EventIds that the old transport gave up, where that is not PostgreSQL, whose dead letters are known here.
   * @default - none
   */
  readonly givenUp?: readonly string[];
  /**
   * Moves although a check says that events could be lost or happen twice.
   * @default false
   */
  readonly force?: boolean;
  /**
   * Seconds that the inbox remembers: what you give to `purgeInbox`.
   * @default DEFAULT_INBOX_RETENTION_SECONDS, 43 days
   */
  readonly inboxRetentionSeconds?: number;
  /**
   * Milliseconds to wait for effects that are in work. Effects that begin meanwhile wait with it.
   * @default 10000
   */
  readonly within?: number;
  /** Who moves it, for `movesOf`. @default - not told */
  readonly by?: string;
  /** The reason, for `movesOf`. @default - not told */
  readonly why?: string;
}

/** A move that was made. */
export interface PastMove {
  readonly consumer: string;
  readonly epoch: number;
  readonly from: TransportName;
  readonly to: TransportName;
  /** ISO 8601, UTC. */
  readonly movedAt: string;
  /** Codes of the checks that did not hold. */
  readonly ignored: readonly MoveObstacle['code'][];
  readonly by: string | undefined;
  readonly why: string | undefined;
}

export interface MoveReport {
  readonly consumer: string;
  readonly from: TransportName;
  readonly to: TransportName;
  readonly epoch: number;
  /** ISO 8601, UTC. */
  readonly movedAt: string;
  /** False: it was live there already, and nothing was done. */
  readonly moved: boolean;
  /** Events that were given up before the move and stay so. */
  readonly leftGivenUp: number;
  /** Checks that did not hold and were passed over by `force`. */
  readonly ignored: readonly MoveObstacle[];
}

/** Why a move would lose events, or let an effect happen twice. */
export interface MoveObstacle {
  readonly code: 'MIRROR_MISSING' | 'MIRROR_GAVE_UP' | 'NOT_COVERED' | 'NOT_ARRIVED' | 'INBOX_TOO_SHORT';
  /** What is the case, and what to do. */
  readonly message: string;
}

export interface MirrorOptions {
  readonly store: Pick<EventStore, 'pool'> & Partial<Pick<EventStore, 'onNudge'>>;
  /** Which transport it is: the mirror is the subscription `mirror-redis` or `mirror-sns-sqs`. */
  readonly to: Exclude<TransportName, 'postgres'>;
  /** `redisTransport({...})` or `snsTransport({...})`: what it is written to. */
  readonly transport: Transport;
  /** Names of the events that are copied. */
  readonly types: readonly string[];
  /**
   * Where a new mirror begins. `unhandled`: at the first event that some subscription of the store still has to handle,
   * so that nothing is missing and as little as possible comes again.
   * @default 'unhandled'
   */
  readonly from?: 'unhandled' | 'beginning' | 'now' | number;
  /**
   * Events in work at a time, each of another key. They are sent together.
   * @default 100
   */
  readonly concurrency?: number;
  /**
   * Seconds an event waits whose copy was not taken, full jitter. It is tried until it is taken, and holds its key.
   * @default { base: 1, cap: 30 }
   */
  readonly backoff?: { readonly base: number; readonly cap: number };
  /** As of `subscribe`. @default true */
  readonly listen?: boolean | Pool;
  /** As of `subscribe`. @default 1000 */
  readonly pollMilliseconds?: number;
  /** As of `subscribe`. @default 15000 */
  readonly leaseMilliseconds?: number;
  readonly onSettled?: (settled: SettledEvent) => void;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface ShadowOptions {
  /** Where the arrivals are noted: the database of the record. */
  readonly pool: Pick<Pool, 'query'>;
  /** The transport that is watched. */
  readonly transport: TransportName;
}

export interface ParityOptions {
  readonly consumer: string;
  /** The transport that its shadow watches. */
  readonly transport: TransportName;
  /** @default - what the consumer's processes have registered */
  readonly types?: readonly string[];
  /** Events behind this position. @default - the first that the mirror copied */
  readonly after?: number;
  /** Recorded at this time or later. @default - no bound */
  readonly since?: Date;
  /**
   * Seconds since an event was recorded after which it has to have arrived.
   * @default 30
   */
  readonly settleSeconds?: number;
  /**
   * Event ids of each kind that the report names.
   * @default 10
   */
  readonly examples?: number;
}

export interface ParityReport {
  readonly consumer: string;
  readonly transport: TransportName;
  /** Positions it looked at: behind `after`, up to `upTo`. */
  readonly after: number;
  readonly upTo: number;
  /** Events of the record that should have arrived. */
  readonly recorded: number;
  readonly arrived: number;
  /** Recorded, and not arrived. */
  readonly missing: number;
  /** Those among them that the consumer has not handled either: a move would lose them. */
  readonly missingUnhandled: number;
  /** Arrived, and not in the record, or of a type that the consumer does not handle. */
  readonly extra: number;
  /** Deliveries of events that had arrived before. At least once means that there may be some; the inbox drops them. */
  readonly repeated: number;
  /** Arrived behind an event of their ordering key that is later in the record. */
  readonly reordered: number;
  /** Recorded too recently to say. */
  readonly tooRecent: number;
  readonly examples: {
    readonly missing: readonly string[];
    readonly extra: readonly string[];
    readonly reordered: readonly string[];
  };
  /** Milliseconds from the record to the shadow, to the effect of the live consumer, and the difference of the same events. */
  readonly latency: {
    readonly shadow: Percentiles;
    readonly live: Percentiles;
    readonly difference: Percentiles;
  };
  /** Nothing is missing, extra or reordered. */
  readonly isEqual: boolean;
}

export interface Percentiles {
  /** How many events it is of; without any the values are null. */
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

/** A reader that can be stopped: what `subscribe`, `pollRedis` and `poll` return. */
export type SupervisedReader = Pick<Poller, 'stop'> | Pick<EventSubscription, 'stop'>;

export interface SupervisedConsumer {
  readonly consumer: string;
  /** Where it is live at first, by its configuration: inserted where it has no row yet. */
  readonly configured: TransportName;
  /** Names of the events it handles. @default - not told */
  readonly types?: readonly string[];
  /**
   * Called once before anything else, live or not, until it succeeds: makes the group of the transport, so that it fills
   * while it is held. For Redis `makeRedisGroup`.
   * @default - nothing has to be made
   */
  readonly prepare?: () => Promise<void>;
  /** Called when it becomes live here; again after each stop. Rejects: it is tried again with backoff. */
  readonly start: () => SupervisedReader | Promise<SupervisedReader>;
}

export interface SuperviseOptions {
  readonly pool: Pool;
  /** The transport of this process: WAYBILL_TRANSPORT. */
  readonly transport: TransportName;
  readonly consumers: readonly SupervisedConsumer[];
  /**
   * Milliseconds between two looks at where the consumers are live.
   * @default 500
   */
  readonly pollMilliseconds?: number;
  /** LISTEN for moves: a hint. As of `subscribe`. @default true */
  readonly listen?: boolean | Pool;
  /** Milliseconds that running handlers have when their consumer goes. @default 20000 */
  readonly stopWithin?: number;
  /** Told when a reader was started or has stopped. Must not throw. */
  readonly onChange?: (change: { readonly consumer: string; readonly running: boolean }) => void;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface Supervisor {
  /** Consumers whose reader runs here now. */
  running(): readonly string[];
  /** Milliseconds since the epoch of the last look that the database answered; for a health check. */
  lastLook(): number;
  /** Stops all readers. Calling it again returns the same promise. */
  stop(options?: StopOptions): Promise<StopReport>;
}
