/**
 * GetItem, Query and Scan.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
 */
import { createConsumption, type Consumption } from './capacity.ts';
import { own, sortableKey } from './compare.ts';
import { invalidParameters, validationError } from './errors.ts';
import { AwsError } from '../errors.ts';
import {
  holds,
  project,
  readExpressions,
  readKeyCondition,
  type Condition,
  type KeyCondition,
  type Operand,
  type Path,
} from './expressions/index.ts';
import {
  flag,
  optionalList,
  optionalText,
  required,
  requiredText,
  wholeNumber,
  word,
  type Input,
} from './input.ts';
import { checkKey, compareKeys, hashOf, indexKey, tableKey, type EntryKey } from './item-keys.ts';
import { projectedAttributes, type Entry } from './item-store.ts';
import { MAXIMUM_SEGMENTS, PAGE_BYTES } from './limits.ts';
import type { AttributeValue, Item, KeySchema } from './model.ts';
import { indexOf, type IndexSettings, type Table } from './table.ts';
import type { Tables } from './tables.ts';
import { readItem } from './values.ts';

/** A read of one item, checked. */
export interface Get {
  readonly table: Table;
  readonly key: Item;
  readonly paths: readonly Path[] | undefined;
}

export function readGet(tables: Tables, input: Input): Get {
  const reference = requiredText(input, 'TableName');
  const key = readItem(required(input, 'Key'));
  const paths = readPaths(input, readExpressions(input, ['ProjectionExpression']).ProjectionExpression);
  const table = tables.existing(reference);
  checkKey(table.settings.keySchema, key);
  return { table, key, paths };
}

export function getItem(tables: Tables, input: Input, consumption = createConsumption()): object {
  const consistent = flag(input, 'ConsistentRead');
  const { table, key, paths } = readGet(tables, input);
  const stored = table.items.get(key);
  consumption.read(table, stored?.bytes ?? 0, { consistent });
  return {
    ...(stored && { Item: paths ? project(stored.item, paths) : stored.item }),
    ...consumption.one(input),
  };
}

/** AttributesToGet is the one legacy parameter that is taken: it is the same as a projection. */
export function readPaths(
  input: Input,
  projection: readonly Path[] | undefined,
): readonly Path[] | undefined {
  const names = optionalList(input, 'AttributesToGet') as readonly string[] | undefined;
  if (names === undefined) return projection;
  if (projection) {
    throw validationError(
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}',
    );
  }
  const duplicate = names.find((name, index) => names.indexOf(name) < index);
  if (duplicate !== undefined) {
    throw invalidParameters(`Duplicate value in attribute name: ${duplicate}`);
  }
  return names.map((name) => [name]);
}

/** What Query and Scan have in common once the request is read. */
interface Reading {
  readonly table: Table;
  readonly index: IndexSettings | undefined;
  readonly consistent: boolean;
  readonly filter: Condition | undefined;
  readonly paths: readonly Path[] | undefined;
  readonly select: string;
  readonly limit: number;
  readonly startKey: EntryKey | undefined;
}

export function query(tables: Tables, input: Input, consumption = createConsumption()): object {
  requiredText(input, 'TableName');
  const limit = readLimit(input);
  const expressions = readExpressions(input, [
    'ProjectionExpression',
    'FilterExpression',
    'KeyConditionExpression',
  ]);
  const { KeyConditionExpression: condition } = expressions;
  if (condition === undefined) {
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const reading = readReading(tables, input, expressions, limit);
  const schema = schemaOf(reading);
  const keyCondition = readKeyCondition(condition, schema);
  refuseKeysInFilter(schema, reading.filter);
  const partition = sortableKey(keyCondition.hash);
  const { startKey } = reading;
  if (startKey) checkStartKey(startKey, partition, keyCondition);

  const forward = input['ScanIndexForward'] !== false;
  const place = { hash: hashOf(partition), partition, sort: '', tie: '' };
  const entries = reading.table.items.entries(reading.index?.name);
  const isBefore = (entry: Entry): boolean => {
    if (entry.hash !== place.hash || entry.partition !== partition) return compareKeys(entry, place) < 0;
    if (!forward) return !keyCondition.isAbove(entry.sort) && (!startKey || compareKeys(entry, startKey) < 0);
    return keyCondition.isBelow(entry.sort) || (startKey !== undefined && compareKeys(entry, startKey) <= 0);
  };
  const isIn = (entry: Entry): boolean =>
    entry.partition === partition &&
    (forward ? !keyCondition.isAbove(entry.sort) : !keyCondition.isBelow(entry.sort));
  return readPage(reading, entries.from(isBefore, !forward), isIn, input, consumption);
}

export function scan(tables: Tables, input: Input, consumption = createConsumption()): object {
  requiredText(input, 'TableName');
  const limit = readLimit(input);
  const expressions = readExpressions(input, ['ProjectionExpression', 'FilterExpression']);
  const { first, last } = readSegment(input);
  const reading = readReading(tables, input, expressions, limit);
  const { startKey } = reading;
  if (startKey && (startKey.hash < first || startKey.hash > last)) {
    throw validationError(
      `The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: ${String(input['TotalSegments'])} Segment: ${String(input['Segment'])}`,
    );
  }
  const isBefore = (entry: Entry): boolean =>
    entry.hash < first || (startKey !== undefined && compareKeys(entry, startKey) <= 0);
  const entries = reading.table.items.entries(reading.index?.name);
  return readPage(reading, entries.from(isBefore), ({ hash }) => hash <= last, input, consumption);
}

/** The share of all hashes that a segment of a parallel scan covers, both ends included. */
function readSegment(input: Input): { readonly first: number; readonly last: number } {
  const total = wholeNumber(input, 'TotalSegments', 1, MAXIMUM_SEGMENTS);
  const segment = wholeNumber(input, 'Segment', 0, MAXIMUM_SEGMENTS - 1);
  if (total === undefined && segment === undefined) return { first: 0, last: Infinity };
  if (total === undefined) {
    throw validationError(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (segment === undefined) {
    throw validationError(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (segment >= total) {
    throw validationError(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  const start = (part: number) => Math.ceil((part * 2 ** 32) / total);
  return { first: start(segment), last: start(segment + 1) - 1 };
}

function readLimit(input: Input): number {
  return wholeNumber(input, 'Limit', 1, Number.MAX_SAFE_INTEGER) ?? Infinity;
}

function readReading(
  tables: Tables,
  input: Input,
  expressions: {
    readonly ProjectionExpression?: readonly Path[];
    readonly FilterExpression?: Condition;
  },
  limit: number,
): Reading {
  const paths = readPaths(input, expressions.ProjectionExpression);
  const rawStart = input['ExclusiveStartKey'];
  const start = rawStart === undefined || rawStart === null ? undefined : readStartKey(rawStart);
  const table = tables.existing(requiredText(input, 'TableName'));
  const indexName = optionalText(input, 'IndexName');
  const index = indexName === undefined ? undefined : indexOf(table, indexName);
  if (indexName !== undefined && index === undefined) {
    throw validationError(`The table does not have the specified index: ${indexName}`);
  }
  const consistent = flag(input, 'ConsistentRead');
  if (consistent && index?.kind === 'global') {
    throw validationError('Consistent reads are not supported on global secondary indexes');
  }
  const select = readSelect(input, index, paths);
  if (index?.kind === 'global') checkProjected(table, index, paths);
  const startKey = start && startKeyOf(table, index, start);
  return { table, index, consistent, filter: expressions.FilterExpression, paths, select, limit, startKey };
}

const SELECTS = ['ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES', 'SPECIFIC_ATTRIBUTES', 'COUNT'] as const;

function readSelect(
  input: Input,
  index: IndexSettings | undefined,
  paths: readonly Path[] | undefined,
): string {
  const select = word(input, 'Select', SELECTS, undefined);
  const parameter = input['AttributesToGet'] ? 'AttributesToGet' : 'ProjectionExpression';
  if (paths && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    const chosen = select === 'COUNT' ? 'only the Count' : select;
    throw validationError(`Cannot specify the ${parameter} when choosing to get ${chosen}`);
  }
  if (select === 'SPECIFIC_ATTRIBUTES' && !paths) {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && index === undefined) {
    throw validationError('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  if (select === 'ALL_ATTRIBUTES' && index?.kind === 'global' && index.projection.type !== 'ALL') {
    throw invalidParameters(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
  }
  return select ?? (index ? 'ALL_PROJECTED_ATTRIBUTES' : 'ALL_ATTRIBUTES');
}

function checkProjected(table: Table, index: IndexSettings, paths: readonly Path[] | undefined): void {
  if (!paths || index.projection.type === 'ALL') return;
  const projected = projectedAttributes(table.settings.keySchema, index);
  const missing = paths.map(([name]) => String(name)).filter((name) => !projected.has(name));
  if (missing.length > 0) {
    throw invalidParameters(`Global secondary index ${index.name} does not project [${missing.join(', ')}]`);
  }
}

function schemaOf({ table, index }: Pick<Reading, 'table' | 'index'>): KeySchema {
  return index?.keySchema ?? table.settings.keySchema;
}

function readStartKey(raw: unknown): Item {
  try {
    return readItem(raw);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
    throw validationError(`The provided starting key is invalid: ${error.message}`);
  }
}

/** The place that an ExclusiveStartKey names: all keys of the table, and of the index that is read. */
function startKeyOf(table: Table, index: IndexSettings | undefined, start: Item): EntryKey {
  const { keySchema } = table.settings;
  const attributes = [keySchema.hash, keySchema.range, index?.keySchema.hash, index?.keySchema.range];
  const types = new Map(attributes.flatMap((key) => (key ? [[key.name, key.type]] : [])));
  const fits =
    Object.keys(start).length === types.size &&
    [...types].every(([name, type]) => own(start, name)?.[type] !== undefined);
  if (!fits) {
    throw validationError(
      index === undefined
        ? 'The provided starting key is invalid: The provided key element does not match the schema'
        : 'The provided starting key is invalid',
    );
  }
  const place = tableKey(keySchema, start);
  return index ? (indexKey(index.keySchema, start, place) ?? place) : place;
}

function checkStartKey(startKey: EntryKey, partition: string, condition: KeyCondition): void {
  if (startKey.partition !== partition) {
    throw validationError(
      'The provided starting key is outside query boundaries based on provided conditions',
    );
  }
  if (condition.isBelow(startKey.sort) || condition.isAbove(startKey.sort)) {
    throw validationError('The provided starting key does not match the range key predicate');
  }
}

/** Reads up to the limit, 1 MB, or the first entry that is not in the range. */
function readPage(
  reading: Reading,
  entries: Iterable<Entry>,
  isIn: (entry: Entry) => boolean,
  input: Input,
  consumption: Consumption,
): object {
  const { table, index, filter, paths, select, limit } = reading;
  const wholeItems = index !== undefined && readsWholeItems(reading);
  const items: Item[] = [];
  let count = 0;
  let scanned = 0;
  let bytes = 0;
  let last: Entry | undefined;
  let more = false;
  for (const entry of entries) {
    if (!isIn(entry)) break;
    const seen = wholeItems ? entry.stored : entry;
    if (scanned > 0 && bytes + seen.bytes > PAGE_BYTES) {
      more = true;
      break;
    }
    scanned++;
    bytes += seen.bytes;
    last = entry;
    if (filter === undefined || holds(filter, seen.item)) {
      count++;
      if (select !== 'COUNT') items.push(paths ? project(seen.item, paths) : seen.item);
    }
    if (scanned >= limit) {
      more = true;
      break;
    }
  }
  consumption.read(table, bytes, { index, consistent: reading.consistent });
  return {
    ...(select !== 'COUNT' && { Items: items }),
    Count: count,
    ScannedCount: scanned,
    ...(more && last && { LastEvaluatedKey: lastEvaluatedKey(reading, last) }),
    ...consumption.one(input),
  };
}

/** A local index that lacks an attribute fetches the item from the table. */
function readsWholeItems({ table, index, select, paths }: Reading): boolean {
  if (index?.kind !== 'local' || index.projection.type === 'ALL') return false;
  if (select === 'ALL_ATTRIBUTES') return true;
  const projected = projectedAttributes(table.settings.keySchema, index);
  return paths?.some(([name]) => !projected.has(String(name))) ?? false;
}

function lastEvaluatedKey({ table, index }: Reading, { stored }: Entry): Item {
  const { keySchema } = table.settings;
  const key: Record<string, AttributeValue> = {};
  for (const schema of index ? [keySchema, index.keySchema] : [keySchema]) {
    for (const attribute of [schema.hash, schema.range]) {
      const value = attribute && own(stored.item, attribute.name);
      if (attribute && value) key[attribute.name] = value;
    }
  }
  return key;
}

function refuseKeysInFilter({ hash, range }: KeySchema, filter: Condition | undefined): void {
  if (filter === undefined) return;
  const key = attributesIn(filter).find((name) => name === hash.name || name === range?.name);
  if (key !== undefined) {
    throw validationError(
      `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
    );
  }
}

function attributesIn(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...attributesIn(condition.left), ...attributesIn(condition.right)];
    case 'not':
      return attributesIn(condition.condition);
    case 'compare':
      return [condition.left, condition.right].flatMap(attributesOf);
    case 'between':
      return [condition.operand, condition.lower, condition.upper].flatMap(attributesOf);
    case 'in':
      return [condition.operand, ...condition.list].flatMap(attributesOf);
    case 'function':
    default:
      return condition.arguments.flatMap(attributesOf);
  }
}

function attributesOf(operand: Operand): readonly string[] {
  if (operand.kind === 'path') return [String(operand.path[0])];
  return operand.kind === 'function' ? operand.arguments.flatMap(attributesOf) : [];
}
