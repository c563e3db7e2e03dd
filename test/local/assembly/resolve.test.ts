import { describe, expect, test } from '@jest/globals';

import { AssemblyError } from '../../../lib/assembly/errors.ts';
import { resolveCondition, resolveValue } from '../../../local/assembly/resolve.ts';
import type { ResolveScope } from '../../../local/assembly/resolve.ts';
import type { Json } from '../../../lib/assembly/template.ts';

const ATTRIBUTES: Record<string, Json> = {
  'Queue.Arn': 'arn:aws:sqs:us-east-1:000000000000:orders',
  'Cluster.Endpoint.Address': '127.0.0.1',
  'Bucket.Names': ['one', 'two'],
};
const CONDITIONS: Record<string, Json> = {
  IsProd: { 'Fn::Equals': [{ Ref: 'Environment' }, 'prod'] },
  IsLocal: { 'Fn::Not': [{ Condition: 'IsProd' }] },
  Both: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsLocal' }] },
  Either: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsLocal' }] },
};

const scope: ResolveScope = {
  pseudo: {
    accountId: '000000000000',
    region: 'us-east-1',
    partition: 'aws',
    urlSuffix: 'amazonaws.com',
    stackName: 'Core',
    stackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Core/1',
  },
  reference: async (logicalId) => (logicalId === 'Environment' ? 'local' : `physical-${logicalId}`),
  attribute: async (logicalId, name) => ATTRIBUTES[`${logicalId}.${name}`] ?? `${logicalId}/${name}`,
  condition: (name) => CONDITIONS[name] ?? null,
  mapping: (map, top, second) =>
    map === 'Sizes' && top === 'local' && second === 'memory' ? 512 : undefined,
  importValue: (name) => `imported-${name}`,
  stackOutput: (stack, output) => `${stack}.${output}`,
  withLocalAddresses: (text) => text.replace('https://aws.test', 'http://127.0.0.1'),
};

const resolve = (value: Json) => resolveValue(value, scope, 'Resources.It');

describe('intrinsic functions', () => {
  test.each<[string, Json, Json]>([
    ['a plain value', { A: [1, true, null, 'x'] }, { A: [1, true, null, 'x'] }],
    ['Ref of a resource', { Ref: 'Queue' }, 'physical-Queue'],
    ['an address put together', { 'Fn::Join': ['', ['https://', 'aws.test', '/x']] }, 'http://127.0.0.1/x'],
    ['an address in a text', { 'Fn::Sub': 'https://aws.test/${Queue}' }, 'http://127.0.0.1/physical-Queue'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Partition' }, 'aws'],
    ['Ref of the URL suffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws:sqs:us-east-1:000000000000:orders'],
    ['Fn::GetAtt as a text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:aws:sqs:us-east-1:000000000000:orders'],
    ['Fn::GetAtt with dots', { 'Fn::GetAtt': ['Cluster', 'Endpoint.Address'] }, '127.0.0.1'],
    ['Fn::Join', { 'Fn::Join': [':', ['a', { Ref: 'AWS::Region' }, 3]] }, 'a:us-east-1:3'],
    ['Fn::Join of a list attribute', { 'Fn::Join': [',', { 'Fn::GetAtt': ['Bucket', 'Names'] }] }, 'one,two'],
    [
      'Fn::Sub',
      { 'Fn::Sub': 'arn:${AWS::Partition}:x:${Queue.Arn}:${Topic}' },
      'arn:aws:x:arn:aws:sqs:us-east-1:000000000000:orders:physical-Topic',
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': ['${Name}-${AWS::Region}', { Name: { Ref: 'Queue' } }] },
      'physical-Queue-us-east-1',
    ],
    ['Fn::Sub keeps ${!Literal}', { 'Fn::Sub': 'a ${!Literal} ${AWS::Region}' }, 'a ${Literal} us-east-1'],
    [
      'Fn::Select of Fn::Split',
      { 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Queue', 'Arn'] }] }] },
      'orders',
    ],
    ['Fn::Select with a text index', { 'Fn::Select': ['1', ['a', 'b']] }, 'b'],
    ['Fn::If, true side', { 'Fn::If': ['IsLocal', 'yes', { 'Fn::Transform': {} }] }, 'yes'],
    ['Fn::If, false side', { 'Fn::If': ['IsProd', { 'Fn::Transform': {} }, 'no'] }, 'no'],
    [
      'Fn::If with AWS::NoValue',
      { A: { 'Fn::If': ['IsProd', 1, { Ref: 'AWS::NoValue' }] }, B: [{ Ref: 'AWS::NoValue' }, 2] },
      { B: [2] },
    ],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Environment' }, 'memory'] }, 512],
    ['Fn::FindInMap with a default', { 'Fn::FindInMap': ['Sizes', 'x', 'y', { DefaultValue: 1 }] }, 1],
    ['Fn::Base64', { 'Fn::Base64': 'hello' }, 'aGVsbG8='],
    ['Fn::GetAZs of the own region', { 'Fn::GetAZs': '' }, ['us-east-1a', 'us-east-1b', 'us-east-1c']],
    ['Fn::GetAZs of another region', { 'Fn::Select': [1, { 'Fn::GetAZs': 'eu-west-1' }] }, 'eu-west-1b'],
    ['Fn::Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ['Fn::Length', { 'Fn::Length': { 'Fn::Split': [',', 'a,b,c'] } }, 3],
    ['Fn::ToJsonString', { 'Fn::ToJsonString': { a: { Ref: 'Queue' } } }, '{"a":"physical-Queue"}'],
    ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${AWS::StackName}:Arn' } }, 'imported-Core:Arn'],
    [
      'Fn::GetStackOutput',
      { 'Fn::GetStackOutput': { StackName: 'Data', Region: 'us-east-1', OutputName: 'QueueArn' } },
      'Data.QueueArn',
    ],
  ])('%s', async (_name, value, expected) => {
    expect(await resolve(value)).toEqual(expected);
  });

  test('Fn::Transform is refused by name, with the place', async () => {
    const failure = resolve({ Definition: { 'Fn::Transform': { Name: 'AWS::Include' } } });

    await expect(failure).rejects.toThrow('Resources.It.Definition uses Fn::Transform');
    await expect(failure).rejects.toMatchObject({ code: 'WAYBILL_TEMPLATE_UNSUPPORTED' });
  });

  test.each<[string, Json]>([
    ['Fn::Join without a list', { 'Fn::Join': ',' }],
    ['Fn::Select beyond the end', { 'Fn::Select': [7, ['a']] }],
    ['Fn::GetAtt of nothing', { 'Fn::GetAtt': [] }],
    ['an object where a text is needed', { 'Fn::Join': ['', [{ a: 1 }]] }],
    ['Fn::FindInMap that finds nothing', { 'Fn::FindInMap': ['Sizes', 'x', 'y'] }],
  ])('%s is an error that names the place', async (_name, value) => {
    await expect(resolve(value)).rejects.toThrow(AssemblyError);
    await expect(resolve(value)).rejects.toThrow(/Resources\.It/);
  });

  test('Fn::Cidr refuses more blocks than fit', async () => {
    await expect(resolve({ 'Fn::Cidr': ['10.0.0.0/24', 4, 8] })).rejects.toThrow('has no room for 4 blocks');
  });
});

describe('conditions', () => {
  test.each([
    ['IsProd', false],
    ['IsLocal', true],
    ['Both', false],
    ['Either', true],
  ])('%s is %s', async (name, expected) => {
    expect(await resolveCondition({ Condition: name }, scope, 'here')).toBe(expected);
  });

  test('numbers and texts compare as CloudFormation compares them', async () => {
    expect(await resolveCondition({ 'Fn::Equals': [1, '1'] }, scope, 'here')).toBe(true);
  });
});
