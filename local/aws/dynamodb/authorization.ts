/**
 * The permissions that calls need, with the condition keys of fine-grained access.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { own } from './compare.ts';
import { isRecord, type Input } from './input.ts';
import type { Tables } from './tables.ts';

/** Actions on no table in particular. */
const ACCOUNT_ACTIONS: ReadonlySet<string> = new Set(['ListTables', 'DescribeLimits', 'DescribeEndpoints']);
/** What each part of a transaction needs, by its name. */
const TRANSACTION_PARTS: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
};

export function requiredPermissions(
  context: Pick<AwsContext, 'region' | 'accountId'>,
  tables: Tables,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  if (ACCOUNT_ACTIONS.has(action)) return [{ action: `dynamodb:${action}`, resourceArn: '*' }];
  const on = (name: string, reference: unknown, items: readonly unknown[], part: Input = {}) =>
    permission(context, tables, name, reference, items, part);

  if (action === 'TransactWriteItems' || action === 'TransactGetItems') {
    return listOf(input['TransactItems']).flatMap((item) =>
      Object.entries(isRecord(item) ? item : {}).flatMap(([kind, part]) => {
        const name = own(TRANSACTION_PARTS, kind);
        if (name === undefined || !isRecord(part)) return [];
        return [on(name, part['TableName'], [part['Item'] ?? part['Key']], part)];
      }),
    );
  }
  if (action === 'BatchGetItem' || action === 'BatchWriteItem') {
    return Object.entries(isRecord(input['RequestItems']) ? input['RequestItems'] : {}).map(
      ([reference, request]) => on(action, reference, batchItems(request)),
    );
  }
  const reference = input['TableName'] ?? input['ResourceArn'];
  if (action === 'Query') return [on(action, reference, [queriedKey(tables, input)], input)];
  return [on(action, reference, [input['Item'] ?? input['Key']], input)];
}

function permission(
  context: Pick<AwsContext, 'region' | 'accountId'>,
  tables: Tables,
  action: string,
  reference: unknown,
  items: readonly unknown[],
  input: Input,
): AuthorizationRequest {
  const name = typeof reference === 'string' ? reference : '';
  const table = /^[\w.-]+$|^arn:/.test(name) ? tables.find(name) : undefined;
  const tableArn =
    table?.settings.arn ??
    (name.startsWith('arn:')
      ? name
      : `arn:aws:dynamodb:${context.region}:${context.accountId}:table/${name}`);
  const index = input['IndexName'];
  const hash = table?.settings.keySchema.hash.name;
  const leadingKeys = items.flatMap((item) => {
    const value = hash !== undefined && isRecord(item) ? item[hash] : undefined;
    const scalar = isRecord(value) ? (value['S'] ?? value['N'] ?? value['B']) : undefined;
    return typeof scalar === 'string' ? [scalar] : [];
  });
  const conditionKeys: Record<string, string | readonly string[]> = {
    ...(leadingKeys.length > 0 && { 'dynamodb:LeadingKeys': leadingKeys }),
    ...textKey(input, 'Select'),
    ...textKey(input, 'ReturnValues'),
    ...textKey(input, 'ReturnConsumedCapacity'),
  };
  const policy = table?.settings.policy?.document;
  return {
    action: `dynamodb:${action}`,
    resourceArn: typeof index === 'string' ? `${tableArn}/index/${index}` : tableArn,
    ...(policy !== undefined && { resourcePolicy: policy }),
    ...(Object.keys(conditionKeys).length > 0 && { conditionKeys }),
  };
}

function textKey(input: Input, name: string): Record<string, string> {
  const value = input[name];
  return typeof value === 'string' ? { [`dynamodb:${name}`]: value } : {};
}

function batchItems(request: unknown): readonly unknown[] {
  if (isRecord(request)) return listOf(request['Keys']);
  return listOf(request).map((write) => {
    const [put, deleted] = isRecord(write) ? [write['PutRequest'], write['DeleteRequest']] : [];
    return isRecord(put) ? put['Item'] : isRecord(deleted) ? deleted['Key'] : undefined;
  });
}

/** The partition that a query asks for, found without a parser: `pk = :value` in any order. */
function queriedKey(tables: Tables, input: Input): Input {
  const { TableName: reference, KeyConditionExpression: condition } = input;
  const names = isRecord(input['ExpressionAttributeNames']) ? input['ExpressionAttributeNames'] : {};
  const values = isRecord(input['ExpressionAttributeValues']) ? input['ExpressionAttributeValues'] : {};
  const table = typeof reference === 'string' && reference !== '' ? tables.find(reference) : undefined;
  const hash = table?.settings.keySchema.hash.name;
  if (hash === undefined || typeof condition !== 'string') return {};
  for (const [, left = '', right = ''] of condition.matchAll(/([#:]?\w+)\s*=\s*([#:]?\w+)/g)) {
    const [attribute, value] = left.startsWith(':') ? [right, left] : [left, right];
    const name = attribute.startsWith('#') ? own(names, attribute) : attribute;
    if (name === hash) return { [hash]: own(values, value) };
  }
  return {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
