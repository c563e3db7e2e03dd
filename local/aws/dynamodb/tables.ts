/** The tables of the account: found by name or ARN, kept, and written to. */
import type { AwsContext } from '../context.ts';
import { sameItem } from './compare.ts';
import { constraintError, resourceInUse, resourceNotFound, tableNotFound } from './errors.ts';
import { identity, keysOf, tableKey } from './item-keys.ts';
import { createItemStore } from './item-store.ts';
import { keySchemaElements, type Item, type StreamViewType } from './model.ts';
import { createReplication, type ReplicatedWrite } from './replication.ts';
import type { Table, TableSettings } from './table.ts';
import { createTimeToLive } from './time-to-live.ts';

export interface Tables {
  all(): readonly Table[];
  /** For calls on items: the plain `Requested resource not found`. Takes a name or an ARN. */
  existing(reference: string): Table;
  /** For calls on tables, whose error names the table. */
  described(reference: string): Table;
  find(reference: string): Table | undefined;
  create(settings: TableSettings): Table;
  /** Takes new settings, builds or drops indexes, and follows the time to live. */
  change(table: Table, changes: Partial<TableSettings>): void;
  /** A new stream when there is a view type, else none. */
  setStream(table: Table, viewType: StreamViewType | undefined): void;
  delete(table: Table): void;
  /** Puts or, when `after` is undefined, deletes one item; tells the stream. Returns what was there. */
  write(table: Table, key: Item, after: Item | undefined, byTimeToLive?: boolean): Item | undefined;
  /** Takes a write of another region, when it is the item's last one. */
  replicate(write: ReplicatedWrite): void;
  /** Makes this table's replica in another region that is joined to this, with all items. */
  addReplica(table: Table, region: string): void;
  close(): void;
}

interface KeptItem {
  readonly table: string;
  readonly item: Item;
}

export function createTables(context: AwsContext): Tables {
  const settingsKept = context.state.collection<TableSettings>('dynamodb.tables');
  const itemsKept = context.state.collection<KeptItem>('dynamodb.items');
  const byName = new Map<string, Table>();
  const replication = createReplication(context);
  const streams = () => context.services.get('dynamodbstreams');

  const kept = (table: Table, item: Item) =>
    `${table.settings.id}/${identity(tableKey(table.settings.keySchema, item))}`;
  const find = (reference: string) => byName.get(tableNameOf(reference));

  const tables: Tables = {
    all: () => [...byName.values()],
    find,
    existing(reference) {
      const table = find(reference);
      if (table === undefined) throw resourceNotFound();
      return table;
    },
    described(reference) {
      const table = find(reference);
      if (table === undefined) throw tableNotFound(tableNameOf(reference));
      return table;
    },
    create(settings) {
      if (byName.has(settings.name)) throw resourceInUse(`Table already exists: ${settings.name}`);
      const table = addTable(settings);
      settingsKept.put(settings.name, settings);
      return table;
    },
    change(table, changes) {
      const before = table.settings;
      table.settings = { ...before, ...changes };
      const { settings, items } = table;
      for (const { name } of before.indexes) {
        if (!settings.indexes.some((index) => index.name === name)) items.removeIndex(name);
      }
      for (const index of settings.indexes) {
        if (!before.indexes.some(({ name }) => name === index.name)) items.addIndex(index);
      }
      if (before.timeToLive !== settings.timeToLive) timeToLive.watch(table);
      settingsKept.put(settings.name, settings);
    },
    setStream(table, viewType) {
      const { stream: before, ...settings } = table.settings;
      if (before) streams().disable(before.arn);
      if (viewType === undefined) {
        table.settings = settings;
      } else {
        const opened = streams().open(settings.name, keySchemaElements(settings.keySchema), viewType);
        table.settings = { ...settings, stream: { ...opened, viewType }, latestStream: opened };
      }
      settingsKept.put(settings.name, table.settings);
    },
    delete(table) {
      if (table.settings.stream) tables.setStream(table, undefined);
      if (context.state.persistent) {
        for (const { item } of table.items.entries().all()) itemsKept.delete(kept(table, item));
      }
      timeToLive.forget(table);
      byName.delete(table.settings.name);
      settingsKept.delete(table.settings.name);
    },
    write(table, key, after, byTimeToLive = false) {
      const before = apply(table, key, after, byTimeToLive);
      if (before !== undefined || after !== undefined) replication.written(table, key, after);
      return before;
    },
    replicate(write) {
      const table = find(write.tableName);
      if (table && replication.wins(table, write)) apply(table, write.key, write.after);
    },
    addReplica(table, region) {
      const place = context.elsewhere?.(region);
      if (place === undefined) return;
      const others = table.settings.replicas ?? [];
      tables.change(table, { replicas: [...new Set([...others, region])] });
      place.services.get('dynamodb').createReplica(table.settings, [context.region, ...others]);
      replication.seed(table, region);
    },
    close: () => {
      timeToLive.close();
      replication.close();
    },
  };

  function apply(table: Table, key: Item, after: Item | undefined, byTimeToLive = false): Item | undefined {
    const { settings, items } = table;
    const before = items.replace(key, after)?.item;
    if (before === undefined && after === undefined) return undefined;
    timeToLive.itemChanged(table, before, after);
    if (context.state.persistent) {
      if (after) itemsKept.put(kept(table, key), { table: settings.name, item: after });
      else itemsKept.delete(kept(table, key));
    }
    // A write that changes nothing leaves no record. Streams.html
    if (settings.stream && !(before && after && sameItem(before, after))) {
      const keys = keysOf(settings.keySchema, after ?? before ?? key);
      streams().append(settings.stream.arn, { keys, before, after, byTimeToLive });
    }
    return before;
  }

  const timeToLive = createTimeToLive(context, (table, key) => {
    tables.write(table, key, undefined, true);
    const { name, arn } = table.settings;
    const dimensions = { TableName: name };
    context.metrics.put({
      namespace: 'AWS/DynamoDB',
      name: 'TimeToLiveDeletedItemCount',
      dimensions,
      value: 1,
    });
    context.events.emit({ kind: 'expired', service: 'dynamodb', resourceArn: arn });
  });

  function addTable(settings: TableSettings): Table {
    const table: Table = { settings, items: createItemStore(settings.keySchema, settings.indexes) };
    byName.set(settings.name, table);
    return table;
  }

  for (const [, settings] of settingsKept.entries()) addTable(settings);
  for (const [, { table: name, item }] of itemsKept.entries()) byName.get(name)?.items.replace(item, item);
  for (const table of byName.values()) timeToLive.watch(table);
  return tables;
}

/** Requests name a table by name or by ARN. */
export function tableNameOf(reference: string): string {
  const name = /^arn:aws[^:]*:dynamodb:[^:]*:[^:]*:table\/([^/]+)/.exec(reference)?.[1] ?? reference;
  if (/^[a-zA-Z0-9_.-]{1,255}$/.test(name)) return name;
  throw constraintError(
    name,
    'tableName',
    name === ''
      ? 'Member must have length greater than or equal to 1'
      : 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+',
  );
}
