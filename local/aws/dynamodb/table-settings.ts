/**
 * Reads what CreateTable and UpdateTable say about keys, indexes and capacity, and refuses what AWS refuses.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 */
import { constraintError, invalidParameters, validationError } from './errors.ts';
import { isRecord, optionalList, optionalRecord, required, type Input } from './input.ts';
import type { Projection } from './item-store.ts';
import { MAXIMUM_GLOBAL_INDEXES, MAXIMUM_LOCAL_INDEXES } from './limits.ts';
import type { KeyAttribute, KeySchema, KeyType, StreamViewType } from './model.ts';
import type { IndexSettings, TableSettings, Throughput } from './table.ts';

const NO_THROUGHPUT: Throughput = { read: 0, write: 0 };
const VIEW_TYPES = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'];

export type SchemaSettings = Pick<
  TableSettings,
  'attributes' | 'keySchema' | 'indexes' | 'billingMode' | 'throughput'
>;

/** Keys, indexes and capacity of a new table. */
export function readSchema(input: Input): SchemaSettings {
  const attributes = readAttributes(input);
  const billingMode = readBillingMode(input) ?? 'PROVISIONED';
  const throughput = readThroughput(input['ProvisionedThroughput'], billingMode);
  const keySchema = readKeySchema(required(input, 'KeySchema'), attributes, 'keySchema');
  const local = readIndexes(input, 'LocalSecondaryIndexes', attributes, billingMode);
  const global = readIndexes(input, 'GlobalSecondaryIndexes', attributes, billingMode);
  for (const index of local) {
    if (keySchema.range === undefined) {
      throw invalidParameters(
        'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
      );
    }
    if (index.keySchema.range === undefined) {
      throw invalidParameters(`Index KeySchema does not have a range key for index: ${index.name}`);
    }
    if (index.keySchema.hash.name !== keySchema.hash.name) {
      throw invalidParameters(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.name}. index hash key: ${index.keySchema.hash.name}, table hash key: ${keySchema.hash.name}`,
      );
    }
  }
  if (local.length > MAXIMUM_LOCAL_INDEXES) {
    throw invalidParameters(
      `Number of LocalSecondaryIndexes exceeds per-table limit of ${MAXIMUM_LOCAL_INDEXES}`,
    );
  }
  checkGlobalIndexCount(global.length);
  const indexes = [...local, ...global];
  checkIndexNames(indexes);
  checkAllAttributesUsed(attributes, keySchema, indexes);
  return { attributes, keySchema, indexes, billingMode, throughput };
}

export function checkGlobalIndexCount(count: number): void {
  if (count > MAXIMUM_GLOBAL_INDEXES) {
    throw invalidParameters(
      `GlobalSecondaryIndex count exceeds the per-table limit of ${MAXIMUM_GLOBAL_INDEXES}`,
    );
  }
}

export function readAttributes(input: Input): Readonly<Record<string, KeyType>> {
  const attributes: Record<string, KeyType> = {};
  for (const definition of optionalList(input, 'AttributeDefinitions') ?? []) {
    const record = isRecord(definition) ? definition : {};
    const name = record['AttributeName'];
    const type = record['AttributeType'];
    if (typeof name !== 'string') {
      throw constraintError(
        undefined,
        'attributeDefinitions.1.member.attributeName',
        'Member must not be null',
      );
    }
    if (type !== 'S' && type !== 'N' && type !== 'B') {
      throw constraintError(
        type,
        'attributeDefinitions.1.member.attributeType',
        'Member must satisfy enum value set: [B, N, S]',
      );
    }
    if (Object.hasOwn(attributes, name)) {
      throw invalidParameters(`Duplicate AttributeName in AttributeDefinitions: ${name}`);
    }
    attributes[name] = type;
  }
  return attributes;
}

export function readBillingMode(input: Input): TableSettings['billingMode'] | undefined {
  const mode = input['BillingMode'];
  if (mode === undefined || mode === null) return undefined;
  if (mode === 'PROVISIONED' || mode === 'PAY_PER_REQUEST') return mode;
  throw constraintError(
    mode,
    'billingMode',
    'Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]',
  );
}

export function readThroughput(
  raw: unknown,
  billingMode: TableSettings['billingMode'],
  indexName?: string,
): Throughput {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (raw === undefined || raw === null) return NO_THROUGHPUT;
    throw invalidParameters(
      indexName === undefined
        ? 'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST'
        : `ProvisionedThroughput should not be specified for index: ${indexName} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (!isRecord(raw)) {
    throw invalidParameters(
      indexName === undefined
        ? 'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED'
        : `ProvisionedThroughput must be specified for index: ${indexName}`,
    );
  }
  return {
    read: units(raw, 'ReadCapacityUnits'),
    write: units(raw, 'WriteCapacityUnits'),
  };
}

function units(raw: Input, name: string): number {
  const value = raw[name];
  const member = `provisionedThroughput.${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  if (typeof value !== 'number') throw constraintError(value, member, 'Member must not be null');
  if (value < 1) throw constraintError(value, member, 'Member must have value greater than or equal to 1');
  return Math.floor(value);
}

function readKeySchema(
  raw: unknown,
  attributes: Readonly<Record<string, KeyType>>,
  member: string,
): KeySchema {
  const elements = Array.isArray(raw)
    ? (raw as unknown[]).map((element) => (isRecord(element) ? element : {}))
    : [];
  if (elements.length < 1 || elements.length > 2) {
    throw constraintError(
      raw,
      member,
      elements.length > 2
        ? 'Member must have length less than or equal to 2'
        : 'Member must have length greater than or equal to 1',
    );
  }
  const names = elements.map((element, index) => {
    const name = element['AttributeName'];
    const type = element['KeyType'];
    const place = `${member}.${index + 1}.member`;
    if (typeof name !== 'string') {
      throw constraintError(undefined, `${place}.attributeName`, 'Member must not be null');
    }
    if (type !== 'HASH' && type !== 'RANGE') {
      throw constraintError(type, `${place}.keyType`, 'Member must satisfy enum value set: [HASH, RANGE]');
    }
    return name;
  });
  const undefinedNames = names.filter((name) => !Object.hasOwn(attributes, name));
  if (undefinedNames.length > 0) {
    throw invalidParameters(
      `Some index key attributes are not defined in AttributeDefinitions. Keys: [${names.join(', ')}], AttributeDefinitions: [${Object.keys(attributes).join(', ')}]`,
    );
  }
  if (names.length === 2 && names[0] === names[1]) {
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  if (elements[0]?.['KeyType'] !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (elements.length === 2 && elements[1]?.['KeyType'] !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  const [hash, range] = names.map((name): KeyAttribute => ({ name, type: attributes[name] ?? 'S' }));
  return { hash: hash as KeyAttribute, ...(range && { range }) };
}

function readIndexes(
  input: Input,
  member: 'LocalSecondaryIndexes' | 'GlobalSecondaryIndexes',
  attributes: Readonly<Record<string, KeyType>>,
  billingMode: TableSettings['billingMode'],
): readonly IndexSettings[] {
  const list = optionalList(input, member);
  if (list?.length === 0) throw invalidParameters(`List of ${member} is empty`);
  const kind = member === 'LocalSecondaryIndexes' ? 'local' : 'global';
  return (list ?? []).map((raw) => readIndex(raw, kind, attributes, billingMode));
}

export function readIndex(
  raw: unknown,
  kind: 'local' | 'global',
  attributes: Readonly<Record<string, KeyType>>,
  billingMode: TableSettings['billingMode'],
): IndexSettings {
  const record = isRecord(raw) ? raw : {};
  const name = record['IndexName'];
  const member = kind === 'local' ? 'localSecondaryIndexes.1.member' : 'globalSecondaryIndexes.1.member';
  if (typeof name !== 'string') {
    throw constraintError(undefined, `${member}.indexName`, 'Member must not be null');
  }
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) {
    throw constraintError(
      name,
      `${member}.indexName`,
      name.length < 3
        ? 'Member must have length greater than or equal to 3'
        : 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+',
    );
  }
  const keySchema = readKeySchema(record['KeySchema'], attributes, `${member}.keySchema`);
  const projection = readProjection(record['Projection']);
  if (kind === 'local') return { name, kind, keySchema, projection };
  const throughput = readThroughput(record['ProvisionedThroughput'], billingMode, name);
  return { name, kind, keySchema, projection, ...(billingMode === 'PROVISIONED' && { throughput }) };
}

function readProjection(raw: unknown): Projection {
  const record = isRecord(raw) ? raw : {};
  const type = record['ProjectionType'];
  if (type !== 'ALL' && type !== 'KEYS_ONLY' && type !== 'INCLUDE') {
    throw invalidParameters(`Unknown ProjectionType: ${typeof type === 'string' ? type : 'null'}`);
  }
  const nonKeyAttributes = (optionalList(record, 'NonKeyAttributes') ?? []) as readonly string[];
  if (type !== 'INCLUDE' && nonKeyAttributes.length > 0) {
    throw invalidParameters(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  if (type === 'INCLUDE' && nonKeyAttributes.length === 0) {
    throw invalidParameters('ProjectionType is INCLUDE, but NonKeyAttributes is not specified');
  }
  return { type, nonKeyAttributes };
}

function checkIndexNames(indexes: readonly IndexSettings[]): void {
  const names = new Set<string>();
  for (const { name } of indexes) {
    if (names.has(name)) throw invalidParameters(`Duplicate index name: ${name}`);
    names.add(name);
  }
}

/** Every attribute that is defined must be a key of the table or an index. */
export function checkAllAttributesUsed(
  attributes: Readonly<Record<string, KeyType>>,
  keySchema: KeySchema,
  indexes: readonly IndexSettings[],
): void {
  const used = new Set(
    [keySchema, ...indexes.map((index) => index.keySchema)].flatMap(({ hash, range }) => [
      hash.name,
      ...(range ? [range.name] : []),
    ]),
  );
  const defined = Object.keys(attributes);
  if (defined.every((name) => used.has(name))) return;
  throw invalidParameters(
    indexes.length === 0
      ? 'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions'
      : `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}

/** The view type when the specification switches a stream on; null when it switches it off. */
export function readStreamSpecification(input: Input): StreamViewType | null | undefined {
  const specification = optionalRecord(input, 'StreamSpecification');
  if (specification === undefined) return undefined;
  const viewType = specification['StreamViewType'];
  if (specification['StreamEnabled'] !== true) {
    if (viewType === undefined || viewType === null) return null;
    throw invalidParameters('StreamViewType cannot be specified when StreamEnabled is false');
  }
  if (typeof viewType !== 'string') {
    throw invalidParameters('StreamViewType must be specified when StreamEnabled is true');
  }
  if (!VIEW_TYPES.includes(viewType)) {
    throw constraintError(
      viewType,
      'streamSpecification.streamViewType',
      'Member must satisfy enum value set: [NEW_AND_OLD_IMAGES, OLD_IMAGE, NEW_IMAGE, KEYS_ONLY]',
    );
  }
  return viewType as StreamViewType;
}
