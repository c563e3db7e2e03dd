/**
 * TransactWriteItems and TransactGetItems: all or nothing. Nothing else runs in between, so two transactions never meet;
 * a fault on `TransactItem` makes a conflict.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { createConsumption, type Consumption } from './capacity.ts';
import {
  CONDITION_FAILED,
  constraintError,
  transactionCanceled,
  validationError,
  type CancellationReason,
} from './errors.ts';
import { project } from './expressions/index.ts';
import { isRecord, optionalText, requiredList, type Input } from './input.ts';
import { identity, tableKey } from './item-keys.ts';
import { itemSize } from './item-size.ts';
import {
  IDEMPOTENCY_MILLISECONDS,
  MAXIMUM_TRANSACTION_ACTIONS,
  MAXIMUM_TRANSACTION_BYTES,
} from './limits.ts';
import type { Item } from './model.ts';
import { readGet } from './reads.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';
import { isAllowed, readItemCollectionMetrics, readWrite, type Write, type WriteKind } from './writes.ts';

const KINDS: readonly WriteKind[] = ['ConditionCheck', 'Put', 'Delete', 'Update'];
const NOTHING_WRONG: CancellationReason = { Code: 'None' };

export interface Transactions {
  write(input: Input, consumption?: Consumption): object;
  get(input: Input, consumption?: Consumption): object;
}

/** What a request with a ClientRequestToken asked for, and what it was answered. */
interface Remembered {
  readonly request: string;
  readonly answer: object;
  readonly until: number;
}

export function createTransactions(context: AwsContext, tables: Tables): Transactions {
  const remembered = new Map<string, Remembered>();

  const answered = (token: string, request: string): object | undefined => {
    const now = context.clock.now();
    for (const [old, { until }] of remembered) {
      if (until > now) break;
      remembered.delete(old);
    }
    const before = remembered.get(token);
    if (before !== undefined && before.request !== request) {
      throw new AwsError(
        'IdempotentParameterMismatchException',
        'Request parameters do not match those of an earlier request with the same client request token',
      );
    }
    return before?.answer;
  };

  return {
    write(input, consumption = createConsumption()) {
      const token = optionalText(input, 'ClientRequestToken');
      if (token !== undefined && (token.length < 1 || token.length > 36)) {
        throw constraintError(
          token,
          'clientRequestToken',
          `Member must have length ${token === '' ? 'greater than or equal to 1' : 'less than or equal to 36'}`,
        );
      }
      const actions = readActions(input);
      const request = token === undefined ? '' : JSON.stringify(actions);
      const before = token === undefined ? undefined : answered(token, request);
      if (before !== undefined) return before;
      const writes = actions.map((action) => readAction(tables, action));
      checkDistinct(writes);
      const decided = decide(context, writes);
      for (const { write, before: item, after } of decided) {
        if (write.kind !== 'ConditionCheck') tables.write(write.table, write.key, after);
        consumption.write(write.table, item, after, true);
      }
      const answer = { ...consumption.several(input), ...itemCollections(writes, input) };
      if (token !== undefined) {
        const until = context.clock.now() + IDEMPOTENCY_MILLISECONDS;
        remembered.set(token, { request, answer: {}, until });
      }
      return answer;
    },
    get(input, consumption = createConsumption()) {
      const gets = readActions(input).map((action) => {
        const get = isRecord(action) ? action['Get'] : undefined;
        if (!isRecord(get)) {
          throw constraintError(undefined, 'transactItems.1.member.get', 'Member must not be null');
        }
        return readGet(tables, get);
      });
      checkDistinct(gets);
      const reasons = gets.map(({ table, key }) => conflict(context, table, key) ?? NOTHING_WRONG);
      cancelIfAny(reasons);
      let bytes = 0;
      const responses = gets.map(({ table, key, paths }) => {
        const stored = table.items.get(key);
        bytes += stored?.bytes ?? 0;
        consumption.read(table, stored?.bytes ?? 0, { consistent: true, transaction: true });
        return stored ? { Item: paths ? project(stored.item, paths) : stored.item } : {};
      });
      checkBytes(bytes);
      return { Responses: responses, ...consumption.several(input) };
    },
  };
}

function readActions(input: Input): readonly unknown[] {
  const actions = requiredList(input, 'TransactItems');
  if (actions.length === 0) {
    throw constraintError(actions, 'transactItems', 'Member must have length greater than or equal to 1');
  }
  if (actions.length > MAXIMUM_TRANSACTION_ACTIONS) {
    throw constraintError(
      actions,
      'transactItems',
      `Member must have length less than or equal to ${MAXIMUM_TRANSACTION_ACTIONS}`,
    );
  }
  return actions;
}

function readAction(tables: Tables, raw: unknown): Write {
  const action = isRecord(raw) ? raw : {};
  const kinds = KINDS.filter((kind) => isRecord(action[kind]));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    throw validationError('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const request = action[kind] as Input;
  if (kind === 'Update' && typeof request['UpdateExpression'] !== 'string') {
    throw constraintError(
      undefined,
      'transactItems.1.member.update.updateExpression',
      'Member must not be null',
    );
  }
  return readWrite(tables, kind, request);
}

function checkDistinct(actions: readonly { readonly table: Table; readonly key: Item }[]): void {
  const ids = new Set(
    actions.map(({ table: { settings }, key }) => {
      return `${settings.name}/${identity(tableKey(settings.keySchema, key))}`;
    }),
  );
  if (ids.size < actions.length) {
    throw validationError('Transaction request cannot include multiple operations on one item');
  }
}

interface Decided {
  readonly write: Write;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** What each write makes of its item. Throws TransactionCanceledException with a reason for each of them. */
function decide(context: AwsContext, writes: readonly Write[]): readonly Decided[] {
  const decided: Decided[] = [];
  let bytes = 0;
  const reasons = writes.map((write): CancellationReason => {
    const before = write.table.items.get(write.key)?.item;
    const conflicting = conflict(context, write.table, write.key);
    if (conflicting) return conflicting;
    if (!isAllowed(write, before)) {
      return {
        Code: 'ConditionalCheckFailed',
        Message: CONDITION_FAILED,
        ...(write.showItemOnFailure && before && { Item: before }),
      };
    }
    try {
      const after = write.after(before);
      decided.push({ write, before, after });
      if (write.kind === 'Put' || write.kind === 'Update') bytes += after ? itemSize(after) : 0;
      return NOTHING_WRONG;
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
      return { Code: 'ValidationError', Message: error.message };
    }
  });
  cancelIfAny(reasons);
  checkBytes(bytes);
  return decided;
}

function cancelIfAny(reasons: readonly CancellationReason[]): void {
  if (reasons.some(({ Code }) => Code !== 'None')) throw transactionCanceled(reasons);
}

function checkBytes(bytes: number): void {
  if (bytes > MAXIMUM_TRANSACTION_BYTES) {
    throw validationError('Aggregate size of the items in the transaction cannot exceed 4 MB');
  }
}

/** A fault on `TransactItem` is a transaction of somebody else that holds the item. */
function conflict(context: AwsContext, { settings }: Table, key: Item): CancellationReason | undefined {
  const input = { TableName: settings.name, Key: key };
  const fault = context.faults.next({ service: 'dynamodb', action: 'TransactItem', input });
  if (fault?.kind === 'throttle') {
    return {
      Code: 'ThrottlingError',
      Message: 'Throughput exceeds the current capacity of your table or index.',
    };
  }
  if (fault?.kind !== 'fail') return undefined;
  context.metrics.put({
    namespace: 'AWS/DynamoDB',
    name: 'TransactionConflict',
    dimensions: { TableName: settings.name },
    value: 1,
  });
  return { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' };
}

function itemCollections(writes: readonly Write[], input: Input): object {
  const byTable: Record<string, object[]> = {};
  for (const { table, key } of writes) {
    const metrics = readItemCollectionMetrics(table, key, input);
    if (metrics) (byTable[table.settings.name] ??= []).push(metrics);
  }
  return Object.keys(byTable).length > 0 ? { ItemCollectionMetrics: byTable } : {};
}
