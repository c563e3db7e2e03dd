/** Conformance of DynamoDB: items, their types and limits, updates, and what writes return. */
import { BatchGetItemCommand, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { behavioursOf, expect, refused } from '../harness.ts';
import { api, guide, key, n, s, table, VALIDATION, type Item } from './tables.ts';

const behaviour = behavioursOf('dynamodb');
const TYPES = guide('HowItWorks.NamingRulesDataTypes');
const UPDATES = guide('Expressions.UpdateExpressions');

behaviour('an item comes back as it was put', api('GetItem'), async (aws) => {
  const subject = await table(aws);
  const item: Item = {
    ...key('a'),
    bin: { B: new Uint8Array([0, 1, 255]) },
    list: { L: [{ NULL: true }, { BOOL: false }, { M: { deep: { L: [] } } }] },
    empty: s(''),
  };
  await subject.put(item);
  expect(await subject.get(key('a'))).toEqual(item);
  expect(await subject.get(key('b'))).toBeUndefined();
});

for (const [given, shown] of [
  ['00012.500', '12.5'],
  ['1E2', '100'],
  ['-0.0', '0'],
  ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
] as const) {
  behaviour(`the number ${given} comes back as ${shown}`, TYPES, async (aws) => {
    const subject = await table(aws);
    await subject.put({ ...key('a'), num: n(given) });
    expect((await subject.get(key('a')))?.['num']).toEqual(n(shown));
  });
}

const UNFIT: readonly (readonly [string, Item, string])[] = [
  [
    'a number of 39 digits',
    { num: n('123456789012345678901234567890123456789') },
    'more than 38 significant digits',
  ],
  ['a number over 9.99E+125', { num: n('1E126') }, 'Number overflow'],
  ['a number under 1E-130', { num: n('1E-131') }, 'Number underflow'],
  ['text for a number', { num: n('ten') }, 'cannot be converted to a numeric value'],
  ['an empty set', { tags: { SS: [] } }, 'may not be empty'],
  ['a set with the same member twice', { tags: { SS: ['a', 'a'] } }, 'contains duplicates'],
  ['a set with the same number twice', { tags: { NS: ['1', '1.0'] } }, 'contains duplicates'],
];

for (const [title, attributes, message] of UNFIT) {
  behaviour(`refused in an item: ${title}`, TYPES, async (aws) => {
    const subject = await table(aws);
    expect((await refused(subject.put({ ...key('a'), ...attributes }), VALIDATION)).message).toContain(
      message,
    );
  });
}

behaviour('an item of 400 KB is taken, a byte more is refused', guide('ServiceQuotas'), async (aws) => {
  const subject = await table(aws);
  const room = 400 * 1024 - 'pkav'.length;
  await subject.put({ ...key('a'), v: s('x'.repeat(room)) });
  const { message } = await refused(subject.put({ ...key('a'), v: s('x'.repeat(room + 1)) }), VALIDATION);
  expect(message).toBe('Item size has exceeded the maximum allowed size');
});

behaviour('an empty text can not be a key', TYPES, async (aws) => {
  const subject = await table(aws);
  expect((await refused(subject.put(key('')), VALIDATION)).message).toContain('empty string value. Key: pk');
});

behaviour('an item without its key is refused', api('PutItem'), async (aws) => {
  const subject = await table(aws);
  const { message } = await refused(subject.put({ v: n(1) }), VALIDATION);
  expect(message).toBe('One or more parameter values were invalid: Missing the key pk in the item');
});

behaviour('a key that does not fit the schema is refused', api('GetItem'), async (aws) => {
  const subject = await table(aws);
  const { message } = await refused(subject.get({ ...key('a'), other: n(1) }), VALIDATION);
  expect(message).toBe('The provided key element does not match the schema');
});

behaviour('PutItem returns what it replaced when asked', api('PutItem'), async (aws) => {
  const subject = await table(aws);
  expect(await subject.put(key('a'), { ReturnValues: 'ALL_OLD' })).toBeUndefined();
  expect(await subject.put({ ...key('a'), v: n(2) }, { ReturnValues: 'ALL_OLD' })).toEqual(key('a'));
  await refused(subject.put(key('a'), { ReturnValues: 'ALL_NEW' }), VALIDATION);
});

behaviour('DeleteItem of nothing succeeds', api('DeleteItem'), async (aws) => {
  const subject = await table(aws);
  expect(await subject.delete(key('a'), { ReturnValues: 'ALL_OLD' })).toBeUndefined();
});

behaviour('UpdateItem makes the item when it is not there', api('UpdateItem'), async (aws) => {
  const subject = await table(aws);
  const values = { ExpressionAttributeValues: { ':one': n(1) } };
  expect(await subject.update(key('a'), 'ADD v :one', { ...values, ReturnValues: 'ALL_NEW' })).toEqual({
    ...key('a'),
    v: n(1),
  });
});

behaviour('UPDATED_OLD and UPDATED_NEW show only what was updated', api('UpdateItem'), async (aws) => {
  const subject = await table(aws);
  await subject.put({ ...key('a'), v: n(1), w: n(1) });
  const values = { ExpressionAttributeValues: { ':one': n(1) } };
  expect(await subject.update(key('a'), 'ADD v :one', { ...values, ReturnValues: 'UPDATED_OLD' })).toEqual({
    v: n(1),
  });
  expect(await subject.update(key('a'), 'ADD v :one', { ...values, ReturnValues: 'UPDATED_NEW' })).toEqual({
    v: n(3),
  });
});

/** Title, item before, expression, values, attributes after; undefined ones are gone. */
const UPDATE_CASES: readonly (readonly [string, Item, string, Item, Record<string, unknown>])[] = [
  ['SET adds exactly', { v: n('0.1') }, 'SET v = v + :x', { ':x': n('0.2') }, { v: n('0.3') }],
  ['SET subtracts', { v: n(1) }, 'SET v = v - :x', { ':x': n(3) }, { v: n(-2) }],
  [
    'operands are read before anything is written',
    { a: n(1), b: n(2) },
    'SET a = b, b = a',
    {},
    { a: n(2), b: n(1) },
  ],
  ['if_not_exists gives a start value', {}, 'SET v = if_not_exists(v, :x) + :x', { ':x': n(1) }, { v: n(2) }],
  [
    'list_append joins in the order given',
    { l: { L: [n(1)] } },
    'SET l = list_append(:x, l)',
    { ':x': { L: [n(0)] } },
    { l: { L: [n(0), n(1)] } },
  ],
  [
    'SET past the end of a list appends',
    { l: { L: [n(1)] } },
    'SET l[9] = :x',
    { ':x': n(2) },
    { l: { L: [n(1), n(2)] } },
  ],
  [
    'SET reaches into a map',
    { m: { M: { a: n(1) } } },
    'SET m.b = :x',
    { ':x': n(2) },
    { m: { M: { a: n(1), b: n(2) } } },
  ],
  [
    'REMOVE counts elements as they were',
    { l: { L: [n(0), n(1), n(2)] } },
    'REMOVE l[0], l[1]',
    {},
    { l: { L: [n(2)] } },
  ],
  ['REMOVE of nothing succeeds', { v: n(1) }, 'REMOVE gone', {}, { v: n(1) }],
  [
    'ADD joins sets',
    { t: { NS: ['1'] } },
    'ADD t :x',
    { ':x': { NS: ['1', '2'] } },
    { t: { NS: expect.arrayContaining(['1', '2']) } },
  ],
  [
    'DELETE of all members removes the set',
    { t: { SS: ['a'] } },
    'DELETE t :x',
    { ':x': { SS: ['a', 'b'] } },
    { t: undefined },
  ],
];

for (const [title, before, expression, values, after] of UPDATE_CASES) {
  behaviour(`update: ${title}`, UPDATES, async (aws) => {
    const subject = await table(aws);
    await subject.put({ ...key('a'), ...before });
    const updated = await subject.update(key('a'), expression, {
      ReturnValues: 'ALL_NEW',
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    });
    for (const [name, value] of Object.entries(after)) expect(updated?.[name]).toEqual(value);
  });
}

const BAD_UPDATES: readonly (readonly [string, string, string])[] = [
  ['a key attribute', 'SET pk = :x', 'Cannot update attribute pk. This attribute is part of the key'],
  ['two overlapping paths', 'SET m.a = :x REMOVE m', 'Two document paths overlap with each other'],
  [
    'a section that comes twice',
    'SET a = :x SET b = :x',
    'section can only be used once in an update expression',
  ],
  [
    'an attribute that is not there',
    'SET v = gone + :x',
    'refers to an attribute that does not exist in the item',
  ],
  [
    'a path through nothing',
    'SET gone.a = :x',
    'document path provided in the update expression is invalid for update',
  ],
  [
    'arithmetic on text',
    'SET v = txt + :x',
    'An operand in the update expression has an incorrect data type',
  ],
  ['a reserved word', 'SET name = :x', 'Attribute name is a reserved keyword; reserved keyword: name'],
];

for (const [title, expression, message] of BAD_UPDATES) {
  behaviour(`refused in an update: ${title}`, UPDATES, async (aws) => {
    const subject = await table(aws);
    await subject.put({ ...key('a'), txt: s('text') });
    const update = subject.update(key('a'), expression, { ExpressionAttributeValues: { ':x': n(1) } });
    expect((await refused(update, VALIDATION)).message).toContain(message);
  });
}

behaviour('BatchWriteItem puts and deletes, at most 25', api('BatchWriteItem'), async (aws) => {
  const { client, name, put, scan } = await table(aws);
  await put(key('old'));
  const puts = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ PutRequest: { Item: key(`k${index}`) } }));
  const write = (requests: object[]) =>
    client.send(new BatchWriteItemCommand({ RequestItems: { [name]: requests } }));
  await write([...puts(2), { DeleteRequest: { Key: key('old') } }]);
  expect((await scan({ ConsistentRead: true })).count).toBe(2);
  await refused(write(puts(26)), VALIDATION);
  await refused(write([...puts(1), ...puts(1)]), VALIDATION);
});

behaviour('BatchGetItem gives what is there, at most 100', api('BatchGetItem'), async (aws) => {
  const { client, name, put } = await table(aws);
  await put(key('k0'));
  const get = (count: number) =>
    client.send(
      new BatchGetItemCommand({
        RequestItems: {
          [name]: {
            Keys: Array.from({ length: count }, (_, index) => key(`k${index}`)),
            ConsistentRead: true,
          },
        },
      }),
    );
  expect((await get(3)).Responses?.[name]).toEqual([key('k0')]);
  await refused(get(101), VALIDATION);
});
