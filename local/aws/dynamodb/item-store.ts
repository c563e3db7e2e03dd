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

/** One line of a table or index: `item` is what a reader of it sees. A write to the table changes its line in place. */
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

  const indexEntries = (entry: Entry): readonly (Entry | undefined)[] =>
    indexes.size === 0 ? [] : [...indexes.values()].map((index) => indexEntry(index, entry));

  /** `gone` and `come` hold one entry for each index, in their order. */
  const changeIndexes = (
    gone: readonly (Entry | undefined)[] = [],
    come: readonly (Entry | undefined)[] = [],
  ): void => {
    let at = 0;
    for (const { entries } of indexes.values()) {
      const [old, fresh] = [gone[at], come[at]];
      if (old && !(fresh && compareKeys(old, fresh) === 0)) entries.delete(old);
      if (fresh) entries.insert(fresh);
      at++;
    }
  };

  const store: ItemStore = {
    bytes: () => bytes,
    count: () => items.size,
    get: (key) => items.get(identity(tableKey(keySchema, key)))?.stored,
    replace(key, item) {
      const place = tableKey(keySchema, key);
      const id = identity(place);
      const entry = items.get(id);
      const before = entry?.stored;
      const gone = entry && indexEntries(entry);
      bytes -= before?.bytes ?? 0;
      if (item === undefined) {
        if (entry === undefined) return undefined;
        items.delete(id);
        ordered.delete(entry);
        changeIndexes(gone, undefined);
        return before;
      }
      const stored = { item, bytes: itemSize(item) };
      bytes += stored.bytes;
      let after = entry;
      if (after === undefined) {
        after = { ...place, ...stored, stored };
        items.set(id, after);
        ordered.insert(after);
      } else {
        // Its place stays the same, so the entry does too.
        Object.assign(after, stored, { stored });
      }
      changeIndexes(gone, indexEntries(after));
      return before;
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
