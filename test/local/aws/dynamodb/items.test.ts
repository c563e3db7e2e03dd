/** Items: keys, sizes, what is returned, queries and scans with their pages, and batches. */
import { describe, expect, test } from '@jest/globals';
import { database, put, type Database, type Json } from './database.ts';

const ITEMS = { TableName: 'orders' };

async function sorted(count: number, more: Json = {}): Promise<Database> {
  const db = database();
  await db.table(more, true);
  for (let sk = 0; sk < count; sk++)
    await put(db, { pk: { S: 'a' }, sk: { N: String(sk) }, v: { N: String(sk % 3) } });
  return db;
}

const numbers = (answer: Json) => (answer['Items'] as { sk: { N: string } }[]).map(({ sk }) => Number(sk.N));

describe('keys and sizes', () => {
  test.each([
    [{ v: { S: '1' } }, 'One or more parameter values were invalid: Missing the key pk in the item'],
    [
      { pk: { N: '1' } },
      'One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N',
    ],
    [
      { pk: { S: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      { pk: { S: 'x'.repeat(2049) } },
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
    [
      { pk: { S: 'a' }, v: {} },
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ],
    [
      { pk: { S: 'a' }, v: { S: 'a', N: '1' } },
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    ],
    [
      { pk: { S: 'a' }, v: { SS: [] } },
      'One or more parameter values were invalid: An string set  may not be empty',
    ],
    [
      { pk: { S: 'a' }, v: { SS: ['a', 'a'] } },
      'One or more parameter values were invalid: Input collection [a, a] contains duplicates.',
    ],
    [{ pk: { S: 'a' }, v: { NS: ['1', '1.0'] } }, 'Input collection contains duplicates'],
    [
      { pk: { S: 'a' }, v: { NULL: false } },
      'One or more parameter values were invalid: Null attribute value types must have the value of true',
    ],
  ])('%p is refused', async (Item, message) => {
    const db = database();
    await db.table();
    expect(await db.refusal('PutItem', { ...ITEMS, Item })).toBe(`ValidationException: ${message}`);
  });

  test('an item of exactly 400 KB is taken, one byte more is not', async () => {
    const db = database();
    await db.table();
    const room = 400 * 1024 - 'pk'.length - 'a'.length - 'v'.length;
    const item = (bytes: number) => ({ pk: { S: 'a' }, v: { S: 'x'.repeat(bytes) } });

    await put(db, item(room));

    expect(await db.refusal('PutItem', { ...ITEMS, Item: item(room + 1) })).toBe(
      'ValidationException: Item size has exceeded the maximum allowed size',
    );
    const update = { ...ITEMS, Key: { pk: { S: 'a' } }, UpdateExpression: 'SET w = :w' };
    expect(
      await db.refusal('UpdateItem', { ...update, ExpressionAttributeValues: { ':w': { S: '' } } }),
    ).toBe('ValidationException: Item size to update has exceeded the maximum allowed size');
  });

  test('a key that does not fit the schema, and a table that is not there', async () => {
    const db = database();
    await db.table();
    const key = { pk: { S: 'a' }, more: { S: 'b' } };
    expect(await db.refusal('GetItem', { ...ITEMS, Key: key })).toBe(
      'ValidationException: The provided key element does not match the schema',
    );
    expect(await db.refusal('GetItem', { TableName: 'other', Key: key })).toBe(
      'ResourceNotFoundException: Requested resource not found',
    );
  });
});

describe('what writes return', () => {
  test('old and new values, whole or only what was updated', async () => {
    const db = database();
    await db.table();
    await put(db, { pk: { S: 'a' }, v: { N: '1' }, w: { N: '1' } });
    const update = (ReturnValues: string) =>
      db.call('UpdateItem', {
        ...ITEMS,
        Key: { pk: { S: 'a' } },
        UpdateExpression: 'ADD v :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
        ReturnValues,
      });
    expect(await update('NONE')).toEqual({});
    expect(await update('UPDATED_OLD')).toEqual({ Attributes: { v: { N: '2' } } });
    expect(await update('UPDATED_NEW')).toEqual({ Attributes: { v: { N: '4' } } });
    expect(await update('ALL_OLD')).toEqual({ Attributes: { pk: { S: 'a' }, v: { N: '4' }, w: { N: '1' } } });
    expect(await update('ALL_NEW')).toEqual({ Attributes: { pk: { S: 'a' }, v: { N: '6' }, w: { N: '1' } } });
    const deleted = await db.call('DeleteItem', {
      ...ITEMS,
      Key: { pk: { S: 'a' } },
      ReturnValues: 'ALL_OLD',
    });
    expect(deleted).toMatchObject({ Attributes: { v: { N: '6' } } });
    expect(await db.refusal('PutItem', { ...ITEMS, Item: { pk: { S: 'a' } }, ReturnValues: 'ALL_NEW' })).toBe(
      'ValidationException: ReturnValues can only be ALL_OLD or NONE',
    );
  });

  test('a failed condition gives the item along when asked', async () => {
    const db = database();
    await db.table();
    await put(db, { pk: { S: 'a' }, v: { N: '1' } });
    const conditional = {
      ...ITEMS,
      Item: { pk: { S: 'a' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    };

    await expect(db.call('PutItem', conditional)).rejects.toMatchObject({ fields: {} });
    await expect(
      db.call('PutItem', { ...conditional, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
    ).rejects.toMatchObject({
      code: 'ConditionalCheckFailedException',
      fields: { Item: { pk: { S: 'a' }, v: { N: '1' } } },
    });
  });

  test('consumed capacity counts reads by 4 KB and writes by 1 KB, twice in transactions', async () => {
    const db = database();
    await db.table();
    const Item = { pk: { S: 'a' }, v: { S: 'x'.repeat(5000) } };
    const ReturnConsumedCapacity = 'TOTAL';
    const units = (answer: Json) => (answer['ConsumedCapacity'] as { CapacityUnits: number }).CapacityUnits;
    expect(units(await db.call('PutItem', { ...ITEMS, Item, ReturnConsumedCapacity }))).toBe(5);
    const get = { ...ITEMS, Key: { pk: { S: 'a' } }, ReturnConsumedCapacity };
    expect(units(await db.call('GetItem', get))).toBe(1);
    expect(units(await db.call('GetItem', { ...get, ConsistentRead: true }))).toBe(2);
    const transacted = await db.call('TransactWriteItems', {
      TransactItems: [{ Put: { ...ITEMS, Item } }],
      ReturnConsumedCapacity,
    });
    expect(transacted['ConsumedCapacity']).toEqual([
      { TableName: 'orders', CapacityUnits: 10, WriteCapacityUnits: 10 },
    ]);
  });
});

describe('queries and scans', () => {
  const query = (db: Database, condition: string, values: Json, more: Json = {}) =>
    db.call('Query', {
      ...ITEMS,
      KeyConditionExpression: condition,
      ExpressionAttributeValues: { ':a': { S: 'a' }, ...values },
      ...more,
    });

  test.each([
    ['pk = :a AND sk = :x', [3]],
    ['pk = :a AND sk < :x', [0, 1, 2]],
    ['pk = :a AND sk <= :x', [0, 1, 2, 3]],
    ['pk = :a AND sk > :x', [4, 5, 6, 7, 8, 9, 10, 11]],
    ['pk = :a AND :x <= sk', [3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['pk = :a AND (sk BETWEEN :x AND :x)', [3]],
  ])('%s, in both directions', async (condition, expected) => {
    const db = await sorted(12);
    const values = { ':x': { N: '3' } };
    expect(numbers(await query(db, condition, values))).toEqual(expected);
    expect(numbers(await query(db, condition, values, { ScanIndexForward: false }))).toEqual(
      expected.toReversed(),
    );
  });

  test('begins_with goes by text, also above the basic plane', async () => {
    const db = database();
    await db.table({
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    });
    for (const sk of ['b', '\u{1F600}x', 'a#2', '\uFF5E', 'a#1', 'a', '\u{1F600}']) {
      await put(db, { pk: { S: 'a' }, sk: { S: sk } });
    }
    const texts = async (condition: string, prefix: string) =>
      ((await query(db, condition, { ':x': { S: prefix } }))['Items'] as { sk: { S: string } }[]).map(
        ({ sk }) => sk.S,
      );
    expect(await texts('pk = :a AND begins_with(sk, :x)', 'a#')).toEqual(['a#1', 'a#2']);
    expect(await texts('pk = :a AND begins_with(sk, :x)', '\u{1F600}')).toEqual(['\u{1F600}', '\u{1F600}x']);
    expect(await texts('pk = :a AND sk > :x', 'b')).toEqual(['\uFF5E', '\u{1F600}', '\u{1F600}x']);
  });

  test.each([true, false])(
    'pages by Limit lead through everything once, forward %p',
    async (ScanIndexForward) => {
      const db = await sorted(25);
      const seen: number[] = [];
      let ExclusiveStartKey: unknown;
      let pages = 0;
      do {
        const page = await query(
          db,
          'pk = :a',
          {},
          {
            Limit: 7,
            ScanIndexForward,
            ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
          },
        );
        seen.push(...numbers(page));
        ExclusiveStartKey = page['LastEvaluatedKey'];
        pages++;
      } while (ExclusiveStartKey !== undefined);
      const all = Array.from({ length: 25 }, (_, index) => index);
      expect(seen).toEqual(ScanIndexForward ? all : all.toReversed());
      expect(pages).toBe(4);
    },
  );

  test('the filter comes after the limit, and counts tell both', async () => {
    const db = await sorted(9);
    const page = await query(db, 'pk = :a', { ':v': { N: '0' } }, { FilterExpression: 'v = :v', Limit: 6 });
    expect(page).toMatchObject({
      Count: 2,
      ScannedCount: 6,
      LastEvaluatedKey: { pk: { S: 'a' }, sk: { N: '5' } },
    });
    const counted = await query(db, 'pk = :a', {}, { Select: 'COUNT' });
    expect(counted).toEqual({ Count: 9, ScannedCount: 9 });
  });

  test('a page ends before 1 MB is passed', async () => {
    const db = database();
    await db.table({}, true);
    for (let sk = 0; sk < 4; sk++)
      await put(db, { pk: { S: 'a' }, sk: { N: String(sk) }, v: { S: 'x'.repeat(399_000) } });
    expect(numbers(await query(db, 'pk = :a', {}))).toEqual([0, 1]);
    expect(await db.call('Scan', ITEMS)).toMatchObject({ Count: 2, LastEvaluatedKey: { sk: { N: '1' } } });
  });

  test('segments of a scan share all items, and pages of one go on from a deleted item', async () => {
    const db = database();
    await db.table();
    for (let index = 0; index < 60; index++) await put(db, { pk: { S: `p${index}` } });
    const seen: string[] = [];
    for (let Segment = 0; Segment < 4; Segment++) {
      let ExclusiveStartKey: unknown;
      do {
        const page = await db.call('Scan', {
          ...ITEMS,
          Segment,
          TotalSegments: 4,
          Limit: 5,
          ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
        });
        seen.push(...(page['Items'] as { pk: { S: string } }[]).map(({ pk }) => pk.S));
        ExclusiveStartKey = page['LastEvaluatedKey'];
        if (ExclusiveStartKey !== undefined)
          await db.call('DeleteItem', { ...ITEMS, Key: ExclusiveStartKey as Json });
      } while (ExclusiveStartKey !== undefined);
    }
    expect(seen.length).toBe(60);
    expect(new Set(seen).size).toBe(60);
  });

  test.each([
    ['sk = :a', 'Query condition missed key schema element: pk'],
    ['pk = :a AND v = :x', 'Query condition missed key schema element: sk'],
    ['pk > :a', 'Query key condition not supported'],
    ['pk = :a OR sk = :x', 'Invalid operator used in KeyConditionExpression: OR'],
    ['pk = :a AND sk <> :x', 'Invalid operator used in KeyConditionExpression: <>'],
    ['pk = :a AND contains(sk, :x)', 'Invalid operator used in KeyConditionExpression: contains'],
    ['pk = :a AND pk = :x', 'KeyConditionExpressions must only contain one condition per key'],
    [
      'pk = :x',
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    ],
  ])('%s is refused', async (KeyConditionExpression, message) => {
    const db = await sorted(1);
    const all = { ':a': { S: 'a' }, ':x': { N: '1' } };
    const used = Object.entries(all).filter(([name]) => KeyConditionExpression.includes(name));
    const refusal = await db.refusal('Query', {
      ...ITEMS,
      KeyConditionExpression,
      ExpressionAttributeValues: Object.fromEntries(used),
    });
    expect(refusal).toBe(`ValidationException: ${message}`);
  });
});

describe('indexes', () => {
  const INDEXES = {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
      { AttributeName: 'g', AttributeType: 'S' },
      { AttributeName: 'at', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byG',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['v'] },
      },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'byAt',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  };
  const item = (sk: number, more: object) => ({ pk: { S: 'a' }, sk: { N: String(sk) }, ...more });
  const byG = (db: Database, more: Json = {}) =>
    db.call('Query', {
      ...ITEMS,
      IndexName: 'byG',
      KeyConditionExpression: 'g = :g',
      ExpressionAttributeValues: { ':g': { S: 'x' } },
      ...more,
    });

  test('an index holds only items that have its keys, and only what it projects', async () => {
    const db = await sorted(0, INDEXES);
    await put(db, item(1, { g: { S: 'x' }, v: { N: '1' }, w: { N: '1' } }), item(2, { v: { N: '2' } }));
    expect((await byG(db))['Items']).toEqual([item(1, { g: { S: 'x' }, v: { N: '1' } })]);
    await put(db, item(1, { g: { S: 'y' } }));
    expect((await byG(db))['Items']).toEqual([]);
  });

  test("pages of an index carry its keys and the table's", async () => {
    const db = await sorted(0, INDEXES);
    for (let sk = 0; sk < 5; sk++) await put(db, item(sk, { g: { S: 'x' } }));
    const first = await byG(db, { Limit: 2 });
    expect(Object.keys(first['LastEvaluatedKey'] as Json).sort()).toEqual(['g', 'pk', 'sk']);
    const rest = await byG(db, { ExclusiveStartKey: first['LastEvaluatedKey'] });
    expect([...numbers(first), ...numbers(rest)].sort((left, right) => left - right)).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  test('a local index orders by its own key and fetches what it lacks', async () => {
    const db = await sorted(0, INDEXES);
    await put(db, item(1, { at: { N: '9' }, v: { N: '1' } }), item(2, { at: { N: '3' }, v: { N: '2' } }));
    const query = (more: Json) =>
      db.call('Query', {
        ...ITEMS,
        IndexName: 'byAt',
        KeyConditionExpression: 'pk = :a',
        ExpressionAttributeValues: { ':a': { S: 'a' } },
        ConsistentRead: true,
        ...more,
      });
    expect(numbers(await query({}))).toEqual([2, 1]);
    expect((await query({ ProjectionExpression: 'v' }))['Items']).toEqual([
      { v: { N: '2' } },
      { v: { N: '1' } },
    ]);
  });

  test('what a global index can not do is refused', async () => {
    const db = await sorted(0, INDEXES);
    const refused = (more: Json) =>
      db.refusal('Query', {
        ...ITEMS,
        IndexName: 'byG',
        KeyConditionExpression: 'g = :g',
        ExpressionAttributeValues: { ':g': { S: 'x' } },
        ...more,
      });
    expect(await refused({ ConsistentRead: true })).toMatch(
      /Consistent reads are not supported on global secondary indexes/,
    );
    expect(await refused({ Select: 'ALL_ATTRIBUTES' })).toMatch(/because its projection type is not ALL/);
    expect(await refused({ ProjectionExpression: 'w' })).toMatch(
      /Global secondary index byG does not project \[w\]/,
    );
    expect(await refused({ IndexName: 'none' })).toMatch(/The table does not have the specified index: none/);
    expect(await db.refusal('PutItem', { ...ITEMS, Item: item(1, { g: { N: '1' } }) })).toMatch(
      /Type mismatch for Index Key g Expected: S Actual: N IndexName: byG/,
    );
  });

  test('an index that is added later holds what is there', async () => {
    const db = await sorted(3);
    await db.call('UpdateTable', {
      ...ITEMS,
      AttributeDefinitions: [{ AttributeName: 'v', AttributeType: 'N' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'byV',
            KeySchema: [{ AttributeName: 'v', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    });
    expect(await db.call('Scan', { ...ITEMS, IndexName: 'byV' })).toMatchObject({ Count: 3 });
    await db.call('UpdateTable', {
      ...ITEMS,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'byV' } }],
    });
    expect(await db.refusal('Scan', { ...ITEMS, IndexName: 'byV' })).toMatch(
      /does not have the specified index/,
    );
  });
});

describe('batches', () => {
  const write = (...keys: readonly string[]) => ({
    RequestItems: { orders: keys.map((pk) => ({ PutRequest: { Item: { pk: { S: pk } } } })) },
  });

  test('write and read many; limits and duplicates are refused', async () => {
    const db = database();
    await db.table();
    expect(await db.call('BatchWriteItem', write('a', 'b'))).toEqual({ UnprocessedItems: {} });
    const keys = (...names: readonly string[]) => ({
      RequestItems: { orders: { Keys: names.map((pk) => ({ pk: { S: pk } })) } },
    });
    expect(await db.call('BatchGetItem', keys('a', 'b', 'c'))).toEqual({
      Responses: { orders: [{ pk: { S: 'a' } }, { pk: { S: 'b' } }] },
      UnprocessedKeys: {},
    });
    const names = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);
    expect(await db.refusal('BatchWriteItem', write(...names(26)))).toMatch(
      /Too many items requested for the BatchWriteItem call/,
    );
    expect(await db.refusal('BatchWriteItem', write('a', 'a'))).toMatch(
      /Provided list of item keys contains duplicates/,
    );
    expect(await db.refusal('BatchGetItem', keys(...names(101)))).toMatch(
      /Too many items requested for the BatchGetItem call/,
    );
    expect(await db.refusal('BatchGetItem', keys('a', 'a'))).toMatch(
      /Provided list of item keys contains duplicates/,
    );
  });

  test('a fault leaves single writes unprocessed, as throttling does', async () => {
    const db = database();
    await db.table();
    db.context.faults.add({
      service: 'dynamodb',
      action: 'BatchItem',
      times: 1,
      effect: { kind: 'throttle' },
    });
    expect(await db.call('BatchWriteItem', write('a', 'b'))).toEqual({
      UnprocessedItems: { orders: [{ PutRequest: { Item: { pk: { S: 'a' } } } }] },
    });
    expect(db.dynamodb.items('orders')).toEqual([{ pk: { S: 'b' } }]);
  });
});
