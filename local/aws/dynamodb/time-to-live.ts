/**
 * Deletes items whose time to live is over. AWS does so "within a few days"; here a sweep comes half a minute after the
 * time by the clock, and until then readers see the item, as on AWS.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 */
import type { AwsContext, ClockTimer } from '../context.ts';
import { own } from './compare.ts';
import { identity, keysOf, tableKey } from './item-keys.ts';
import type { Item } from './model.ts';
import { createOrderedEntries, type OrderedEntries } from './ordered-entries.ts';
import type { Table } from './table.ts';

const SWEEP_DELAY_MILLISECONDS = 30_000;
/** "Items with an expiry more than 5 years in the past are not deleted." */
const OLDEST_EXPIRY_MILLISECONDS = 5 * 365 * 24 * 60 * 60 * 1000;
/** The longest a timer can wait. */
const LONGEST_WAIT_MILLISECONDS = 24 * 60 * 60 * 1000;

interface Expiry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
  readonly key: Item;
}

export interface TimeToLive {
  /** Starts, changes or stops watching a table, as its settings say. */
  watch(table: Table): void;
  forget(table: Table): void;
  itemChanged(table: Table, before: Item | undefined, after: Item | undefined): void;
  close(): void;
}

/** `expire` is called for each item whose time is over. */
export function createTimeToLive(
  context: Pick<AwsContext, 'clock'>,
  expire: (table: Table, key: Item) => void,
): TimeToLive {
  const watched = new Map<Table, OrderedEntries<Expiry>>();
  let timer: { readonly handle: ClockTimer; readonly due: number } | undefined;

  const disarm = () => {
    if (timer) context.clock.clearTimeout(timer.handle);
    timer = undefined;
  };
  const arm = (at: number) => {
    const due = Math.max(at, context.clock.now()) + SWEEP_DELAY_MILLISECONDS;
    if (timer && timer.due <= due) return;
    disarm();
    const wait = Math.min(due - context.clock.now(), LONGEST_WAIT_MILLISECONDS);
    timer = { handle: context.clock.setTimeout(sweep, wait), due };
  };
  const sweep = () => {
    timer = undefined;
    const now = context.clock.now();
    for (const [table, expiries] of watched) {
      const over: Expiry[] = [];
      for (const expiry of expiries.all()) {
        if (expiry.at > now) break;
        over.push(expiry);
      }
      for (const { key } of over) expire(table, key);
      const [next] = expiries.all();
      if (next) arm(next.at);
    }
  };

  const expiryOf = (table: Table, item: Item | undefined): Expiry | undefined => {
    const attribute = table.settings.timeToLive?.attribute;
    const seconds = item && attribute !== undefined ? own(item, attribute)?.N : undefined;
    if (item === undefined || seconds === undefined) return undefined;
    const at = Number(seconds) * 1000;
    if (at < context.clock.now() - OLDEST_EXPIRY_MILLISECONDS) return undefined;
    const key = keysOf(table.settings.keySchema, item);
    return { at, id: identity(tableKey(table.settings.keySchema, key)), key };
  };

  const service: TimeToLive = {
    watch(table) {
      service.forget(table);
      if (table.settings.timeToLive?.enabled !== true) return;
      const expiries = createOrderedEntries<Expiry>(
        (left, right) => left.at - right.at || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0),
      );
      watched.set(table, expiries);
      for (const { item } of table.items.entries().all()) {
        const expiry = expiryOf(table, item);
        if (expiry) expiries.insert(expiry);
      }
      const [first] = expiries.all();
      if (first) arm(first.at);
    },
    forget(table) {
      watched.delete(table);
      if (watched.size === 0) disarm();
    },
    itemChanged(table, before, after) {
      const expiries = watched.get(table);
      if (expiries === undefined) return;
      const gone = expiryOf(table, before);
      if (gone) expiries.delete(gone);
      const come = expiryOf(table, after);
      if (!come) return;
      expiries.insert(come);
      arm(come.at);
    },
    close() {
      watched.clear();
      disarm();
    },
  };
  return service;
}
