/**
 * BatchGetItem and BatchWriteItem. Each of their reads and writes stands alone; a fault on `BatchItem` leaves single ones
 * unprocessed.
 */
import type { AwsContext } from '../context.ts';
import { createConsumption } from './capacity.ts';
import { constraintError, validationError } from './errors.ts';
import { project, readExpressions, type Path } from './expressions/index.ts';
import { flag, isRecord, requiredList, requiredRecord, type Input } from './input.ts';
import { checkKey, identity, tableKey } from './item-keys.ts';
import { MAXIMUM_BATCH_KEYS, MAXIMUM_BATCH_RESPONSE_BYTES, MAXIMUM_BATCH_WRITES } from './limits.ts';
import type { Item } from './model.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';
import { readItem } from './values.ts';
import { readItemCollectionMetrics, readWrite } from './writes.ts';
import { readPaths } from './reads.ts';

export function batchGetItem(
  context: AwsContext,
  tables: Tables,
  input: Input,
  consumption = createConsumption(),
): object {
  const requests = Object.entries(requiredRecord(input, 'RequestItems'));
  checkNotEmpty(requests.length, input);
  const reads = requests.map(([reference, raw]) => readKeys(tables, reference, raw));
  const count = reads.reduce((sum, { keys }) => sum + keys.length, 0);
  if (count > MAXIMUM_BATCH_KEYS) {
    throw validationError('Too many items requested for the BatchGetItem call');
  }

  const responses: Record<string, Item[]> = {};
  const unprocessed: Record<string, object> = {};
  let bytes = 0;
  for (const { reference, request, table, keys, paths } of reads) {
    const found: Item[] = [];
    const left: unknown[] = [];
    for (const { key, raw } of keys) {
      const stored = table.items.get(key);
      if (bytes + (stored?.bytes ?? 0) > MAXIMUM_BATCH_RESPONSE_BYTES || isLeftOut(context, reference, raw)) {
        left.push(raw);
        continue;
      }
      bytes += stored?.bytes ?? 0;
      consumption.read(table, stored?.bytes ?? 0, { consistent: flag(request, 'ConsistentRead') });
      if (stored) found.push(paths ? project(stored.item, paths) : stored.item);
    }
    responses[reference] = found;
    if (left.length > 0) unprocessed[reference] = { ...request, Keys: left };
  }
  return { Responses: responses, UnprocessedKeys: unprocessed, ...consumption.several(input) };
}

interface KeysToRead {
  readonly reference: string;
  readonly request: Input;
  readonly table: Table;
  readonly keys: readonly { readonly key: Item; readonly raw: unknown }[];
  readonly paths: readonly Path[] | undefined;
}

function readKeys(tables: Tables, reference: string, raw: unknown): KeysToRead {
  const request = isRecord(raw) ? raw : {};
  const rawKeys = requiredList(request, 'Keys');
  if (rawKeys.length === 0) {
    throw constraintError(
      rawKeys,
      `requestItems.${reference}.member.keys`,
      'Member must have length greater than or equal to 1',
    );
  }
  if (rawKeys.length > MAXIMUM_BATCH_KEYS) {
    throw validationError('Too many items requested for the BatchGetItem call');
  }
  const { ProjectionExpression: projection } = readExpressions(request, ['ProjectionExpression']);
  const keys = rawKeys.map((key) => ({ key: readItem(key), raw: key }));
  const table = tables.existing(reference);
  for (const { key } of keys) checkKey(table.settings.keySchema, key);
  const ids = new Set(keys.map(({ key }) => identity(tableKey(table.settings.keySchema, key))));
  if (ids.size < keys.length) throw validationError('Provided list of item keys contains duplicates');
  return { reference, request, table, keys, paths: readPaths(request, projection) };
}

export function batchWriteItem(
  context: AwsContext,
  tables: Tables,
  input: Input,
  consumption = createConsumption(),
): object {
  const requests = Object.entries(requiredRecord(input, 'RequestItems'));
  checkNotEmpty(requests.length, input);
  const raws = requests.flatMap(([reference, list]) =>
    (Array.isArray(list) ? (list as unknown[]) : []).map((raw) => ({ reference, raw })),
  );
  if (raws.length > MAXIMUM_BATCH_WRITES) {
    throw validationError('Too many items requested for the BatchWriteItem call');
  }
  if (raws.length === 0) {
    throw validationError('The batch write request list for a table cannot be null or empty');
  }
  const writes = raws.map(({ reference, raw }) => {
    const write = readBatchWrite(tables, reference, raw);
    const key = tableKey(write.table.settings.keySchema, write.key);
    return { reference, raw, write, id: `${write.table.settings.name}/${identity(key)}` };
  });
  if (new Set(writes.map(({ id }) => id)).size < writes.length) {
    throw validationError('Provided list of item keys contains duplicates');
  }

  const unprocessed: Record<string, unknown[]> = {};
  const collections: Record<string, object[]> = {};
  for (const { reference, raw, write } of writes) {
    if (isLeftOut(context, reference, raw)) {
      (unprocessed[reference] ??= []).push(raw);
      continue;
    }
    const after = write.after(undefined);
    const before = tables.write(write.table, write.key, after);
    consumption.write(write.table, before, after);
    const metrics = readItemCollectionMetrics(write.table, write.key, input);
    if (metrics) (collections[reference] ??= []).push(metrics);
  }
  return {
    UnprocessedItems: unprocessed,
    ...(Object.keys(collections).length > 0 && { ItemCollectionMetrics: collections }),
    ...consumption.several(input),
  };
}

function readBatchWrite(tables: Tables, reference: string, raw: unknown) {
  const request = isRecord(raw) ? raw : {};
  const [put, deleted] = [request['PutRequest'], request['DeleteRequest']];
  if (isRecord(put) === isRecord(deleted)) {
    throw validationError(
      isRecord(put)
        ? 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes'
        : 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    );
  }
  return isRecord(put)
    ? readWrite(tables, 'Put', { TableName: reference, Item: put['Item'] })
    : readWrite(tables, 'Delete', {
        TableName: reference,
        Key: isRecord(deleted) ? deleted['Key'] : undefined,
      });
}

function checkNotEmpty(tables: number, input: Input): void {
  if (tables > 0) return;
  throw constraintError(
    input['RequestItems'],
    'requestItems',
    'Member must have length greater than or equal to 1',
  );
}

/** Asks the fault rules about one read or write of a batch. */
function isLeftOut(context: AwsContext, reference: string, raw: unknown): boolean {
  const input = { TableName: reference, ...(isRecord(raw) ? raw : {}) };
  const fault = context.faults.next({ service: 'dynamodb', action: 'BatchItem', input });
  return fault?.kind === 'throttle' || fault?.kind === 'fail' || fault?.kind === 'drop';
}
