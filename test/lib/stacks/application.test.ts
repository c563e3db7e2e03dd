import { describe, expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES, onlySystems } from '../../../lib/config/index.ts';
import type { EnvironmentName } from '../../../lib/config/index.ts';
import { readTopology } from '../../../lib/topology/index.ts';
import { differencesOf, synthesize, withoutNames } from './synthesize.ts';
import type { Resource, Synthesized } from './synthesize.ts';

const synthesized = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, synthesize(name)])) as Record<
  EnvironmentName,
  Synthesized
>;
const { prod } = synthesized;
const CORE = ['Core', ...[4, 6, 7, 8].map((partition) => `CoreConsumers${partition}`)];
const COMMERCE = [
  'CommerceStreams',
  'CommerceLegacy',
  'Commerce',
  ...[1, 2, 3, 5, 6, 7, 8].map((partition) => `CommerceConsumers${partition}`),
];
const STACKS = ['Foundation', 'Network', 'Data', ...CORE, ...COMMERCE, 'Observability'];

/** What loses data, or breaks who knows its name, when it is replaced. */
const STATEFUL = new Set([
  'AWS::Events::Archive',
  'AWS::Events::EventBus',
  'AWS::KMS::Key',
  'AWS::RDS::DBCluster',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
]);

const resourcesOf = (stack: string, environment: EnvironmentName = 'prod'): [string, Resource][] =>
  Object.entries(synthesized[environment].templates[stack]?.Resources ?? {});

test('every environment has the same stacks', () => {
  for (const environment of ENVIRONMENT_NAMES) {
    expect(Object.keys(synthesized[environment].templates).toSorted()).toEqual(STACKS.toSorted());
  }
});

describe.each(STACKS)('%s', (stack) => {
  test('prod', () => {
    expect(prod.templates[stack]).toMatchSnapshot();
  });

  test.each(ENVIRONMENT_NAMES.filter((name) => name !== 'prod'))(
    '%s differs from prod in this and nothing else',
    (name) => {
      const values = (environment: EnvironmentName) =>
        withoutNames(synthesized[environment].templates[stack]!, environment);
      expect(differencesOf(values('prod'), values(name))).toMatchSnapshot();
    },
  );

  test('what holds state keeps its logical id and name', () => {
    const pinned = resourcesOf(stack)
      .filter(([, { Type }]) => STATEFUL.has(Type))
      .map(([id, { Type, Properties }]) => {
        const name = Properties?.['QueueName'] ?? Properties?.['TopicName'] ?? Properties?.['Name'];
        return `${Type} ${id}${typeof name === 'string' ? ` ${name}` : ''}`;
      });
    expect(pinned).toMatchSnapshot();
  });
});

describe.each(ENVIRONMENT_NAMES)('cdk-nag in %s', (environment) => {
  const { violations, acknowledgements, suppressed } = synthesized[environment];

  test('it finds nothing that is not acknowledged', () => {
    expect(violations).toEqual([]);
  });

  test('each acknowledgement suppresses findings of its own construct, of its own rule, with its own reason', () => {
    const within = (path: string, ancestor: string) => path === ancestor || path.startsWith(`${ancestor}/`);
    for (const { path, id, reason } of acknowledgements) {
      const own = suppressed.filter((finding) => finding.id === id && within(finding.path, path));
      expect({ path, id, found: own.length }).toEqual({ path, id, found: 1 });
      expect(own[0]?.reason).toBe(reason);
    }
    expect(suppressed).toHaveLength(acknowledgements.length);
  });

  test('every reason is a sentence', () => {
    for (const { reason } of acknowledgements) expect(reason).toMatch(/^[A-Z].{30,}[^.]$/);
  });
});

test('the application is not empty: what nag finds nothing in is there', () => {
  const types = STACKS.flatMap((stack) => resourcesOf(stack)).map(([, { Type }]) => Type);
  const count = (type: string) => types.filter((candidate) => candidate === type).length;

  expect(count('AWS::SQS::Queue')).toBeGreaterThanOrEqual(25);
  expect(count('AWS::SNS::Topic')).toBeGreaterThanOrEqual(4);
  expect(count('AWS::Lambda::Function')).toBeGreaterThanOrEqual(10);
  expect(count('AWS::CloudWatch::Alarm')).toBeGreaterThanOrEqual(40);
});

describe('what matters in all of them', () => {
  const everything = ENVIRONMENT_NAMES.flatMap((environment) =>
    STACKS.flatMap((stack) =>
      resourcesOf(stack, environment).map(([id, resource]) => ({ environment, id, ...resource })),
    ),
  );
  const ofType = (type: string) => everything.filter(({ Type }) => Type === type);

  test('every queue is encrypted, and every key rotates', () => {
    for (const { Properties } of ofType('AWS::SQS::Queue')) {
      expect(Properties?.['KmsMasterKeyId'] ?? Properties?.['SqsManagedSseEnabled']).toBeTruthy();
    }
    for (const { Properties } of ofType('AWS::KMS::Key'))
      expect(Properties?.['EnableKeyRotation']).toBe(true);
  });

  test('D14 every alarm has an action, or a composite alarm with one speaks for it', () => {
    const composites = ofType('AWS::CloudWatch::CompositeAlarm');
    const rules = JSON.stringify(composites.map(({ Properties }) => Properties?.['AlarmRule']));
    for (const { id, Properties } of [...ofType('AWS::CloudWatch::Alarm'), ...composites]) {
      expect({ id, actions: (Properties?.['AlarmActions'] as unknown[] | undefined)?.length ?? 0 }).toEqual({
        id,
        actions: rules.includes(`"${id}"`) ? 0 : 1,
      });
    }
  });

  test('W13 no message shows up again while its function may still be at it', () => {
    for (const { Properties } of ofType('AWS::SQS::Queue').filter(
      ({ Properties }) => Properties?.['RedrivePolicy'],
    )) {
      expect(Properties?.['VisibilityTimeout']).toBeGreaterThanOrEqual(180);
    }
  });

  test('no function has a wildcard action or a managed policy', () => {
    for (const { Properties } of ofType('AWS::IAM::Role'))
      expect(Properties?.['ManagedPolicyArns']).toBeUndefined();
    for (const { Properties } of ofType('AWS::IAM::Policy')) {
      expect(JSON.stringify(Properties?.['PolicyDocument'])).not.toMatch(/"Action":(\[[^\]]*)?"[^"]*\*/);
    }
  });

  test('what is kept in prod is kept: keys, database, streams, broker; and its stacks cannot be deleted by accident', () => {
    const types = [
      'AWS::KMS::Key',
      'AWS::RDS::DBCluster',
      'AWS::Kinesis::Stream',
      'AWS::MSK::Cluster',
      'AWS::AmazonMQ::Broker',
    ];
    const kept = types.map((type) =>
      everything.filter(({ Type, environment }) => Type === type && environment === 'prod'),
    );
    for (const { DeletionPolicy } of kept.flat()) expect(DeletionPolicy).toBe('Retain');
    expect(kept.flat()).toHaveLength(types.length + 1);
  });

  test('the topology of every environment has the same nodes, but for who makes topics without an API of MSK', () => {
    const idsOf = (environment: EnvironmentName) =>
      readTopology(synthesized[environment].directory)
        .nodes.map(({ id }) => id)
        .filter((id) => id !== 'CommerceStreams/Kafka/TopicFunction');
    for (const environment of ENVIRONMENT_NAMES) expect(idsOf(environment)).toEqual(idsOf('prod'));
    expect(readTopology(prod.directory).environment).toBe('prod');
  });
});

test('an existing database and network are used, not made again', () => {
  const { templates, violations } = synthesize('dev', {
    systems: onlySystems(['core']),
    database: {
      kind: 'existing',
      secretArn: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:shared/postgres-a1b2c3',
      clientSecurityGroupId: 'sg-0123456789abcdef0',
    },
    network: {
      kind: 'existing',
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['us-east-1a', 'us-east-1b'],
      privateSubnetIds: ['subnet-0aaa', 'subnet-0bbb'],
      isolatedSubnetIds: ['subnet-0ccc', 'subnet-0ddd'],
    },
  });

  expect(violations).toEqual([]);
  const types = Object.values(templates).flatMap(({ Resources }) =>
    Object.values(Resources ?? {}).map(({ Type }) => Type),
  );
  expect(types.filter((type) => /^AWS::(RDS|EC2)/.test(type))).toEqual([]);
  const text = JSON.stringify(templates['Core']);
  expect(text).toContain('secret:shared/postgres-a1b2c3');
  expect(text).toContain('sg-0123456789abcdef0');
  expect(text).toContain('subnet-0aaa');
});

test('a system that is switched off has no stack', () => {
  expect(Object.keys(synthesize('dev', { systems: onlySystems([]) }).templates).toSorted()).toEqual([
    'Data',
    'Foundation',
    'Network',
    'Observability',
  ]);
});
