/** Transactions: all or nothing, reasons in order, tokens, and what is refused before anything runs. */
import { expect, test } from '@jest/globals';
import { database, put, type Database, type Json } from './database.ts';

const ITEMS = { TableName: 'orders' };
const putOf = (pk: string, more: Json = {}) => ({ Put: { ...ITEMS, Item: { pk: { S: pk } }, ...more } });

async function started(): Promise<Database> {
  const db = database();
  await db.table();
  await put(db, { pk: { S: 'there' }, v: { N: '1' }, s: { S: 'text' } });
  return db;
}

const write = (db: Database, TransactItems: unknown, more: Json = {}) =>
  db.call('TransactWriteItems', { TransactItems, ...more });

test('one failure stops all, with a reason for each part in order', async () => {
  const db = await started();
  const cancelled = write(db, [
    putOf('new'),
    putOf('there', {
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    {
      Update: {
        ...ITEMS,
        Key: { pk: { S: 'other' } },
        UpdateExpression: 'SET a = b',
      },
    },
  ]);
  await expect(cancelled).rejects.toMatchObject({
    code: 'TransactionCanceledException',
    message:
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError]',
    fields: {
      CancellationReasons: [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { pk: { S: 'there' }, v: { N: '1' }, s: { S: 'text' } },
        },
        {
          Code: 'ValidationError',
          Message: 'The provided expression refers to an attribute that does not exist in the item',
        },
      ],
    },
  });
  expect(db.dynamodb.items('orders').length).toBe(1);
});

test('puts, updates, deletes and checks happen together', async () => {
  const db = await started();
  await put(db, { pk: { S: 'old' } });
  await write(db, [
    putOf('new'),
    { Delete: { ...ITEMS, Key: { pk: { S: 'old' } } } },
    {
      Update: {
        ...ITEMS,
        Key: { pk: { S: 'there' } },
        UpdateExpression: 'ADD v :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    },
    {
      ConditionCheck: {
        ...ITEMS,
        Key: { pk: { S: 'absent' } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
  ]);
  expect(db.dynamodb.item('orders', { pk: { S: 'there' } })).toMatchObject({ v: { N: '2' } });
  expect(
    db.dynamodb
      .items('orders')
      .map(({ pk }) => pk?.S ?? '')
      .sort(),
  ).toEqual(['new', 'there']);
});

test('a token makes a repeat harmless for ten minutes, and refuses another request under it', async () => {
  const db = await started();
  const add = (one: string) => [
    {
      Update: {
        ...ITEMS,
        Key: { pk: { S: 'there' } },
        UpdateExpression: 'ADD v :one',
        ExpressionAttributeValues: { ':one': { N: one } },
      },
    },
  ];
  const token = { ClientRequestToken: 'token-1' };
  await write(db, add('1'), token);
  await write(db, add('1'), token);
  expect(db.dynamodb.item('orders', { pk: { S: 'there' } })).toMatchObject({ v: { N: '2' } });
  expect(await db.refusal('TransactWriteItems', { TransactItems: add('2'), ...token })).toMatch(
    /^IdempotentParameterMismatchException/,
  );

  await db.clock.advance(10 * 60 * 1000 + 1);
  await write(db, add('2'), token);
  expect(db.dynamodb.item('orders', { pk: { S: 'there' } })).toMatchObject({ v: { N: '4' } });
});

test('a failed transaction does not use up its token', async () => {
  const db = await started();
  const token = { ClientRequestToken: 'token-1' };
  const items = [putOf('there', { ConditionExpression: 'attribute_not_exists(pk)' })];
  await expect(write(db, items, token)).rejects.toMatchObject({ code: 'TransactionCanceledException' });
  await db.call('DeleteItem', { ...ITEMS, Key: { pk: { S: 'there' } } });
  await write(db, items, token);
  expect(db.dynamodb.items('orders').length).toBe(1);
});

test('limits: 100 parts, 4 MB, one operation per item, one kind per part', async () => {
  const db = await started();
  const refused = (TransactItems: unknown) => db.refusal('TransactWriteItems', { TransactItems });
  const many = Array.from({ length: 101 }, (_, index) => putOf(`p${index}`));
  expect(await refused(many)).toMatch(
    /at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100/,
  );
  expect(await refused([putOf('a'), putOf('a')])).toBe(
    'ValidationException: Transaction request cannot include multiple operations on one item',
  );
  expect(await refused([{ ...putOf('a'), Delete: { ...ITEMS, Key: { pk: { S: 'b' } } } }])).toBe(
    'ValidationException: TransactItems can only contain one of Check, Put, Update or Delete',
  );
  const large = Array.from({ length: 11 }, (_, index) => ({
    Put: { ...ITEMS, Item: { pk: { S: `p${index}` }, v: { S: 'x'.repeat(400_000) } } },
  }));
  expect(await refused(large)).toMatch(/4 MB/);
  await write(db, many.slice(0, 100));
});

test('a conflict is a fault on one part', async () => {
  const db = await started();
  db.context.faults.add({
    service: 'dynamodb',
    action: 'TransactItem',
    matches: ({ input }) => JSON.stringify(input['Key']).includes('b'),
    times: 1,
    effect: { kind: 'fail', code: 'TransactionConflictException' },
  });
  await expect(write(db, [putOf('a'), putOf('b')])).rejects.toMatchObject({
    fields: {
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
      ],
    },
  });
  await write(db, [putOf('a'), putOf('b')]);
});

test('reads come together, an empty answer for what is not there', async () => {
  const db = await started();
  const get = (pk: string, more: Json = {}) => ({ Get: { ...ITEMS, Key: { pk: { S: pk } }, ...more } });
  const answer = await db.call('TransactGetItems', {
    TransactItems: [get('absent'), get('there', { ProjectionExpression: 'v' })],
  });
  expect(answer).toEqual({ Responses: [{}, { Item: { v: { N: '1' } } }] });
});
