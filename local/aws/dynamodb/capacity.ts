/**
 * The capacity units that calls consume.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
import type { AwsContext } from '../context.ts';
import { own } from './compare.ts';
import { word, type Input } from './input.ts';
import { itemSize } from './item-size.ts';
import { READ_UNIT_BYTES, WRITE_UNIT_BYTES } from './limits.ts';
import type { Item } from './model.ts';
import type { IndexSettings, Table } from './table.ts';

/** Units used by one call, table by table. */
export interface Consumption {
  read(table: Table, bytes: number, options: ReadOptions): void;
  write(table: Table, before: Item | undefined, after: Item | undefined, transaction?: boolean): void;
  /** `ConsumedCapacity` for calls on one table; the members of the answer that hold it. */
  one(input: Input): { readonly ConsumedCapacity?: unknown };
  /** The same for calls on several tables. */
  several(input: Input): { readonly ConsumedCapacity?: readonly unknown[] };
  publish(context: AwsContext): void;
}

export interface ReadOptions {
  readonly index?: IndexSettings | undefined;
  readonly consistent: boolean;
  readonly transaction?: boolean;
}

interface Units {
  read: number;
  write: number;
}

interface TableUnits {
  readonly table: Units;
  readonly indexes: Map<IndexSettings, Units>;
  transaction: boolean;
}

export function createConsumption(): Consumption {
  const tables = new Map<Table, TableUnits>();

  const unitsOf = (table: Table): TableUnits => {
    let units = tables.get(table);
    if (units === undefined) {
      units = { table: { read: 0, write: 0 }, indexes: new Map(), transaction: false };
      tables.set(table, units);
    }
    return units;
  };
  const unitsOfIndex = (table: Table, index: IndexSettings): Units => {
    const { indexes } = unitsOf(table);
    let units = indexes.get(index);
    if (units === undefined) {
      units = { read: 0, write: 0 };
      indexes.set(index, units);
    }
    return units;
  };
  const described = (input: Input) => {
    const level = word(input, 'ReturnConsumedCapacity', ['INDEXES', 'TOTAL', 'NONE'], 'NONE');
    return level === 'NONE'
      ? []
      : [...tables].map(([table, units]) => describeUnits(table, units, level === 'INDEXES'));
  };

  return {
    read(table, bytes, { index, consistent, transaction = false }) {
      const units =
        Math.ceil(Math.max(bytes, 1) / READ_UNIT_BYTES) * (transaction ? 2 : consistent ? 1 : 0.5);
      const used = unitsOf(table);
      used.transaction ||= transaction;
      (index ? unitsOfIndex(table, index) : used.table).read += units;
    },
    write(table, before, after, transaction = false) {
      const used = unitsOf(table);
      used.transaction ||= transaction;
      const factor = transaction ? 2 : 1;
      used.table.write += factor * writeUnits(before, after);
      for (const index of table.settings.indexes) {
        const entries = indexWrites(index, before, after);
        if (entries > 0) unitsOfIndex(table, index).write += factor * entries;
      }
    },
    one(input) {
      const [capacity] = described(input);
      return capacity ? { ConsumedCapacity: capacity } : {};
    },
    several(input) {
      const capacities = described(input);
      return capacities.length > 0 ? { ConsumedCapacity: capacities } : {};
    },
    publish(context) {
      for (const [{ settings }, { table, indexes }] of tables) {
        publishUnits(context, { TableName: settings.name }, table);
        for (const [index, units] of indexes) {
          const dimensions = { TableName: settings.name, GlobalSecondaryIndexName: index.name };
          if (index.kind === 'global') publishUnits(context, dimensions, units);
          else publishUnits(context, { TableName: settings.name }, units);
        }
      }
    },
  };
}

function writeUnits(before: Item | undefined, after: Item | undefined): number {
  const bytes = Math.max(before ? itemSize(before) : 0, after ? itemSize(after) : 0);
  return Math.ceil(Math.max(bytes, 1) / WRITE_UNIT_BYTES);
}

/** An index that gains, loses or changes an entry is written to; one whose key changes, twice. */
function indexWrites(
  { keySchema: { hash, range } }: IndexSettings,
  before: Item | undefined,
  after: Item | undefined,
): number {
  const keyOf = (item: Item | undefined) => {
    const values = [hash, ...(range ? [range] : [])].map(({ name }) => item && own(item, name));
    return item && values.every((value) => value !== undefined) ? JSON.stringify(values) : undefined;
  };
  const [gone, come] = [keyOf(before), keyOf(after)];
  if (gone !== undefined && come !== undefined) {
    return gone === come
      ? writeUnits(before, after)
      : writeUnits(before, undefined) + writeUnits(undefined, after);
  }
  if (gone !== undefined) return writeUnits(before, undefined);
  return come === undefined ? 0 : writeUnits(undefined, after);
}

function describeUnits({ settings }: Table, units: TableUnits, byIndex: boolean) {
  const all = [units.table, ...units.indexes.values()];
  const read = all.reduce((sum, part) => sum + part.read, 0);
  const write = all.reduce((sum, part) => sum + part.write, 0);
  const shown = (part: Units) => ({
    CapacityUnits: part.read + part.write,
    ...(units.transaction && part.read > 0 && { ReadCapacityUnits: part.read }),
    ...(units.transaction && part.write > 0 && { WriteCapacityUnits: part.write }),
  });
  const indexes = (kind: 'local' | 'global') =>
    [...units.indexes]
      .filter(([index]) => index.kind === kind)
      .map(([{ name }, part]) => [name, shown(part)]);
  return {
    TableName: settings.name,
    ...shown({ read, write }),
    ...(byIndex && {
      Table: shown(units.table),
      ...(indexes('local').length > 0 && { LocalSecondaryIndexes: Object.fromEntries(indexes('local')) }),
      ...(indexes('global').length > 0 && { GlobalSecondaryIndexes: Object.fromEntries(indexes('global')) }),
    }),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html */
function publishUnits(context: AwsContext, dimensions: Readonly<Record<string, string>>, units: Units): void {
  const namespace = 'AWS/DynamoDB';
  if (units.read > 0) {
    context.metrics.put({ namespace, name: 'ConsumedReadCapacityUnits', dimensions, value: units.read });
  }
  if (units.write > 0) {
    context.metrics.put({ namespace, name: 'ConsumedWriteCapacityUnits', dimensions, value: units.write });
  }
}
