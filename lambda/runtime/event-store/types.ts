/** What the event store is given and what it answers. */
import type { Envelope } from '../../../lib/contracts/index.ts';

export interface AppendOptions {
  /**
   * The version that the stream must have: that of its last event, 0 for a stream without events.
   * @default - any version
   */
  readonly expectedVersion?: number;
}

/** An event's place. */
export interface Appended {
  readonly eventId: string;
  /** Null for an event of no stream. */
  readonly stream: string | null;
  /** Of the event in its stream: 1, 2, 3 without gaps. Null for an event of no stream. */
  readonly version: number | null;
  /** In the global order. Grows, with gaps. */
  readonly position: number;
  /** ISO 8601, UTC, by the database's clock. */
  readonly recordedAt: string;
  /** False: it was appended before, and this is what was answered then. */
  readonly isNew: boolean;
}

export interface StoredEvent extends Omit<Appended, 'isNew' | 'eventId'> {
  /** As it was written: personal data sealed, not yet upcast or validated. See `Sealer.open` and `decode`. */
  readonly envelope: Envelope;
}

export interface EventFilter {
  readonly stream?: string;
  readonly types?: readonly string[];
  readonly tenantId?: string;
  /** Recorded at this time or later. */
  readonly since?: Date;
  /** Recorded before this time. */
  readonly before?: Date;
  /** Behind this position. @default 0 - from the first */
  readonly after?: number;
  /** Up to this position. @default - all that is safe to read now */
  readonly upTo?: number;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Give it as `after` to read on. Never passes an event that is not committed yet. */
  readonly next: number;
  /** Nothing more is safe to read now. */
  readonly atEnd: boolean;
}
