/**
 * The events of one execution, in the shapes of GetExecutionHistory.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
import type { Clock } from '../../clock.ts';
import type { Collection } from '../../state/index.ts';
import { HISTORY_EVENTS } from '../limits.ts';
import { StateError } from '../language/state-error.ts';

export interface HistoryEvent {
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly type: string;
  readonly id: number;
  readonly previousEventId: number;
  /** `taskScheduledEventDetails` and the like. */
  readonly [details: `${string}EventDetails`]: Readonly<Record<string, unknown>>;
}

/** The execution can have no more events. No Retry or Catch sees it. */
export class HistoryFull extends StateError {}

export interface History {
  readonly events: readonly HistoryEvent[];
  /**
   * Adds an event that follows `previous`, and gives its id.
   *
   * @throws HistoryFull when only the execution's own end has room.
   */
  add(type: string, previous: number, details?: EventDetails): number;
  dropAll(): void;
}

/** The name of the member, without `EventDetails`, and what it holds. */
export type EventDetails = readonly [name: string, details: Readonly<Record<string, unknown>>];

export interface HistoryOptions {
  readonly executionArn: string;
  readonly clock: Clock;
  /** Standard executions keep each event; Express ones have no history that lasts. */
  readonly collection: Collection<HistoryEvent> | undefined;
  /** The events of an earlier process. */
  readonly kept: readonly HistoryEvent[];
  /** False for Express: it runs on, and its later events are not kept. */
  readonly limited: boolean;
  /** Told of each event. */
  readonly onEvent: (event: HistoryEvent) => void;
}

export function createHistory(options: HistoryOptions): History {
  const { executionArn, clock, collection, limited, onEvent } = options;
  const events = [...options.kept];
  let last = events.at(-1)?.id ?? 0;
  const key = (id: number) => `${executionArn}#${id}`;
  return {
    events,
    add(type, previous, details) {
      if (limited && last >= HISTORY_EVENTS - 1 && !type.startsWith('Execution')) {
        throw new HistoryFull(
          'States.Runtime',
          `The execution reached the maximum number of history events (${HISTORY_EVENTS}).`,
        );
      }
      const id = ++last;
      const event: HistoryEvent = {
        timestamp: clock.now() / 1_000,
        type,
        id,
        previousEventId: previous,
        ...(details && { [`${details[0]}EventDetails`]: details[1] }),
      };
      if (id <= HISTORY_EVENTS) events.push(event);
      collection?.put(key(id), event);
      onEvent(event);
      return id;
    },
    dropAll() {
      for (const { id } of events) collection?.delete(key(id));
      events.length = 0;
    },
  };
}
