/** Expressions: what they mean, and the words in which wrong ones are refused. */
import { describe, expect, test } from '@jest/globals';
import { database, put } from './database.ts';

const ITEM = {
  pk: { S: 'a' },
  n: { N: '5' },
  s: { S: 'hello' },
  b: { B: Buffer.from('bytes').toString('base64') },
  tags: { SS: ['x', 'y'] },
  numbers: { NS: ['1', '2'] },
  arr: { L: [{ N: '1' }, { S: 'two' }, { L: [] }] },
  doc: { M: { nested: { M: { deep: { S: 'd' } } } } },
  yes: { BOOL: true },
  nothing: { NULL: true },
};
const VALUES = {
  ':five': { N: '5.0' },
  ':four': { N: '4' },
  ':six': { N: '6' },
  ':ten': { N: '10' },
  ':text': { S: 'hello' },
  ':he': { S: 'he' },
  ':l': { S: 'll' },
  ':x': { S: 'x' },
  ':two': { S: 'two' },
  ':typeS': { S: 'S' },
  ':typeL': { S: 'L' },
  ':yes': { BOOL: true },
  ':tags': { SS: ['y', 'x'] },
  ':deep': { M: { deep: { S: 'd' } } },
};

async function holds(expression: string): Promise<boolean> {
  const db = database();
  await db.table();
  await put(db, ITEM);
  const used = Object.entries(VALUES).filter(([name]) => new RegExp(`${name}\\b`).test(expression));
  const answer = db.call('PutItem', {
    TableName: 'orders',
    Item: ITEM,
    ConditionExpression: expression,
    ...(used.length > 0 && { ExpressionAttributeValues: Object.fromEntries(used) }),
  });
  return answer.then(
    () => true,
    (error: { code: string }) => {
      if (error.code !== 'ConditionalCheckFailedException') throw error;
      return false;
    },
  );
}

describe('conditions', () => {
  test.each([
    ['n = :five', true],
    ['n < :ten', true],
    ['n > :ten', false],
    ['n <> :text', true],
    ['gone = :five', false],
    ['gone <> :five', true],
    ['gone < :five', false],
    ['NOT gone = :five', true],
    ['n < :text', false],
    ['n BETWEEN :four AND :six', true],
    ['n BETWEEN :six AND :ten', false],
    ['n IN (:four, :five)', true],
    ['n IN (:four)', false],
    ['attribute_exists(doc.nested.deep)', true],
    ['attribute_exists(doc.absent)', false],
    ['attribute_not_exists(arr[3])', true],
    ['attribute_type(s, :typeS)', true],
    ['attribute_type(s, :typeL)', false],
    ['begins_with(s, :he)', true],
    ['begins_with(n, :he)', false],
    ['contains(s, :l)', true],
    ['contains(tags, :x)', true],
    ['contains(arr, :two)', true],
    ['contains(tags, :two)', false],
    ['size(s) = :five', true],
    ['size(b) = :five', true],
    ['size(arr) < :four', true],
    ['size(n) = :five', false],
    ['tags = :tags', true],
    ['doc.nested = :deep', true],
    ['yes = :yes', true],
    ['n = :four OR n = :five AND s = :text', true],
    ['(n = :four OR n = :five) AND s = :l', false],
    ['NOT n = :four AND NOT (s = :l)', true],
    ['arr[1] = :two', true],
  ])('%s is %p', async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });

  test.each([
    ['((n = :v))', 'The expression has redundant parentheses;'],
    [
      'n = n',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]',
    ],
    ['n = :v AND', 'Syntax error; token: "<EOF>", near: "AND"'],
    ['n :v', 'Syntax error; token: ":v", near: "n :v"'],
    ['n = %', 'Syntax error; token: "%", near: "= %"'],
    ['size(n)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(n) = :v',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
    ],
    ['unknown(n)', 'Invalid function name; function: unknown'],
    [
      'contains(n)',
      'Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1',
    ],
    [
      'attribute_exists(:v)',
      'Operator or function requires a document path; operator or function: attribute_exists',
    ],
    [
      'begins_with(n, :v)',
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    ],
    ['status = :v', 'Attribute name is a reserved keyword; reserved keyword: status'],
    ['#n = :v', 'An expression attribute name used in the document path is not defined; attribute name: #n'],
    ['n = :w', 'An expression attribute value used in expression is not defined; attribute value: :w'],
    [
      'n BETWEEN :v AND :low',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {N:0}',
    ],
    ['', 'The expression can not be empty;'],
  ])('%s is refused', async (expression, message) => {
    const db = database();
    await db.table();
    const refusal = await db.refusal('PutItem', {
      TableName: 'orders',
      Item: ITEM,
      ConditionExpression: expression,
      ExpressionAttributeValues: { ':v': { N: '1' }, ':low': { N: '0' } },
    });
    expect(refusal).toBe(`ValidationException: Invalid ConditionExpression: ${message}`);
  });
});

async function updated(
  expression: string,
  values: object = {},
  names: object = {},
  returned = 'UPDATED_NEW',
): Promise<unknown> {
  const db = database();
  await db.table();
  await put(db, ITEM);
  const answer = await db.call('UpdateItem', {
    TableName: 'orders',
    Key: { pk: { S: 'a' } },
    UpdateExpression: expression,
    ReturnValues: returned,
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
  });
  return answer['Attributes'];
}

describe('updates', () => {
  test('SET takes sums, other attributes and defaults, all read from the item before', async () => {
    const values = { ':one': { N: '0.1' }, ':zero': { N: '0' } };
    expect(await updated('SET n = n + :one, twin = n, c = if_not_exists(c, :zero) - :one', values)).toEqual({
      n: { N: '5.1' },
      twin: { N: '5' },
      c: { N: '-0.1' },
    });
  });

  test('SET list_append puts at either end; places past the end are appended in their order', async () => {
    const values = { ':more': { L: [{ S: 'new' }] } };
    expect(await updated('SET a = list_append(:more, arr)', values)).toEqual({
      a: { L: [{ S: 'new' }, ...ITEM.arr.L] },
    });
    const appended = await updated(
      'SET arr[9] = :b, arr[7] = :a',
      { ':a': { S: 'a' }, ':b': { S: 'b' } },
      {},
      'ALL_NEW',
    );
    expect(appended).toMatchObject({ arr: { L: [...ITEM.arr.L, { S: 'a' }, { S: 'b' }] } });
  });

  test('REMOVE of several elements counts places as they were before', async () => {
    const db = database();
    await db.table();
    await put(db, ITEM);
    const answer = await db.call('UpdateItem', {
      TableName: 'orders',
      Key: { pk: { S: 'a' } },
      UpdateExpression: 'REMOVE arr[0], arr[2], gone, doc.nested.deep',
      ReturnValues: 'ALL_NEW',
    });
    expect(answer['Attributes']).toMatchObject({
      arr: { L: [{ S: 'two' }] },
      doc: { M: { nested: { M: {} } } },
    });
  });

  test('ADD sums numbers and joins sets; DELETE takes members away and the empty set with them', async () => {
    expect(
      await updated(
        'ADD n :one, numbers :n, fresh :one DELETE #s :xy',
        {
          ':one': { N: '1' },
          ':n': { NS: ['2', '3'] },
          ':xy': { SS: ['x', 'y', 'z'] },
        },
        { '#s': 'tags' },
      ),
    ).toEqual({ n: { N: '6' }, fresh: { N: '1' }, numbers: { NS: ['1', '2', '3'] } });
  });

  test.each([
    [
      'SET n = :v, n = :v',
      'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]',
    ],
    [
      'SET doc.a = :v REMOVE doc',
      'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [doc, a], path two: [doc]',
    ],
    [
      'SET n = :v SET s = :v',
      'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
    ],
    ['SET n = size(s)', 'Invalid UpdateExpression: Invalid function name; function: size'],
    [
      'SET n = n + :text',
      'Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S',
    ],
    [
      'ADD s :text',
      'Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING',
    ],
    ['SET s = s + :v', 'An operand in the update expression has an incorrect data type'],
    ['SET n = gone', 'The provided expression refers to an attribute that does not exist in the item'],
    ['SET gone.a = :v', 'The document path provided in the update expression is invalid for update'],
    ['REMOVE s.a', 'The document path provided in the update expression is invalid for update'],
    [
      'SET pk = :v',
      'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
    ],
    ['SET', 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"'],
  ])('%s is refused', async (expression, message) => {
    const values = { ':v': { N: '1' }, ':text': { S: 'a' } };
    const used = Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(expression));
    await expect(updated(expression, Object.fromEntries(used))).rejects.toThrow(new Error(message));
  });
});

describe('placeholders', () => {
  test.each([
    [
      { ExpressionAttributeValues: { ':v': { S: '1' }, ':u': { S: '2' } } },
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}',
    ],
    [
      { ExpressionAttributeValues: { ':v': { S: '1' } }, ExpressionAttributeNames: { '#a': 'a' } },
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}',
    ],
    [
      { ExpressionAttributeValues: { v: { S: '1' } } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
    ],
    [{ ExpressionAttributeValues: {} }, 'ExpressionAttributeValues must not be empty'],
    [
      { ExpressionAttributeValues: { ':v': { N: 'x' } } },
      'ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v',
    ],
  ])('%p is refused', async (placeholders, message) => {
    const db = database();
    await db.table();
    const input = { TableName: 'orders', Item: ITEM, ConditionExpression: 's = :v', ...placeholders };
    expect(await db.refusal('PutItem', input)).toBe(`ValidationException: ${message}`);
  });

  test('they mean nothing without an expression, and legacy parameters are named with their successor', async () => {
    const db = database();
    await db.table();
    const item = { TableName: 'orders', Item: ITEM };
    expect(await db.refusal('PutItem', { ...item, ExpressionAttributeNames: { '#a': 'a' } })).toBe(
      'ValidationException: ExpressionAttributeNames can only be specified when using expressions',
    );
    expect(await db.refusal('PutItem', { ...item, ExpressionAttributeValues: { ':a': { S: 'a' } } })).toBe(
      'ValidationException: ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null',
    );
    expect(await db.refusal('PutItem', { ...item, Expected: { a: { Exists: false } } })).toMatch(
      /legacy parameter Expected. Use ConditionExpression/,
    );
  });
});
