/**
 * Replicas of tables in other regions: each write follows there a moment later, and of two writes of one item the last
 * one wins, everywhere. amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
 */
import type { AwsContext } from '../context.ts';
import { identity, keysOf, tableKey } from './item-keys.ts';
import type { Item } from './model.ts';
import type { Table } from './table.ts';

/** When and where an item was written last. */
export interface WriteStamp {
  readonly at: number;
  readonly region: string;
}

/** A write on its way to another region. */
export interface ReplicatedWrite {
  readonly tableName: string;
  readonly key: Item;
  /** Undefined: deleted. */
  readonly after: Item | undefined;
  readonly stamp: WriteStamp;
}

export interface Replication {
  /** A client's write in this region. */
  written(table: Table, key: Item, after: Item | undefined): void;
  /** Whether a write of another region is the item's last one so far; it is from then on. */
  wins(table: Table, write: ReplicatedWrite): boolean;
  /** Sends every item that is there, to a replica that was just made. */
  seed(table: Table, region: string): void;
  close(): void;
}

/** "Within a second" is what AWS says; short enough for a test, long enough to be seen. */
const DELAY_MS = 20;
/** Between tries to reach a region that is down. */
const RETRY_MS = 1000;

export function createReplication(context: AwsContext): Replication {
  const stamps = new WeakMap<Table, Map<string, WriteStamp>>();
  const waiting = new Map<string, ReplicatedWrite[]>();
  const timers = new Map<string, object>();

  const stampsOf = (table: Table): Map<string, WriteStamp> => {
    const known = stamps.get(table) ?? new Map<string, WriteStamp>();
    stamps.set(table, known);
    return known;
  };
  const idOf = ({ settings }: Table, key: Item): string => identity(tableKey(settings.keySchema, key));

  const send = (region: string, write: ReplicatedWrite): void => {
    waiting.set(region, [...(waiting.get(region) ?? []), write]);
    arm(region, DELAY_MS);
  };
  const arm = (region: string, milliseconds: number): void => {
    if (timers.has(region)) return;
    timers.set(
      region,
      context.clock.setTimeout(() => {
        timers.delete(region);
        deliver(region);
      }, milliseconds),
    );
  };
  const deliver = (region: string): void => {
    const place = context.elsewhere?.(region);
    if (place === undefined || place.outage !== undefined) return arm(region, RETRY_MS);
    const writes = waiting.get(region) ?? [];
    waiting.delete(region);
    for (const write of writes) place.services.get('dynamodb').replicate(write);
  };

  return {
    written(table, key, after) {
      const { replicas = [], name, keySchema } = table.settings;
      if (replicas.length === 0) return;
      const id = idOf(table, key);
      const own = stampsOf(table);
      // Later than what it replaces, also within one millisecond.
      const at = Math.max(context.clock.now(), (own.get(id)?.at ?? 0) + 1);
      const stamp = { at, region: context.region };
      own.set(id, stamp);
      for (const region of replicas) {
        send(region, { tableName: name, key: keysOf(keySchema, key), after, stamp });
      }
    },
    wins(table, { key, stamp }) {
      const id = idOf(table, key);
      const own = stampsOf(table);
      const last = own.get(id);
      if (last && (last.at > stamp.at || (last.at === stamp.at && last.region >= stamp.region))) return false;
      own.set(id, stamp);
      return true;
    },
    seed(table, region) {
      const { name, keySchema } = table.settings;
      for (const { item } of table.items.entries().all()) {
        const stamp = stampsOf(table).get(idOf(table, item)) ?? { at: 0, region: context.region };
        send(region, { tableName: name, key: keysOf(keySchema, item), after: item, stamp });
      }
    },
    close() {
      for (const timer of timers.values()) context.clock.clearTimeout(timer);
      timers.clear();
    },
  };
}
