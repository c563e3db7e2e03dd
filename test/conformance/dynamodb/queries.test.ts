/** Conformance of DynamoDB: queries, scans, pages and indexes. */
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { api, guide, key, n, s, sorts, table, VALIDATION, type Item, type TestTable } from './tables.ts';

const behaviour = behavioursOf('dynamodb');
const QUERY = guide('Query.KeyConditionExpressions');
const INDEXES = guide('GSI');

async function filled(aws: Conformance, count = 10): Promise<TestTable> {
  const subject = await table(aws, true);
  for (let sk = 0; sk < count; sk++) await subject.put({ ...key('a', sk), v: n(sk % 2) });
  return subject;
}

const where = (KeyConditionExpression: string, values: Item) => ({
  KeyConditionExpression,
  ExpressionAttributeValues: values,
  ConsistentRead: true,
});
const A = { ':a': s('a') };

for (const [condition, expected] of [
  ['sk = :x', [3]],
  ['sk < :x', [0, 1, 2]],
  ['sk <= :x', [0, 1, 2, 3]],
  ['sk > :x', [4, 5, 6, 7, 8, 9]],
  ['sk >= :x', [3, 4, 5, 6, 7, 8, 9]],
] as const) {
  behaviour(`a query can ask for ${condition}`, QUERY, async (aws) => {
    const subject = await filled(aws);
    expect(sorts(await subject.query(where(`pk = :a AND ${condition}`, { ...A, ':x': n(3) })))).toEqual(
      expected,
    );
  });
}

behaviour('a query can ask for a range, both ends included', QUERY, async (aws) => {
  const subject = await filled(aws);
  const values = { ...A, ':x': n(3), ':y': n(5) };
  expect(sorts(await subject.query(where('pk = :a AND sk BETWEEN :x AND :y', values)))).toEqual([3, 4, 5]);
});

behaviour('numbers are sorted as numbers, backwards when asked', api('Query'), async (aws) => {
  const subject = await table(aws, true);
  for (const sk of [10, 9, -1, 0.5, -20]) await subject.put(key('a', sk));
  expect(sorts(await subject.query(where('pk = :a', A)))).toEqual([-20, -1, 0.5, 9, 10]);
  const backwards = { ...where('pk = :a', A), ScanIndexForward: false };
  expect(sorts(await subject.query(backwards))).toEqual([10, 9, 0.5, -1, -20]);
});

behaviour('text is sorted by its UTF-8 bytes', guide('HowItWorks.NamingRulesDataTypes'), async (aws) => {
  const subject = await table(aws, false, {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'txt', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'txt', KeyType: 'RANGE' },
    ],
  });
  const texts = ['A', 'Z', 'a', '\u00E9', '\uFF5E', '\u{1F600}'];
  for (const text of texts.toReversed()) await subject.put({ ...key('a'), txt: s(text) });
  const { items } = await subject.query(where('pk = :a', A));
  expect(items.map(({ txt }) => txt?.S)).toEqual(texts);
});

behaviour('Limit ends a page and LastEvaluatedKey leads on', guide('Query.Pagination'), async (aws) => {
  const subject = await filled(aws, 5);
  const first = await subject.query({ ...where('pk = :a', A), Limit: 3 });
  expect([sorts(first), first.last]).toEqual([[0, 1, 2], key('a', 2)]);
  const second = await subject.query({ ...where('pk = :a', A), Limit: 3, ExclusiveStartKey: first.last });
  expect([sorts(second), second.last]).toEqual([[3, 4], undefined]);
});

behaviour('a page that ends with the last item still names it', guide('Query.Pagination'), async (aws) => {
  const subject = await filled(aws, 3);
  const first = await subject.query({ ...where('pk = :a', A), Limit: 3 });
  expect(first.last).toEqual(key('a', 2));
  const second = await subject.query({ ...where('pk = :a', A), ExclusiveStartKey: first.last });
  expect([second.count, second.last]).toEqual([0, undefined]);
});

behaviour('the filter comes after the limit', guide('Query.FilterExpression'), async (aws) => {
  const subject = await filled(aws);
  const { count, scanned } = await subject.query({
    ...where('pk = :a', { ...A, ':v': n(0) }),
    FilterExpression: 'v = :v',
    Limit: 5,
  });
  expect([count, scanned]).toEqual([3, 5]);
});

behaviour(
  'a filter on a key attribute of the query is refused',
  guide('Query.FilterExpression'),
  async (aws) => {
    const subject = await filled(aws, 1);
    const query = subject.query({ ...where('pk = :a', { ...A, ':v': n(0) }), FilterExpression: 'sk = :v' });
    expect((await refused(query, VALIDATION)).message).toContain(
      'Filter Expression can only contain non-primary key attributes',
    );
  },
);

behaviour('COUNT gives numbers and no items', api('Query'), async (aws) => {
  const subject = await filled(aws, 4);
  const page = await subject.query({ ...where('pk = :a', A), Select: 'COUNT' });
  expect([page.count, page.items]).toEqual([4, []]);
});

for (const [title, condition, values, message] of [
  ['without the partition key', 'sk = :x', { ':x': n(1) }, 'Query condition missed key schema element: pk'],
  ['with another operator on the partition key', 'pk > :a', A, 'Query key condition not supported'],
  [
    'with OR',
    'pk = :a OR sk = :x',
    { ...A, ':x': n(1) },
    'Invalid operator used in KeyConditionExpression: OR',
  ],
  [
    'with a value of the wrong type',
    'pk = :x',
    { ':x': n(1) },
    'Condition parameter type does not match schema type',
  ],
  [
    'with two conditions on a key',
    'pk = :a AND pk = :b',
    { ...A, ':b': s('b') },
    'must only contain one condition per key',
  ],
] as const) {
  behaviour(`a query ${title} is refused`, QUERY, async (aws) => {
    const subject = await filled(aws, 1);
    expect((await refused(subject.query(where(condition, { ...values })), VALIDATION)).message).toContain(
      message,
    );
  });
}

behaviour('a page ends before 1 MB', guide('Query.Pagination'), async (aws) => {
  const subject = await table(aws, true);
  for (let sk = 0; sk < 4; sk++) await subject.put({ ...key('a', sk), v: s('x'.repeat(390_000)) });
  const { count, last } = await subject.query(where('pk = :a', A));
  expect(count).toBeLessThan(4);
  expect(last).toBeDefined();
});

behaviour('the segments of a parallel scan share all items', guide('Scan'), async (aws) => {
  const subject = await table(aws);
  for (let index = 0; index < 12; index++) await subject.put(key(`k${index}`));
  const names: (string | undefined)[] = [];
  for (let Segment = 0; Segment < 3; Segment++) {
    const { items } = await subject.scan({ Segment, TotalSegments: 3, ConsistentRead: true });
    names.push(...items.map(({ pk }) => pk?.S));
  }
  expect([names.length, new Set(names).size]).toEqual([12, 12]);
});

behaviour('a segment outside the total is refused', api('Scan'), async (aws) => {
  const subject = await table(aws);
  await refused(subject.scan({ Segment: 3, TotalSegments: 3 }), VALIDATION);
  await refused(subject.scan({ Segment: 0 }), VALIDATION);
});

async function indexed(aws: Conformance): Promise<TestTable> {
  return table(aws, false, {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'grp', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byGroup',
        KeySchema: [{ AttributeName: 'grp', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
}

const GROUP = {
  IndexName: 'byGroup',
  KeyConditionExpression: 'grp = :g',
  ExpressionAttributeValues: { ':g': s('g') },
};

behaviour('a global index holds items that have its key, and what it projects', INDEXES, async (aws) => {
  const subject = await indexed(aws);
  await subject.put({ ...key('a'), grp: s('g'), v: n(1) });
  await subject.put({ ...key('b'), v: n(1) });
  await aws.eventually(async () => {
    expect((await subject.query(GROUP)).items).toEqual([{ ...key('a'), grp: s('g') }]);
  });
});

behaviour('an item leaves a global index with its key', INDEXES, async (aws) => {
  const subject = await indexed(aws);
  await subject.put({ ...key('a'), grp: s('g') });
  await subject.update(key('a'), 'REMOVE grp');
  await aws.eventually(async () => expect((await subject.query(GROUP)).count).toBe(0));
});

behaviour('a consistent read of a global index is refused', INDEXES, async (aws) => {
  const subject = await indexed(aws);
  const { message } = await refused(subject.query({ ...GROUP, ConsistentRead: true }), VALIDATION);
  expect(message).toBe('Consistent reads are not supported on global secondary indexes');
});

behaviour('attributes that a global index lacks are refused', INDEXES, async (aws) => {
  const subject = await indexed(aws);
  await refused(subject.query({ ...GROUP, ProjectionExpression: 'v' }), VALIDATION);
  await refused(subject.query({ ...GROUP, Select: 'ALL_ATTRIBUTES' }), VALIDATION);
});

behaviour('an index key of the wrong type is refused', INDEXES, async (aws) => {
  const subject = await indexed(aws);
  const { message } = await refused(subject.put({ ...key('a'), grp: n(1) }), VALIDATION);
  expect(message).toContain('Type mismatch for Index Key grp Expected: S Actual: N IndexName: byGroup');
});

behaviour('a query of an index that is not there is refused', api('Query'), async (aws) => {
  const subject = await table(aws);
  await refused(subject.query(GROUP), VALIDATION);
});
