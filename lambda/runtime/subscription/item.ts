/** An event on its way to a handler. */
import type { EventPriority, ReplayMark } from '../../../lib/contracts/index.ts';

export interface Item {
  readonly lane: number;
  /** What is kept in order. */
  readonly unit: string;
  readonly position: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly eventVersion: string;
  readonly tenantId: string;
  readonly priority: EventPriority;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  /** Undefined: retention dropped it. */
  readonly body: string | undefined;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** It has a row among what waits; the lane's cursor is past it. */
  readonly waits: boolean;
  readonly replay: ReplayMark | undefined;
}
