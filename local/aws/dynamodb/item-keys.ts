/** Keys of items: read from a request, checked against the schema, and put in a form that sorts. */
import { own, sortableKey } from './compare.ts';
import { invalidParameters, validationError } from './errors.ts';
import { binaryBytes, numberBytes, textBytes } from './item-size.ts';
import { MAXIMUM_HASH_KEY_BYTES, MAXIMUM_RANGE_KEY_BYTES } from './limits.ts';
import type { AttributeValue, Item, KeyAttribute, KeySchema } from './model.ts';
import { typeOf } from './values.ts';

/**
 * Where an item is in a table or an index. Entries are ordered by the hash of the partition key, then by that key, the
 * sort key, and in an index by the item they stand for.
 */
export interface EntryKey {
  /** 32 bits. */
  readonly hash: number;
  readonly partition: string;
  readonly sort: string;
  /** In an index: the item's place in the table, so that equal keys have an order. */
  readonly tie: string;
}

export function compareKeys(left: EntryKey, right: EntryKey): number {
  if (left.hash !== right.hash) return left.hash - right.hash;
  if (left.partition !== right.partition) return left.partition < right.partition ? -1 : 1;
  if (left.sort !== right.sort) return left.sort < right.sort ? -1 : 1;
  return left.tie === right.tie ? 0 : left.tie < right.tie ? -1 : 1;
}

/** The place of an item in its table. The item has all key attributes. */
export function tableKey(schema: KeySchema, item: Item): EntryKey {
  const partition = sortableKey(own(item, schema.hash.name) ?? {});
  const sort = schema.range ? sortableKey(own(item, schema.range.name) ?? {}) : '';
  return { hash: hashOf(partition), partition, sort, tie: '' };
}

/** The place of an item in an index; undefined when it lacks a key of the index and so is not in it. */
export function indexKey(schema: KeySchema, item: Item, inTable: EntryKey): EntryKey | undefined {
  const hash = own(item, schema.hash.name);
  const range = schema.range && own(item, schema.range.name);
  if (hash === undefined || (schema.range && range === undefined)) return undefined;
  const partition = sortableKey(hash);
  return {
    hash: hashOf(partition),
    partition,
    sort: range ? sortableKey(range) : '',
    tie: identity(inTable),
  };
}

/** Different for different items of a table. */
export function identity({ partition, sort }: EntryKey): string {
  return sort === '' ? partition : `${partition.length}:${partition}${sort}`;
}

/** The key attributes of an item. */
export function keysOf({ hash, range }: KeySchema, item: Item): Item {
  return {
    [hash.name]: own(item, hash.name) ?? {},
    ...(range && { [range.name]: own(item, range.name) ?? {} }),
  };
}

/** FNV-1a with a last mix, so that near keys come far apart. */
export function hashOf(partition: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < partition.length; index++) {
    hash = Math.imul(hash ^ partition.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The `Key` of a request: exactly the key attributes, of the right types. */
export function checkKey(schema: KeySchema, key: Item): void {
  const attributes = schema.range ? [schema.hash, schema.range] : [schema.hash];
  const fits =
    Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => own(key, name)?.[type] !== undefined);
  if (!fits) throw validationError('The provided key element does not match the schema');
  checkKeyValues(schema, key);
}

/** The keys in an item that is put. */
export function checkItemKeys(schema: KeySchema, item: Item): void {
  for (const { name, type } of schema.range ? [schema.hash, schema.range] : [schema.hash]) {
    const value = own(item, name);
    if (value === undefined) throw invalidParameters(`Missing the key ${name} in the item`);
    if (value[type] === undefined) {
      throw invalidParameters(`Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`);
    }
  }
  checkKeyValues(schema, item);
}

function checkKeyValues({ hash, range }: KeySchema, item: Item): void {
  const checked = (attribute: KeyAttribute): number => {
    const value = own(item, attribute.name) ?? {};
    if (isEmpty(value)) {
      throw validationError(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${value.S === '' ? 'string' : 'binary'} value. Key: ${attribute.name}`,
      );
    }
    return keyBytes(value);
  };
  if (checked(hash) > MAXIMUM_HASH_KEY_BYTES) {
    throw invalidParameters(
      `Size of hashkey has exceeded the maximum size limit of${MAXIMUM_HASH_KEY_BYTES} bytes`,
    );
  }
  if (range && checked(range) > MAXIMUM_RANGE_KEY_BYTES) {
    throw invalidParameters(
      `Aggregated size of all range keys has exceeded the size limit of ${MAXIMUM_RANGE_KEY_BYTES} bytes`,
    );
  }
}

/** The attributes that are keys of an index. `byUpdate` because AWS words it differently for UpdateItem. */
export function checkIndexKeys(indexName: string, schema: KeySchema, item: Item, byUpdate: boolean): void {
  for (const { name, type } of schema.range ? [schema.hash, schema.range] : [schema.hash]) {
    const value = own(item, name);
    if (value === undefined) continue;
    if (value[type] === undefined) {
      throw byUpdate
        ? validationError(
            'The update expression attempted to update the secondary index key to unsupported type',
          )
        : invalidParameters(
            `Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${indexName}`,
          );
    }
    if (isEmpty(value)) {
      const kind = value.S === '' ? 'string' : 'binary';
      throw validationError(
        byUpdate
          ? `One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value.`
          : `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value. IndexName: ${indexName}, IndexKey: ${name}`,
      );
    }
  }
}

function isEmpty(value: AttributeValue): boolean {
  return value.S === '' || value.B === '';
}

function keyBytes(value: AttributeValue): number {
  if (value.S !== undefined) return textBytes(value.S);
  return value.N === undefined ? binaryBytes(value.B ?? '') : numberBytes(value.N);
}
