/** The items of one table and the entries of its indexes, each in the order in which they are read. */
import { own } from './compare.ts';
import { compareKeys, identity, indexKey, tableKey, type EntryKey } from './item-keys.ts';
import { itemSize } from './item-size.ts';
import type { AttributeValue, Item, KeySchema } from './model.ts';
import { createOrderedEntries, type OrderedEntries } from './ordered-entries.ts';

export interface Projection {
  readonly type: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  /** For INCLUDE. */
  readonly nonKeyAttributes: readonly string[];
}

export interface IndexDefinition {
  readonly name: string;
  readonly kind: 'global' | 'local';
  readonly keySchema: KeySchema;
  readonly projection: Projection;
}

/** An item as it is kept. */
export interface StoredItem {
  readonly item: Item;
  readonly bytes: number;
}

/** One line of a table or index: `item` is what a reader of it sees. */
export interface Entry extends EntryKey, StoredItem {
  /** The whole item. */
  readonly stored: StoredItem;
}

export interface ItemStore {
  readonly bytes: () => number;
  readonly count: () => number;
  /** `key` holds at least the key attributes. */
  get(key: Item): StoredItem | undefined;
  /** What was there before is replaced; undefined deletes. Returns what was there. */
  replace(key: Item, item: Item | undefined): StoredItem | undefined;
  /** The table's entries, or an index's. */
  entries(indexName?: string): OrderedEntries<Entry>;
  addIndex(index: IndexDefinition): void;
  removeIndex(name: string): void;
}

interface Index {
  readonly definition: IndexDefinition;
  readonly attributes: ReadonlySet<string>;
  readonly entries: OrderedEntries<Entry>;
}

export function createItemStore(keySchema: KeySchema, definitions: readonly IndexDefinition[]): ItemStore {
  const items = new Map<string, Entry>();
  const ordered = createOrderedEntries<Entry>(compareKeys);
  const indexes = new Map<string, Index>();
  let bytes = 0;

  const indexEntry = ({ definition, attributes }: Index, entry: Entry): Entry | undefined => {
    const key = indexKey(definition.keySchema, entry.item, entry);
    if (key === undefined) return undefined;
    if (definition.projection.type === 'ALL') return { ...key, ...entry.stored, stored: entry.stored };
    const item = projected(entry.item, attributes);
    return { ...key, item, bytes: itemSize(item), stored: entry.stored };
  };

  const store: ItemStore = {
    bytes: () => bytes,
    count: () => items.size,
    get: (key) => items.get(identity(tableKey(keySchema, key)))?.stored,
    replace(key, item) {
      const place = tableKey(keySchema, key);
      const id = identity(place);
      const before = items.get(id);
      let after: Entry | undefined;
      if (item !== undefined) {
        const stored = { item, bytes: itemSize(item) };
        after = { ...place, ...stored, stored };
        items.set(id, after);
        ordered.insert(after);
      } else if (before !== undefined) {
        items.delete(id);
        ordered.delete(before);
      }
      bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0);
      for (const index of indexes.values()) {
        const [gone, come] = [before && indexEntry(index, before), after && indexEntry(index, after)];
        if (gone && !(come && compareKeys(gone, come) === 0)) index.entries.delete(gone);
        if (come) index.entries.insert(come);
      }
      return before?.stored;
    },
    entries(indexName) {
      if (indexName === undefined) return ordered;
      const index = indexes.get(indexName);
      if (index === undefined) throw new TypeError(`No index ${indexName}`);
      return index.entries;
    },
    addIndex(definition) {
      const index: Index = {
        definition,
        attributes: projectedAttributes(keySchema, definition),
        entries: createOrderedEntries<Entry>(compareKeys),
      };
      indexes.set(definition.name, index);
      for (const entry of ordered.all()) {
        const come = indexEntry(index, entry);
        if (come) index.entries.insert(come);
      }
    },
    removeIndex(name) {
      indexes.delete(name);
    },
  };
  for (const definition of definitions) store.addIndex(definition);
  return store;
}

/** The attributes that an index holds, unless it holds all. */
export function projectedAttributes(
  tableSchema: KeySchema,
  { keySchema, projection }: IndexDefinition,
): ReadonlySet<string> {
  const keys = [tableSchema.hash, tableSchema.range, keySchema.hash, keySchema.range];
  return new Set([
    ...keys.flatMap((key) => (key ? [key.name] : [])),
    ...(projection.type === 'INCLUDE' ? projection.nonKeyAttributes : []),
  ]);
}

function projected(item: Item, attributes: ReadonlySet<string>): Item {
  const kept: Record<string, AttributeValue> = {};
  for (const name of attributes) {
    const value = own(item, name);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
