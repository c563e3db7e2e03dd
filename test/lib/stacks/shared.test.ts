/** The stacks that all systems share, without any system, and all systems together. */
import { describe, expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES, environmentConfig, onlySystems } from '../../../lib/config/index.ts';
import { testLogicalIds } from './logical-ids.ts';
import { differencesFromProd, perEnvironment, testNag, testWhatMatters } from './system.ts';
import { isSharedStack, synthesize } from './synthesize.ts';

const STACKS = ['Foundation', 'Network', 'Data', 'Observability'];
const bare = perEnvironment((environment) => synthesize(environment, { systems: onlySystems([]) }));

describe.each(STACKS)('%s', (stack) => {
  test('prod', () => {
    expect(bare('prod').templates[stack]).toMatchSnapshot();
  });

  test.each(ENVIRONMENT_NAMES.filter((name) => name !== 'prod'))(
    '%s differs from prod in this and nothing else',
    (name) => {
      expect(differencesFromProd(bare, stack, name)).toMatchSnapshot();
    },
  );
});

describe.each(ENVIRONMENT_NAMES)('%s', (environment) => {
  testNag(() => bare(environment));

  test('systems that are switched off have no stack', () => {
    expect(Object.keys(bare(environment).templates).toSorted()).toEqual(STACKS.toSorted());
  });

  test('the topology says the environment', () => {
    expect(bare(environment).topology.environment).toBe(environment);
  });
});

testLogicalIds({ templates: (environment) => bare(environment).templates, isOwn: isSharedStack });

testWhatMatters(() =>
  ENVIRONMENT_NAMES.flatMap((environment) =>
    Object.values(bare(environment).templates).flatMap(({ Resources }) =>
      Object.entries(Resources ?? {}).map(([id, resource]) => ({ environment, id, ...resource })),
    ),
  ),
);

test('systems beside each other have the stacks that they have alone', () => {
  const { systems } = environmentConfig('prod');
  const names = Object.entries(systems).flatMap(([name, isOn]) =>
    isOn ? [name as keyof typeof systems] : [],
  );
  const { templates, violations } = synthesize('prod');

  expect(violations).toEqual([]);
  for (const name of names) {
    const alone = synthesize('prod', { systems: onlySystems([name]) }).templates;
    for (const stack of Object.keys(alone).filter((one) => !isSharedStack(one))) {
      expect({ stack, template: templates[stack] }).toEqual({ stack, template: alone[stack] });
    }
  }
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
