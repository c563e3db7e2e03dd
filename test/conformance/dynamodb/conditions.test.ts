/** Conformance of DynamoDB: condition expressions, what they mean and which are refused. */
import { behavioursOf, expect, refused } from '../harness.ts';
import {
  api,
  CONDITION_FAILED,
  guide,
  key,
  n,
  s,
  table,
  VALIDATION,
  type Item,
  type TestTable,
} from './tables.ts';

const behaviour = behavioursOf('dynamodb');
const OPERATORS = guide('Expressions.OperatorsAndFunctions');

const ITEM: Item = {
  ...key('a'),
  num: n(5),
  txt: s('hello'),
  tags: { SS: ['x', 'y'] },
  arr: { L: [n(1), s('two')] },
  doc: { M: { deep: s('d') } },
  flg: { BOOL: true },
  big: n('12345678901234567890.5'),
};

async function holds(subject: TestTable, expression: string, values: Item = {}): Promise<boolean> {
  try {
    await subject.put(ITEM, {
      ConditionExpression: expression,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    });
    return true;
  } catch (error) {
    if ((error as Error).name !== CONDITION_FAILED) throw error;
    return false;
  }
}

/** Title, expression, values, whether it holds. */
const CONDITIONS: readonly (readonly [string, string, Item, boolean])[] = [
  ['equal numbers are equal however they are written', 'num = :v', { ':v': n('5.00') }, true],
  [
    'numbers are compared beyond the precision of doubles',
    'big < :v',
    { ':v': n('12345678901234567890.6') },
    true,
  ],
  ['values of different types are not equal', 'num = :v', { ':v': s('5') }, false],
  ['values of different types differ', 'num <> :v', { ':v': s('5') }, true],
  ['values of different types are in no order', 'num < :v', { ':v': s('9') }, false],
  ['a missing attribute equals nothing', 'gone = :v', { ':v': n(5) }, false],
  ['a missing attribute differs from everything', 'gone <> :v', { ':v': n(5) }, true],
  ['NOT turns a comparison with a missing attribute round', 'NOT gone = :v', { ':v': n(5) }, true],
  ['BETWEEN includes both bounds', 'num BETWEEN :v AND :w', { ':v': n(5), ':w': n(9) }, true],
  ['IN looks for one of its operands', 'num IN (:v, :w)', { ':v': n(1), ':w': n(5) }, true],
  ['AND binds stronger than OR', 'num = :v OR num = :w AND txt = :w', { ':v': n(5), ':w': n(1) }, true],
  ['parentheses come first', '(num = :v OR num = :w) AND txt = :w', { ':v': n(5), ':w': n(1) }, false],
  ['attribute_exists looks into maps', 'attribute_exists(doc.deep)', {}, true],
  ['attribute_not_exists looks into lists', 'attribute_not_exists(arr[2])', {}, true],
  ['attribute_type compares the type', 'attribute_type(tags, :v)', { ':v': s('SS') }, true],
  ['begins_with compares the start of a text', 'begins_with(txt, :v)', { ':v': s('hel') }, true],
  ['contains finds a part of a text', 'contains(txt, :v)', { ':v': s('ll') }, true],
  ['contains finds a member of a set', 'contains(tags, :v)', { ':v': s('y') }, true],
  ['contains finds an element of a list', 'contains(arr, :v)', { ':v': n(1) }, true],
  ['contains does not find a part of a member', 'contains(arr, :v)', { ':v': s('tw') }, false],
  ['size of a text is its length', 'size(txt) = :v', { ':v': n(5) }, true],
  ['size of a list is the number of its elements', 'size(arr) = :v', { ':v': n(2) }, true],
  ['size of a number is none', 'size(num) > :v', { ':v': n(0) }, false],
  ['sets are equal whatever the order', 'tags = :v', { ':v': { SS: ['y', 'x'] } }, true],
  ['maps are equal by their members', 'doc = :v', { ':v': { M: { deep: s('d') } } }, true],
  ['a path reaches into a list', 'arr[1] = :v', { ':v': s('two') }, true],
  ['booleans are compared', 'flg = :v', { ':v': { BOOL: true } }, true],
];

for (const [title, expression, values, expected] of CONDITIONS) {
  behaviour(`condition: ${title}`, OPERATORS, async (aws) => {
    const subject = await table(aws);
    await subject.put(ITEM);
    expect(await holds(subject, expression, values)).toBe(expected);
  });
}

/** Title, expression, the values, what the message says. */
const REFUSED: readonly (readonly [string, string, Item, string])[] = [
  [
    'a reserved word',
    'status = :v',
    { ':v': n(1) },
    'Attribute name is a reserved keyword; reserved keyword: status',
  ],
  ['a value that is not defined', 'num = :w AND num <> :v', { ':v': n(1) }, 'attribute value: :w'],
  ['a value that is not used', 'attribute_exists(pk)', { ':v': n(1) }, 'unused in expressions: keys: {:v}'],
  ['redundant parentheses', '((num = :v))', { ':v': n(1) }, 'redundant parentheses'],
  ['an unknown function', 'foo(num) AND num = :v', { ':v': n(1) }, 'Invalid function name; function: foo'],
  [
    'a function with too few operands',
    'contains(num) OR num = :v',
    { ':v': n(1) },
    'Incorrect number of operands',
  ],
  ['a comparison of an attribute with itself', 'num = num OR num = :v', { ':v': n(1) }, 'must be distinct'],
  [
    'size where a condition must be',
    'size(num) AND num = :v',
    { ':v': n(1) },
    'not allowed to be used this way',
  ],
  ['a value where a path must be', 'attribute_exists(:v)', { ':v': n(1) }, 'requires a document path'],
  [
    'bounds in the wrong order',
    'num BETWEEN :v AND :w',
    { ':v': n(2), ':w': n(1) },
    'upper bound to be greater than or equal to lower bound',
  ],
  ['an expression that breaks off', 'num = :v AND', { ':v': n(1) }, 'Syntax error; token: "<EOF>"'],
];

for (const [title, expression, values, message] of REFUSED) {
  behaviour(`refused in a condition: ${title}`, OPERATORS, async (aws) => {
    const subject = await table(aws);
    const put = subject.put(ITEM, { ConditionExpression: expression, ExpressionAttributeValues: values });
    expect((await refused(put, VALIDATION)).message).toContain(message);
  });
}

behaviour(
  'a name placeholder stands for any attribute name',
  guide('Expressions.ExpressionAttributeNames'),
  async (aws) => {
    const subject = await table(aws);
    await subject.put({ ...key('a'), 'a.b': n(1), status: n(2) });
    const item = await subject.get(key('a'), {
      ProjectionExpression: '#dotted, #reserved',
      ExpressionAttributeNames: { '#dotted': 'a.b', '#reserved': 'status' },
    });
    expect(item).toEqual({ 'a.b': n(1), status: n(2) });
  },
);

behaviour(
  'a put that must find nothing succeeds once',
  guide('Expressions.ConditionExpressions'),
  async (aws) => {
    const subject = await table(aws);
    const once = { ConditionExpression: 'attribute_not_exists(pk)' };
    await subject.put(ITEM, once);
    await refused(subject.put(ITEM, once), CONDITION_FAILED);
  },
);

behaviour('a failed condition gives the item along when asked', api('PutItem'), async (aws) => {
  const subject = await table(aws);
  await subject.put(key('a'));
  const put = subject.put(key('a'), {
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  await expect(put).rejects.toMatchObject({ name: CONDITION_FAILED, Item: key('a') });
});
