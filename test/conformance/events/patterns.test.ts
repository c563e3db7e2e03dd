/** Event patterns: every operator, by TestEventPattern, and what is refused. */
import { PutRuleCommand, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, bus, GUIDE } from './rules.ts';

const behaviour = behavioursOf('events');
const OPERATORS = `${GUIDE}/eb-create-pattern-operators.html`;
const PATTERNS = `${GUIDE}/eb-create-pattern.html`;
const NULLS = `${GUIDE}/eb-event-patterns-null-values.html`;
const ARRAYS = `${GUIDE}/eb-event-patterns-arrays.html`;

/** An event around a detail given as JSON text, so that numbers keep their spelling. */
const eventText = (detail: string, more: object = {}) =>
  JSON.stringify({
    id: '7bf73129-1428-4cd3-a780-95db273d1602',
    'detail-type': 'OrderPlaced',
    source: 'shop',
    account: '123456789012',
    time: '2026-01-21T12:00:00Z',
    region: 'us-east-1',
    resources: ['arn:aws:ec2:us-east-1:123456789012:instance/i-1'],
    detail: 'DETAIL',
    ...more,
  }).replace('"DETAIL"', detail);

async function matches(aws: Conformance, EventPattern: string, Event: string): Promise<boolean | undefined> {
  const { Result } = await aws.events.send(new TestEventPatternCommand({ EventPattern, Event }));
  return Result;
}

/** What a pattern of `detail` asks for, a detail that fits, and one that does not. */
const operators: readonly (readonly [
  why: string,
  source: string,
  pattern: string,
  yes: string,
  no: string,
])[] = [
  ['an exact text', PATTERNS, '{"a":["x"]}', '{"a":"x"}', '{"a":"X"}'],
  ['one of several texts', PATTERNS, '{"a":["x","y"]}', '{"a":"y"}', '{"a":"z"}'],
  ['all keys of several', PATTERNS, '{"a":["x"],"b":["y"]}', '{"a":"x","b":"y"}', '{"a":"x"}'],
  ['a nested key', PATTERNS, '{"a":{"b":["x"]}}', '{"a":{"b":"x"}}', '{"b":"x"}'],
  ['an exact number', PATTERNS, '{"a":[5]}', '{"a":5}', '{"a":"5"}'],
  ['a number, not one that is spelt otherwise', PATTERNS, '{"a":[300]}', '{"a":300}', '{"a":300.0}'],
  ['a number as it is spelt', PATTERNS, '{"a":[300.0]}', '{"a":300.0}', '{"a":300}'],
  [
    'a number as large as a time',
    PATTERNS,
    '{"a":[1767225600000]}',
    '{"a":1767225600000}',
    '{"a":1767225600001}',
  ],
  ['true', PATTERNS, '{"a":[true]}', '{"a":true}', '{"a":"true"}'],
  ['null', NULLS, '{"a":[null]}', '{"a":null}', '{"a":""}'],
  ['an empty text', NULLS, '{"a":[""]}', '{"a":""}', '{"a":null}'],
  ['a member of an array', ARRAYS, '{"a":["x"]}', '{"a":["w","x"]}', '{"a":["w"]}'],
  ['an array that meets another', ARRAYS, '{"a":["x","y"]}', '{"a":["y","z"]}', '{"a":["z"]}'],
  ['an object in an array', ARRAYS, '{"a":{"b":["x"]}}', '{"a":[{"b":"w"},{"b":"x"}]}', '{"a":[{"b":"w"}]}'],
  [
    'one object for two keys',
    ARRAYS,
    '{"a":{"b":["x"],"c":[1]}}',
    '{"a":[{"b":"x","c":1}]}',
    '{"a":[{"b":"x","c":2},{"b":"y","c":1}]}',
  ],
  ['a prefix', OPERATORS, '{"a":[{"prefix":"us-"}]}', '{"a":"us-east-1"}', '{"a":"eu-us-1"}'],
  [
    'a prefix whatever its case',
    OPERATORS,
    '{"a":[{"prefix":{"equals-ignore-case":"eventb"}}]}',
    '{"a":"EventBridge"}',
    '{"a":"bridge"}',
  ],
  ['a suffix', OPERATORS, '{"a":[{"suffix":".png"}]}', '{"a":"x.png"}', '{"a":"x.PNG"}'],
  [
    'a suffix whatever its case',
    OPERATORS,
    '{"a":[{"suffix":{"equals-ignore-case":".png"}}]}',
    '{"a":"x.PNG"}',
    '{"a":"x.jpg"}',
  ],
  [
    'a text whatever its case',
    OPERATORS,
    '{"a":[{"equals-ignore-case":"alice"}]}',
    '{"a":"ALICE"}',
    '{"a":"alicia"}',
  ],
  ['anything but a text', OPERATORS, '{"a":[{"anything-but":"x"}]}', '{"a":"y"}', '{"a":"x"}'],
  ['anything but several texts', OPERATORS, '{"a":[{"anything-but":["x","y"]}]}', '{"a":"z"}', '{"a":"y"}'],
  ['anything but a number', OPERATORS, '{"a":[{"anything-but":123}]}', '{"a":124}', '{"a":123}'],
  ['anything but several numbers', OPERATORS, '{"a":[{"anything-but":[1,2]}]}', '{"a":3}', '{"a":2}'],
  [
    'anything but a prefix',
    OPERATORS,
    '{"a":[{"anything-but":{"prefix":"us-"}}]}',
    '{"a":"eu-1"}',
    '{"a":"us-1"}',
  ],
  [
    'anything but several prefixes',
    OPERATORS,
    '{"a":[{"anything-but":{"prefix":["us-","eu-"]}}]}',
    '{"a":"ap-1"}',
    '{"a":"eu-1"}',
  ],
  [
    'anything but a suffix',
    OPERATORS,
    '{"a":[{"anything-but":{"suffix":".png"}}]}',
    '{"a":"x.jpg"}',
    '{"a":"x.png"}',
  ],
  [
    'anything but a text whatever its case',
    OPERATORS,
    '{"a":[{"anything-but":{"equals-ignore-case":"x"}}]}',
    '{"a":"y"}',
    '{"a":"X"}',
  ],
  [
    'anything but a wildcard',
    OPERATORS,
    '{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}',
    '{"a":"/bin/x"}',
    '{"a":"/lib/x"}',
  ],
  ['a number below a bound', OPERATORS, '{"a":[{"numeric":["<",10]}]}', '{"a":9.9}', '{"a":10}'],
  ['a number from a bound on', OPERATORS, '{"a":[{"numeric":[">=",10]}]}', '{"a":10}', '{"a":9.9}'],
  ['a number of a range', OPERATORS, '{"a":[{"numeric":[">",0,"<=",5]}]}', '{"a":5}', '{"a":0}'],
  [
    'a number however it is spelt',
    OPERATORS,
    '{"a":[{"numeric":["=",3.018e2]}]}',
    '{"a":301.8}',
    '{"a":302}',
  ],
  ['a number, not a text of digits', OPERATORS, '{"a":[{"numeric":["=",5]}]}', '{"a":5}', '{"a":"5"}'],
  [
    'an IPv4 address of a network',
    OPERATORS,
    '{"a":[{"cidr":"10.0.0.0/24"}]}',
    '{"a":"10.0.0.255"}',
    '{"a":"10.0.1.0"}',
  ],
  [
    'an IPv6 address of a network',
    OPERATORS,
    '{"a":[{"cidr":"2001:db8::/32"}]}',
    '{"a":"2001:db8::1"}',
    '{"a":"2001:db9::1"}',
  ],
  ['a key that exists', OPERATORS, '{"a":[{"exists":true}]}', '{"a":null}', '{"b":1}'],
  ['a key that does not exist', OPERATORS, '{"a":[{"exists":false}]}', '{"b":1}', '{"a":1}'],
  ['a leaf, not an object, that exists', OPERATORS, '{"a":[{"exists":true}]}', '{"a":1}', '{"a":{"b":1}}'],
  ['a wildcard', OPERATORS, '{"a":[{"wildcard":"dir/*.png"}]}', '{"a":"dir/sub/x.png"}', '{"a":"dir/x.jpg"}'],
  [
    'a wildcard that stands for nothing',
    OPERATORS,
    '{"a":[{"wildcard":"x*y"}]}',
    '{"a":"xy"}',
    '{"a":"xyz"}',
  ],
  ['an asterisk that is none', OPERATORS, '{"a":[{"wildcard":"x\\\\*y"}]}', '{"a":"x*y"}', '{"a":"xay"}'],
  ['one of two fields with $or', OPERATORS, '{"$or":[{"a":["x"]},{"b":[1]}]}', '{"b":1}', '{"a":"y","b":2}'],
  [
    'a field beside $or',
    OPERATORS,
    '{"c":["z"],"$or":[{"a":["x"]},{"b":[1]}]}',
    '{"c":"z","a":"x"}',
    '{"a":"x"}',
  ],
  [
    'several operators in one list',
    OPERATORS,
    '{"a":[{"prefix":"x"},{"numeric":[">",5]}]}',
    '{"a":6}',
    '{"a":5}',
  ],
];
for (const [why, source, pattern, yes, no] of operators) {
  behaviour(`a pattern matches ${why}`, source, async (aws) => {
    expect(await matches(aws, `{"detail":${pattern}}`, eventText(yes))).toBe(true);
    expect(await matches(aws, `{"detail":${pattern}}`, eventText(no))).toBe(false);
  });
}

behaviour('a pattern looks at the fields around the detail', PATTERNS, async (aws) => {
  const pattern = (fields: object) => JSON.stringify(fields);

  expect(await matches(aws, pattern({ source: ['shop'], region: ['us-east-1'] }), eventText('{}'))).toBe(
    true,
  );
  expect(await matches(aws, pattern({ time: [{ prefix: '2026-01-21' }] }), eventText('{}'))).toBe(true);
  expect(await matches(aws, pattern({ resources: [{ suffix: 'i-1' }] }), eventText('{}'))).toBe(true);
  expect(await matches(aws, pattern({ account: ['000000000000'] }), eventText('{}'))).toBe(false);
});

const invalid: readonly (readonly [why: string, pattern: string])[] = [
  ['that is no JSON', 'nonsense'],
  ['that is empty', '{}'],
  ['whose value is no list', '{"source":"shop"}'],
  ['with an empty list', '{"source":[]}'],
  ['with an empty object', '{"detail":{}}'],
  ['with an unknown operator', '{"source":[{"sounds-like":"shop"}]}'],
  ['with two operators in one object', '{"source":[{"prefix":"a","suffix":"b"}]}'],
  ['with a prefix that is a number', '{"source":[{"prefix":1}]}'],
  ['with exists that is a text', '{"source":[{"exists":"yes"}]}'],
  ['with a numeric comparison without a number', '{"detail":{"a":[{"numeric":["<","5"]}]}}'],
  ['with a numeric range upside down', '{"detail":{"a":[{"numeric":[">",5,"<",1]}]}}'],
  ['with a number out of range', '{"detail":{"a":[{"numeric":["=",5000000001]}]}}'],
  ['with a mixed list in anything-but', '{"source":[{"anything-but":["a",1]}]}'],
  ['with two wildcards in a row', '{"source":[{"wildcard":"a**b"}]}'],
  ['with an escape that is none', '{"source":[{"wildcard":"a\\\\b"}]}'],
  ['with a network without a mask', '{"detail":{"a":[{"cidr":"10.0.0.0"}]}}'],
  ['of more than 2,048 characters', JSON.stringify({ source: ['x'.repeat(2048)] })],
];
for (const [why, EventPattern] of invalid) {
  behaviour(`a pattern ${why} is refused`, OPERATORS, async (aws) => {
    const { name } = await bus(aws);
    const put = new PutRuleCommand({ Name: aws.uniqueName(), EventBusName: name, EventPattern });

    await refused(
      aws.events.send(put),
      'InvalidEventPatternException',
      ...(EventPattern.length > 2048 ? ['ValidationException', 'LimitExceededException'] : []),
    );
  });
}

behaviour('TestEventPattern refuses an invalid pattern', `${API}/API_TestEventPattern.html`, async (aws) => {
  await refused(matches(aws, '{"source":"shop"}', eventText('{}')), 'InvalidEventPatternException');
});

behaviour(
  'TestEventPattern refuses an event that is no JSON',
  `${API}/API_TestEventPattern.html`,
  async (aws) => {
    await refused(matches(aws, '{"source":["shop"]}', 'nonsense'), 'ValidationException');
  },
);

behaviour(
  'TestEventPattern wants an event with all of its members',
  `${API}/API_TestEventPattern.html`,
  async (aws) => {
    await refused(matches(aws, '{"source":["shop"]}', '{"source":"shop"}'), 'ValidationException');
  },
);
