/** Filter policies: every operator in both scopes, and what is refused. */
import { behavioursOf, bodies, expect, refused } from '../harness.ts';
import { API, GUIDE, messageAttributes, setSubscriptionAttribute, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const INVALID = ['InvalidParameter', 'InvalidParameterException'];
const STRINGS = `${GUIDE}/string-value-matching.html`;
const NUMBERS = `${GUIDE}/numeric-value-matching.html`;
const KEYS = `${GUIDE}/attribute-key-matching.html`;
const LOGIC = `${GUIDE}/and-or-logic.html`;
const BODY = `${GUIDE}/sns-message-filtering-scope.html`;

type Values = Readonly<Record<string, unknown>>;

/** A policy, what it lets through and what it holds back. */
const matches: readonly (readonly [why: string, source: string, policy: object, yes: Values, no: Values])[] =
  [
    ['an exact text', STRINGS, { type: ['order'] }, { type: 'order' }, { type: 'orders' }],
    [
      'an exact text, upper and lower case apart',
      STRINGS,
      { type: ['order'] },
      { type: 'order' },
      { type: 'Order' },
    ],
    ['one of several texts', LOGIC, { type: ['a', 'b'] }, { type: 'b' }, { type: 'c' }],
    ['all of several keys', LOGIC, { a: ['1'], b: ['2'] }, { a: '1', b: '2' }, { a: '1', b: '3' }],
    [
      'one of two keys with $or',
      LOGIC,
      { $or: [{ a: ['1'] }, { b: ['2'] }] },
      { b: '2' },
      { a: '2', b: '1' },
    ],
    [
      'a key beside $or',
      LOGIC,
      { c: ['x'], $or: [{ a: ['1'] }, { b: ['2'] }] },
      { c: 'x', a: '1' },
      { a: '1' },
    ],
    [
      'anything but a text',
      STRINGS,
      { type: [{ 'anything-but': 'order' }] },
      { type: 'refund' },
      { type: 'order' },
    ],
    [
      'anything but several texts',
      STRINGS,
      { type: [{ 'anything-but': ['a', 'b'] }] },
      { type: 'c' },
      { type: 'b' },
    ],
    [
      'anything but a prefix',
      STRINGS,
      { type: [{ 'anything-but': { prefix: 'order-' } }] },
      { type: 'refund' },
      { type: 'order-1' },
    ],
    ['a prefix', STRINGS, { type: [{ prefix: 'order-' }] }, { type: 'order-1' }, { type: 'my-order-1' }],
    ['a suffix', STRINGS, { file: [{ suffix: '.png' }] }, { file: 'a.png' }, { file: 'a.png.txt' }],
    [
      'a text whatever its case',
      STRINGS,
      { type: [{ 'equals-ignore-case': 'ORDER' }] },
      { type: 'Order' },
      { type: 'orders' },
    ],
    [
      'an address of a network',
      STRINGS,
      { ip: [{ cidr: '10.0.0.0/24' }] },
      { ip: '10.0.0.255' },
      { ip: '10.0.1.1' },
    ],
    ['an exact number', NUMBERS, { price: [{ numeric: ['=', 301.5] }] }, { price: 301.5 }, { price: 301.6 }],
    [
      'a number below a bound',
      NUMBERS,
      { price: [{ numeric: ['<', 100] }] },
      { price: 99.99 },
      { price: 100 },
    ],
    [
      'a number from a bound on',
      NUMBERS,
      { price: [{ numeric: ['>=', 100] }] },
      { price: 100 },
      { price: 99.99 },
    ],
    [
      'a number of a range',
      NUMBERS,
      { price: [{ numeric: ['>', 0, '<=', 150] }] },
      { price: 150 },
      { price: 0 },
    ],
    [
      'anything but a number',
      NUMBERS,
      { price: [{ 'anything-but': [100, 500] }] },
      { price: 101 },
      { price: 500 },
    ],
    ['a key that exists', KEYS, { store: [{ exists: true }] }, { store: 'any' }, { other: 'any' }],
    ['a key that does not exist', KEYS, { store: [{ exists: false }] }, { other: 'any' }, { store: 'any' }],
    ['one member of a list', STRINGS, { tags: ['a'] }, { tags: ['b', 'a'] }, { tags: ['b', 'c'] }],
  ];

for (const [why, source, policy, yes, no] of matches) {
  behaviour(`a filter on attributes lets ${why} through`, source, async (aws) => {
    const orders = await topic(aws);
    const queue = await orders.queue({ RawMessageDelivery: 'true', FilterPolicy: JSON.stringify(policy) });
    await orders.publish('no', { MessageAttributes: messageAttributes(no) });
    await orders.publish('yes', { MessageAttributes: messageAttributes(yes) });

    expect(bodies(await queue.receive(1))).toEqual(['yes']);
    expect(await queue.receiveOnce()).toEqual([]);
  });

  behaviour(`a filter on the body lets ${why} through`, source, async (aws) => {
    const orders = await topic(aws);
    const queue = await orders.queue({
      RawMessageDelivery: 'true',
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify(policy),
    });
    await orders.publish(JSON.stringify(no));
    await orders.publish(JSON.stringify(yes));

    expect(bodies(await queue.receive(1))).toEqual([JSON.stringify(yes)]);
    expect(await queue.receiveOnce()).toEqual([]);
  });
}

const bodyMatches: readonly (readonly [why: string, policy: object, yes: object, no: object])[] = [
  ['a nested key', { order: { state: ['paid'] } }, { order: { state: 'paid' } }, { state: 'paid' }],
  ['null', { gone: [null] }, { gone: null }, { gone: 'null' }],
  ['true', { ok: [true] }, { ok: true }, { ok: 'true' }],
  [
    'an element of a list of objects',
    { items: { sku: ['b'] } },
    { items: [{ sku: 'a' }, { sku: 'b' }] },
    { items: [{ sku: 'a' }] },
  ],
  [
    'two keys of the same element of a list',
    { items: { sku: ['a'], n: [2] } },
    { items: [{ sku: 'a', n: 2 }] },
    {
      items: [
        { sku: 'a', n: 1 },
        { sku: 'b', n: 2 },
      ],
    },
  ],
];
for (const [why, policy, yes, no] of bodyMatches) {
  behaviour(`a filter on the body looks at ${why}`, BODY, async (aws) => {
    const orders = await topic(aws);
    const queue = await orders.queue({
      RawMessageDelivery: 'true',
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify(policy),
    });
    await orders.publish(JSON.stringify(no));
    await orders.publish(JSON.stringify(yes));

    expect(bodies(await queue.receive(1))).toEqual([JSON.stringify(yes)]);
    expect(await queue.receiveOnce()).toEqual([]);
  });
}

behaviour('a filter on the body holds back what is no JSON', BODY, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue({
    RawMessageDelivery: 'true',
    FilterPolicyScope: 'MessageBody',
    FilterPolicy: '{"type":[{"exists":false}]}',
  });
  await orders.publish('plain text');
  await orders.publish('{}');

  expect(bodies(await queue.receive(1))).toEqual(['{}']);
});

behaviour(
  'a message without attributes passes no filter that asks for one',
  `${GUIDE}/sns-message-filtering.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await orders.queue({ FilterPolicy: '{"type":["a"]}' });
    await orders.publish('x');

    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'attributes of type Binary are ignored by filters',
  `${GUIDE}/subscription-filter-policy-constraints.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await orders.queue({ FilterPolicy: '{"type":["a"]}' });
    const BinaryValue = new TextEncoder().encode('a');
    await orders.publish('x', { MessageAttributes: { type: { DataType: 'Binary', BinaryValue } } });

    expect(await queue.receiveOnce()).toEqual([]);
  },
);

const keys = (count: number, values: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, key) => [
      `k${key}`,
      Array.from({ length: values }, (_value, index) => `v${index}`),
    ]),
  );
const CONSTRAINTS = `${GUIDE}/subscription-filter-policy-constraints.html`;
const refusals: readonly (readonly [why: string, policy: object, scope?: 'MessageBody'])[] = [
  ['six keys', keys(6, 1)],
  ['more than 150 combinations', { a: keys(1, 13)['k0'], b: keys(1, 12)['k0'] }],
  ['more than 150 combinations, levels counted', { a: { b: { c: keys(1, 51)['k0'] } } }, 'MessageBody'],
  ['a nested key in attributes', { a: { b: ['c'] } }],
  ['a value that is not in a list', { a: 'b' }],
  ['an empty list', { a: [] }],
  ['an unknown operator', { a: [{ matches: 'b' }] }],
  ['two operators in one object', { a: [{ prefix: 'b', suffix: 'c' }] }],
  ['a prefix that is a number', { a: [{ prefix: 1 }] }],
  ['exists that is a text', { a: [{ exists: 'yes' }] }],
  ['a numeric range upside down', { a: [{ numeric: ['>', 5, '<', 1] }] }],
  ['a numeric operator that is none', { a: [{ numeric: ['~', 5] }] }],
  ['a number above a thousand million', { a: [{ numeric: ['=', 1_000_000_001] }] }],
  ['a network without a mask', { a: [{ cidr: '10.0.0.0' }] }],
  ['a mixed list in anything-but', { a: [{ 'anything-but': ['a', 1] }] }],
];
for (const [why, policy, FilterPolicyScope] of refusals) {
  behaviour(`a filter policy with ${why} is refused`, CONSTRAINTS, async (aws) => {
    const orders = await topic(aws);
    const queue = await aws.queue();

    await refused(
      orders.subscribe(queue, {
        ...(FilterPolicyScope === undefined ? {} : { FilterPolicyScope }),
        FilterPolicy: JSON.stringify(policy),
      }),
      ...INVALID,
    );
  });
}

behaviour('150 combinations and five keys are allowed', CONSTRAINTS, async (aws) => {
  const orders = await topic(aws);
  await orders.queue({ FilterPolicy: JSON.stringify({ a: keys(1, 15)['k0'], b: keys(1, 10)['k0'] }) });
  await orders.queue({ FilterPolicy: JSON.stringify(keys(5, 2)) });
});

behaviour('a changed filter policy holds', `${API}/API_SetSubscriptionAttributes.html`, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();
  const arn = await orders.subscribe(queue, { RawMessageDelivery: 'true', FilterPolicy: '{"t":["a"]}' });
  await setSubscriptionAttribute(aws, arn, 'FilterPolicy', '{"t":["b"]}');
  if (!aws.embedded) await aws.wait(900);
  await orders.publish('a', { MessageAttributes: messageAttributes({ t: 'a' }) });
  await orders.publish('b', { MessageAttributes: messageAttributes({ t: 'b' }) });

  expect(bodies(await queue.receive(1))).toEqual(['b']);
});
