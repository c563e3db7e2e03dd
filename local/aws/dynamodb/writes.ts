/** PutItem, UpdateItem and DeleteItem: read and checked first, then decided on what is there, then done. */
import { createConsumption, type Consumption } from './capacity.ts';
import { conditionalCheckFailed, invalidParameters, validationError } from './errors.ts';
import {
  applyUpdate,
  holds,
  project,
  readExpressions,
  type Condition,
  type Update,
} from './expressions/index.ts';
import { own } from './compare.ts';
import { required, requiredText, word, type Input } from './input.ts';
import { checkIndexKeys, checkItemKeys, checkKey, keysOf } from './item-keys.ts';
import { itemSize } from './item-size.ts';
import { MAXIMUM_ITEM_BYTES } from './limits.ts';
import type { Item } from './model.ts';
import { hasLocalIndexes, type Table } from './table.ts';
import type { Tables } from './tables.ts';
import { readItem } from './values.ts';

export type WriteKind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

/** One write, ready to be decided on. Nothing in it depends on what the table holds. */
export interface Write {
  readonly kind: WriteKind;
  readonly table: Table;
  readonly key: Item;
  readonly condition: Condition | undefined;
  /** Give the item along when the condition fails. */
  readonly showItemOnFailure: boolean;
  /** Paths that an update writes. */
  readonly update: Update | undefined;
  /** What the item becomes; undefined when it is deleted. Throws what AWS answers. */
  after(before: Item | undefined): Item | undefined;
}

const RETURN_VALUES = ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'] as const;
type ReturnValues = (typeof RETURN_VALUES)[number];

/** Reads a write of one item. Throws for what can be refused without looking at the table's items. */
export function readWrite(tables: Tables, kind: WriteKind, input: Input): Write {
  const reference = requiredText(input, 'TableName');
  const showItemOnFailure =
    word(input, 'ReturnValuesOnConditionCheckFailure', ['ALL_OLD', 'NONE'], 'NONE') === 'ALL_OLD';
  const raw = readItem(required(input, kind === 'Put' ? 'Item' : 'Key'));
  const { ConditionExpression: condition, UpdateExpression: update } = readExpressions(
    input,
    kind === 'Update' ? ['UpdateExpression', 'ConditionExpression'] : ['ConditionExpression'],
  );
  if (kind === 'Put') checkSize(raw, 'Item size');
  if (kind === 'ConditionCheck') required(input, 'ConditionExpression');
  const table = tables.existing(reference);
  const { keySchema } = table.settings;
  const shared = { kind, table, condition, showItemOnFailure, update };
  if (kind === 'Put') {
    checkItemKeys(keySchema, raw);
    checkIndexes(table, raw, false);
    return { ...shared, key: raw, after: () => raw };
  }
  checkKey(keySchema, raw);
  if (kind === 'Delete') return { ...shared, key: raw, after: () => undefined };
  if (kind === 'ConditionCheck') return { ...shared, key: raw, after: (before) => before };
  refuseKeyChange(table, update);
  return {
    ...shared,
    key: raw,
    after(before) {
      const updated = update ? applyUpdate(update, before ?? raw) : (before ?? raw);
      checkIndexes(table, updated, true);
      checkSize(updated, 'Item size to update');
      return updated;
    },
  };
}

/** True when the item as it is lets the write happen. */
export function isAllowed({ condition }: Write, before: Item | undefined): boolean {
  return condition === undefined || holds(condition, before ?? {});
}

/** Runs a single write and answers as PutItem, UpdateItem and DeleteItem do. */
export function runWrite(
  tables: Tables,
  kind: 'Put' | 'Update' | 'Delete',
  input: Input,
  consumption: Consumption = createConsumption(),
): unknown {
  const returned = readReturnValues(kind, input);
  const write = readWrite(tables, kind, input);
  const before = write.table.items.get(write.key)?.item;
  if (!isAllowed(write, before)) {
    consumption.write(write.table, before, before);
    throw conditionalCheckFailed(write.showItemOnFailure ? before : undefined);
  }
  const after = write.after(before);
  tables.write(write.table, write.key, after);
  consumption.write(write.table, before, after);
  const attributes = returnedAttributes(returned, write.update, before, after);
  return {
    ...(attributes && { Attributes: attributes }),
    ...consumption.one(input),
    ...itemCollectionMetrics(write, input),
  };
}

function readReturnValues(kind: WriteKind, input: Input): ReturnValues {
  const returned = word(input, 'ReturnValues', RETURN_VALUES, 'NONE');
  if (kind !== 'Update' && returned !== 'NONE' && returned !== 'ALL_OLD') {
    throw validationError('ReturnValues can only be ALL_OLD or NONE');
  }
  return returned;
}

function returnedAttributes(
  returned: ReturnValues,
  update: Update | undefined,
  before: Item | undefined,
  after: Item | undefined,
): Item | undefined {
  switch (returned) {
    case 'NONE':
      return undefined;
    case 'ALL_OLD':
      return before;
    case 'ALL_NEW':
      return after;
    case 'UPDATED_OLD':
      return notEmpty(before && project(before, update?.paths ?? []));
    case 'UPDATED_NEW':
    default:
      return notEmpty(after && project(after, update?.paths ?? []));
  }
}

function notEmpty(item: Item | undefined): Item | undefined {
  return item && Object.keys(item).length > 0 ? item : undefined;
}

/** The size of the collection that a table with local indexes keeps under one partition key, in GB. */
function itemCollectionMetrics({ table, key }: Write, input: Input): object {
  const metrics = readItemCollectionMetrics(table, key, input);
  return metrics ? { ItemCollectionMetrics: metrics } : {};
}

export function readItemCollectionMetrics(table: Table, key: Item, input: Input): object | undefined {
  const wanted = word(input, 'ReturnItemCollectionMetrics', ['SIZE', 'NONE'], 'NONE') === 'SIZE';
  if (!wanted || !hasLocalIndexes(table)) return undefined;
  const { name } = table.settings.keySchema.hash;
  return { ItemCollectionKey: { [name]: own(key, name) }, SizeEstimateRangeGB: [0, 1] };
}

function refuseKeyChange(table: Table, update: Update | undefined): void {
  const keys = Object.keys(keysOf(table.settings.keySchema, {}));
  const changed = update?.paths.map(([name]) => String(name)).find((name) => keys.includes(name));
  if (changed !== undefined) {
    throw invalidParameters(`Cannot update attribute ${changed}. This attribute is part of the key`);
  }
}

function checkIndexes(table: Table, item: Item, byUpdate: boolean): void {
  for (const { name, keySchema } of table.settings.indexes) checkIndexKeys(name, keySchema, item, byUpdate);
}

function checkSize(item: Item, what: string): void {
  if (itemSize(item) > MAXIMUM_ITEM_BYTES) {
    throw validationError(`${what} has exceeded the maximum allowed size`);
  }
}
