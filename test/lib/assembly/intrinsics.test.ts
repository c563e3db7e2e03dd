/** Every intrinsic function of CloudFormation, resolved without deploying anything. */
import { describe, expect, test } from '@jest/globals';
import { assemblyOf, isUnknown } from '../../../lib/assembly/index.ts';
import type { Json, SourceStack, Template } from '../../../lib/assembly/index.ts';

const account = '111111111111';
const region = 'eu-west-1';

/** What a value is in a stack with a queue `Queue`, a parameter `Stage` and a mapping. */
function resolved(value: unknown, more: Partial<Template> = {}): unknown {
  const template = {
    Parameters: { Stage: { Type: 'String', Default: 'prod' } },
    Mappings: { Sizes: { prod: { memory: 512 }, [region]: { memory: 256 } } },
    Conditions: {
      IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
      IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
    },
    ...more,
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      ...more.Resources,
      Subject: { Type: 'Custom::Subject', Properties: { value } },
    },
  } as unknown as Template;
  const { resources } = assemblyOf([{ stackName: 'Shop', account, region, template }]);
  return resources.find(({ logicalId }) => logicalId === 'Subject')?.properties['value'];
}

const QUEUE_ARN = `arn:aws:sqs:${region}:${account}:Shop-Queue`;
const QUEUE_URL = `https://sqs.${region}.amazonaws.com/${account}/Shop-Queue`;

test.each<[string, unknown, unknown]>([
  ['Ref of a resource', { Ref: 'Queue' }, QUEUE_URL],
  ['Ref of a parameter', { Ref: 'Stage' }, 'prod'],
  ['Ref AWS::AccountId', { Ref: 'AWS::AccountId' }, account],
  ['Ref AWS::Region', { Ref: 'AWS::Region' }, region],
  ['Ref AWS::Partition', { Ref: 'AWS::Partition' }, 'aws'],
  ['Ref AWS::URLSuffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
  ['Ref AWS::StackName', { Ref: 'AWS::StackName' }, 'Shop'],
  ['Ref AWS::NotificationARNs', { Ref: 'AWS::NotificationARNs' }, []],
  ['Ref AWS::NoValue', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
  ['Ref AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
  ['Fn::GetAtt as list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, QUEUE_ARN],
  ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Queue.Arn' }, QUEUE_ARN],
  ['Fn::Join', { 'Fn::Join': [':', ['a', { Ref: 'Stage' }, 1, true]] }, 'a:prod:1:true'],
  [
    'Fn::Sub',
    { 'Fn::Sub': '${Stage}/${AWS::Region}/${Queue.Arn}/${!Stage}' },
    `prod/${region}/${QUEUE_ARN}/\${Stage}`,
  ],
  [
    'Fn::Sub with variables',
    { 'Fn::Sub': ['${name}-${Stage}', { name: { Ref: 'AWS::StackName' } }] },
    'Shop-prod',
  ],
  ['Fn::Select', { 'Fn::Select': [1, ['a', { Ref: 'Stage' }]] }, 'prod'],
  ['Fn::Select with a text', { 'Fn::Select': ['0', ['a']] }, 'a'],
  ['Fn::Split', { 'Fn::Split': [':', { 'Fn::GetAtt': ['Queue', 'Arn'] }] }, QUEUE_ARN.split(':')],
  ['Fn::If', { 'Fn::If': ['IsProd', 'yes', 'no'] }, 'yes'],
  ['Fn::If, otherwise', { 'Fn::If': ['IsDev', 'yes', 'no'] }, 'no'],
  ['Fn::If without a value', { a: { 'Fn::If': ['IsDev', 1, { Ref: 'AWS::NoValue' }] } }, {}],
  ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, 512],
  ['Fn::FindInMap with a default', { 'Fn::FindInMap': ['Sizes', 'x', 'memory', { DefaultValue: 1 }] }, 1],
  ['Fn::Base64', { 'Fn::Base64': 'hello' }, 'aGVsbG8='],
  ['Fn::GetAZs', { 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
  ['Fn::Length', { 'Fn::Length': [1, 2, 3] }, 3],
  ['Fn::ToJsonString', { 'Fn::ToJsonString': { a: { Ref: 'Stage' } } }, '{"a":"prod"}'],
  ['Fn::Equals', { 'Fn::Equals': ['a', 'a'] }, true],
  ['Fn::And', { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsDev' }] }, false],
  ['Fn::Or', { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsDev' }] }, true],
  ['Fn::Not', { 'Fn::Not': [{ Condition: 'IsProd' }] }, false],
  ['an object with one member that is none', { Reference: 'Queue' }, { Reference: 'Queue' }],
])('%s', (_, value, expected) => {
  expect(resolved(value)).toEqual(expected);
});

test.each<[string, unknown]>([
  ['a Ref to nothing', { Ref: 'Nothing' }],
  ['a Ref that is no text', { Ref: ['Queue'] }],
  ['an attribute of nothing', { 'Fn::GetAtt': ['Nothing', 'Arn'] }],
  ['an attribute that AWS makes up', { 'Fn::GetAtt': ['Queue', 'Colour'] }],
  ['an import from elsewhere', { 'Fn::ImportValue': 'elsewhere' }],
  ['an output of a stack elsewhere', { 'Fn::GetStackOutput': { StackName: 'X', OutputName: 'Y' } }],
  ['a mapping that is not there', { 'Fn::FindInMap': ['Sizes', 'x', 'y'] }],
  ['an index that is not there', { 'Fn::Select': [5, ['a']] }],
  ['a function that is new', { 'Fn::Future': [] }],
  ['a text that holds one', { 'Fn::Join': ['', ['a-', { Ref: 'Nothing' }]] }],
])('%s is known only to AWS', (_, value) => {
  expect(isUnknown(resolved(value))).toBe(true);
});

test.each<[string, unknown]>([
  ['Fn::Join of nothing', { 'Fn::Join': null }],
  ['Fn::Join of a text', { 'Fn::Join': 'x' }],
  ['Fn::Sub of a number', { 'Fn::Sub': 5 }],
  ['Fn::Sub of nothing', { 'Fn::Sub': [] }],
  ['Fn::Select of nothing', { 'Fn::Select': [] }],
  ['Fn::Split of an object', { 'Fn::Split': [{}, {}] }],
  ['Fn::If of nothing', { 'Fn::If': [] }],
  ['Fn::FindInMap of a text', { 'Fn::FindInMap': 'x' }],
  ['Fn::GetAtt of nothing', { 'Fn::GetAtt': null }],
  ['Fn::GetAtt of a text without a dot', { 'Fn::GetAtt': 'Queue' }],
  ['Fn::Length of a text', { 'Fn::Length': 'x' }],
  ['Fn::Cidr of nothing', { 'Fn::Cidr': null }],
  ['Fn::GetAZs of nothing', { 'Fn::GetAZs': null }],
  ['Fn::Equals of one', { 'Fn::Equals': ['a'] }],
  ['Fn::Not of nothing', { 'Fn::Not': [] }],
  ['Fn::ImportValue of an object', { 'Fn::ImportValue': {} }],
  ['Fn::GetStackOutput of a text', { 'Fn::GetStackOutput': 'x' }],
  ['null', null],
])('%s does not throw', (_, value) => {
  expect(() => resolved(value)).not.toThrow();
});

describe('parameters', () => {
  const withParameter = (parameter: object, given: Record<string, string> = {}) => {
    const template = {
      Parameters: { Name: parameter },
      Resources: { Subject: { Type: 'Custom::Subject', Properties: { value: { Ref: 'Name' } } } },
    } as unknown as Template;
    return assemblyOf([{ stackName: 'Shop', template, parameters: given }]).resources[0]?.properties['value'];
  };

  test('the value that is given goes before the default', () => {
    expect(withParameter({ Type: 'String', Default: 'a' }, { Name: 'b' })).toBe('b');
    expect(withParameter({ Type: 'String', Default: 'a' })).toBe('a');
  });

  test('without either, and where the default names a parameter of SSM, AWS knows', () => {
    expect(isUnknown(withParameter({ Type: 'String' }))).toBe(true);
    expect(isUnknown(withParameter({ Type: 'AWS::SSM::Parameter::Value<String>', Default: '/a' }))).toBe(
      true,
    );
  });
});

describe('conditions', () => {
  test('decide which resources there are', () => {
    const { resources } = assemblyOf([
      {
        stackName: 'Shop',
        template: {
          Conditions: {
            Never: { 'Fn::Equals': ['a', 'b'] },
            Always: { 'Fn::Not': [{ Condition: 'Never' }] },
          },
          Resources: {
            Gone: { Type: 'AWS::SQS::Queue', Condition: 'Never' },
            There: { Type: 'AWS::SQS::Queue', Condition: 'Always' },
            Unheard: { Type: 'AWS::SQS::Queue', Condition: 'Nowhere' },
          },
        },
      },
    ]);

    expect(resources.map(({ logicalId }) => logicalId)).toEqual(['There']);
  });

  test('that go in a circle end', () => {
    expect(
      resolved(
        { 'Fn::If': ['A', 1, 2] },
        { Conditions: { A: { Condition: 'B' }, B: { 'Fn::Not': [{ Condition: 'A' }] } } as never },
      ),
    ).toEqual(expect.any(Number));
  });
});

describe('between stacks', () => {
  const stack = (stackName: string, template: object): SourceStack => ({
    stackName,
    account,
    region,
    template: template as Template,
  });
  const subject = (value: Json) => ({
    Resources: { Subject: { Type: 'Custom::Subject', Properties: { value } } },
  });
  const giving = {
    Resources: { Queue: { Type: 'AWS::SQS::Queue' } },
    Outputs: {
      QueueArn: {
        Value: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        Export: { Name: { 'Fn::Sub': '${AWS::StackName}:QueueArn' } },
      },
    },
  };
  const subjectOf = (stacks: readonly SourceStack[]) =>
    assemblyOf(stacks).resources.find(({ logicalId }) => logicalId === 'Subject')?.properties['value'];

  test('exports and imports, in whichever order', () => {
    const taking = stack('Taking', subject({ 'Fn::ImportValue': 'Giving:QueueArn' }));
    const arn = `arn:aws:sqs:${region}:${account}:Giving-Queue`;

    expect(subjectOf([stack('Giving', giving), taking])).toBe(arn);
    expect(subjectOf([taking, stack('Giving', giving)])).toBe(arn);
  });

  test('outputs of another stack', () => {
    const taking = stack(
      'Taking',
      subject({ 'Fn::GetStackOutput': { StackName: 'Giving', OutputName: 'QueueArn' } }),
    );

    expect(subjectOf([taking, stack('Giving', giving)])).toBe(
      `arn:aws:sqs:${region}:${account}:Giving-Queue`,
    );
  });

  test('two stacks that import from each other end', () => {
    const one = {
      ...subject({ 'Fn::ImportValue': 'two' }),
      Outputs: { O: { Value: { 'Fn::ImportValue': 'two' }, Export: { Name: 'one' } } },
    };
    const two = { Outputs: { O: { Value: { 'Fn::ImportValue': 'one' }, Export: { Name: 'two' } } } };

    expect(isUnknown(subjectOf([stack('One', one), stack('Two', two)]))).toBe(true);
  });

  test('nested stacks: parameters in, outputs out', () => {
    const inner = {
      Parameters: { Name: { Type: 'String' } },
      Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: 'Name' } } } },
      Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] } } },
    } as unknown as Template;
    const outer = {
      Resources: {
        Inner: {
          Type: 'AWS::CloudFormation::Stack',
          Metadata: { 'aws:asset:path': 'inner.json' },
          Properties: { Parameters: { Name: { 'Fn::Join': ['-', ['orders', 'queue']] } } },
        },
        Subject: {
          Type: 'Custom::Subject',
          Properties: { value: { 'Fn::GetAtt': ['Inner', 'Outputs.Arn'] } },
        },
      },
    };

    expect(
      subjectOf([
        { ...stack('Outer', outer), nestedTemplate: (path) => (path === 'inner.json' ? inner : undefined) },
      ]),
    ).toBe(`arn:aws:sqs:${region}:${account}:orders-queue`);
    expect(isUnknown(subjectOf([stack('Outer', outer)]))).toBe(true);
  });
});

test('resources whose names refer to each other end', () => {
  const { resources } = assemblyOf([
    {
      stackName: 'Shop',
      template: {
        Resources: {
          A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['B', 'QueueName'] } } },
          B: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['A', 'QueueName'] } } },
        },
      },
    },
  ]);

  expect(resources).toHaveLength(2);
});
