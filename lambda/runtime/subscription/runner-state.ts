/** What one instance of a subscription knows: settings, its lanes, what is in memory, and what is not yet stored. */
import type { Pool } from 'pg';

import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import type { Backoff } from '../backoff.ts';
import type { Random } from '../clock.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { describeError } from '../logger.ts';
import type { LeaseHolder } from '../postgres/lane-leases.ts';
import type { Item } from './item.ts';
import type { Lane } from './lane.ts';
import type { Kept } from './rows.ts';
import type { SettledEvent } from './types.ts';
import { UnitOrder } from './unit-order.ts';

export interface RunnerSettings {
  readonly pool: Pool;
  readonly owner: string;
  readonly order: 'key' | 'total';
  readonly concurrency: number;
  readonly backoff: Backoff;
  readonly pollMilliseconds: number;
  readonly leaseMilliseconds: number;
  readonly maxProcessingMilliseconds: number;
  readonly pageSize: number;
  readonly onSettled: ((settled: SettledEvent) => void) | undefined;
  readonly random: Random;
}

/** Of each kind one runs at a time. */
export type Work = 'renew' | 'read' | 'mark' | 'load';

export interface RunnerState {
  readonly consumer: Consumer;
  readonly settings: RunnerSettings;
  /** The names of the contracts. */
  readonly types: readonly string[];
  readonly holder: LeaseHolder;
  readonly lanes: Map<number, Lane>;
  readonly units: UnitOrder;
  readonly running: Map<Item, { readonly controller: AbortController; readonly timer: unknown }>;
  /** What handlers threw, until it is stored. By event: one is handled once at a time. */
  readonly errors: Map<string, string>;
  readonly busy: Set<Work>;

  // Done, and not yet marked so in the database.
  kept: Kept[];
  removed: Item[];
  /** Blocked units of which more is to be loaded once what was done of them is marked. */
  unloaded: Item[];
  /** Noted as begun, and have an outcome: the notes are removed behind the next mark. */
  unnoted: { readonly item: Item; readonly removed: () => void }[];
  /** What the mark that is under way stores. */
  storing: readonly Kept[];
  /** Units of which something was kept while they may have been loaded. */
  readonly keptMeanwhile: Set<string>;

  /** Events that were begun and have no outcome, by keyOf(), with their lane: they may have ended a process. */
  readonly suspects: Map<string, number>;
  /** Resolves when no suspect is in work, and the outcome of the last is stored. */
  suspectsDone: Promise<void>;

  /** The position up to which it is safe to read. */
  horizon: number;
  // Milliseconds since the epoch.
  leasedUntil: number;
  renewAt: number;
  refreshAt: number;
  markAt: number;
  pollAt: number;
  hints: number;
  idlePolls: number;
  /** Nothing new is begun. */
  stopping: boolean;
  /** What handlers still do counts no more. */
  over: boolean;
  /** Looks at once whether there is something to do. */
  wake(): void;
  /** The database can't be reached: everything waits a while. */
  failed(error: unknown): void;
}

export function createState(
  consumer: Consumer,
  settings: RunnerSettings,
  calls: Pick<RunnerState, 'wake' | 'failed'>,
): RunnerState {
  const { handler } = consumer;
  const errors = new Map<string, string>();
  return {
    consumer: {
      ...consumer,
      handler: async (event, context) => {
        try {
          await handler(event, context);
        } catch (error) {
          errors.set(event.eventId, describeError(error));
          throw error;
        }
      },
    },
    settings,
    types: consumer.contracts.map(({ name }: AnyEventContract) => name),
    holder: { pool: settings.pool, owner: settings.owner, scope: consumer.name },
    lanes: new Map(),
    units: new UnitOrder(),
    running: new Map(),
    errors,
    busy: new Set(),
    kept: [],
    removed: [],
    unloaded: [],
    unnoted: [],
    storing: [],
    keptMeanwhile: new Set(),
    suspects: new Map(),
    suspectsDone: Promise.resolve(),
    horizon: 0,
    leasedUntil: 0,
    renewAt: 0,
    refreshAt: 0,
    markAt: 0,
    pollAt: 0,
    hints: 0,
    idlePolls: 0,
    stopping: false,
    over: false,
    ...calls,
  };
}
