/** Load shedding by priority: what is less important waits for what is more important, never the other way round. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { UnavailableError } from './errors.ts';

export type WorkPriority = 'low' | 'normal' | 'high';

export interface LoadShedderProps {
  /** What is overloaded, in errors and metrics: the consumer or service. */
  readonly name: string;
  /**
   * Work of this instance at a time. Low work is refused from four fifths of it, normal work at it, high never.
   * @default - no limit
   */
  readonly maxConcurrent?: number;
  /**
   * Seconds from which work is late. As long as something is late, what is less important is refused.
   * @default - nothing is late
   */
  readonly maxAgeSeconds?: number;
  /** For tests. */
  readonly clock?: Clock;
}

export interface LoadShedder {
  /**
   * Takes work on, or refuses it.
   *
   * | | low | normal | high |
   * |---|---|---|---|
   * | below 4/5 of maxConcurrent, nothing late | taken | taken | taken |
   * | from 4/5 of maxConcurrent | refused | taken | taken |
   * | at maxConcurrent | refused | refused | taken |
   * | normal work is late | refused | taken | taken |
   * | high work is late | refused | refused | taken |
   * | only low work is late | taken | taken | taken |
   *
   * Work is never refused for being late itself, or it would stay late for ever.
   *
   * @param ageSeconds how long it has waited so far
   * @returns what to call when the work is done
   * @throws UnavailableError WAYBILL_LOAD_SHED
   */
  take(priority: WorkPriority, ageSeconds?: number): () => void;
}

/** Seconds for which late work counts: a moment without some does not mean that the queue is empty. */
const LATE_MEMORY_SECONDS = 30;
const LOW_SHARE = 0.8;
/** Seconds. */
const RETRY_AFTER = 30;

const RANK: Readonly<Record<WorkPriority, number>> = { low: 0, normal: 1, high: 2 };

export function createLoadShedder(props: LoadShedderProps): LoadShedder {
  const { name, maxConcurrent = Number.POSITIVE_INFINITY, maxAgeSeconds = Number.POSITIVE_INFINITY } = props;
  const clock = props.clock ?? systemClock;
  /** Until when work of each priority counts as late. */
  const lateUntil: Record<WorkPriority, number> = { low: 0, normal: 0, high: 0 };
  let underway = 0;

  const isOverloadedFor = (priority: WorkPriority): boolean => {
    const now = clock.now();
    const isMoreImportantLate = (['normal', 'high'] as const).some(
      (other) => RANK[other] > RANK[priority] && now < lateUntil[other],
    );
    if (isMoreImportantLate) return true;
    if (priority === 'high') return false;
    return underway >= maxConcurrent * (priority === 'low' ? LOW_SHARE : 1);
  };

  return {
    take(priority, ageSeconds = 0) {
      if (ageSeconds > maxAgeSeconds) lateUntil[priority] = clock.now() + 1_000 * LATE_MEMORY_SECONDS;
      if (isOverloadedFor(priority)) throw new UnavailableError('WAYBILL_LOAD_SHED', name, RETRY_AFTER);
      underway += 1;
      let isDone = false;
      return () => {
        if (!isDone) underway -= 1;
        isDone = true;
      };
    },
  };
}
