import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { describe, expect, test } from '@jest/globals';
import { EventProcess, RedisServer, ValidationError } from '../../../lib/constructs/index.ts';
import type { EventProcessProps, RedisServerProps } from '../../../lib/constructs/index.ts';
import { ENTRY, testStack } from './support.ts';

type Given = Partial<EventProcessProps>;

function processIn(stack: Stack, given: Given = {}): EventProcess {
  const vpc = new Vpc(stack, 'Vpc');
  return new EventProcess(stack, 'Worker', {
    entry: ENTRY,
    cluster: new Cluster(stack, 'Cluster', { vpc }),
    vpc,
    ...given,
  });
}

function codesOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof ValidationError) return error.codes;
    throw error;
  }
  return [];
}

describe('EventProcess', () => {
  test('ECS waits for longer than the process may drain', () => {
    const stack = testStack();
    processIn(stack, { drainTimeout: Duration.seconds(45) });

    Template.fromStack(stack).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          StopTimeout: 75,
          ReadonlyRootFilesystem: true,
          Environment: Match.arrayWith([{ Name: 'WAYBILL_DRAIN_SECONDS', Value: '45' }]),
        }),
      ],
    });
  });

  test.each([
    [{ desiredCount: 0 }, ['WAYBILL_DESIRED_COUNT_OUT_OF_RANGE']],
    [{ drainTimeout: Duration.seconds(91) }, ['WAYBILL_DRAIN_TIMEOUT_OUT_OF_RANGE']],
    [{ desiredCount: 1.5 }, ['WAYBILL_DESIRED_COUNT_OUT_OF_RANGE']],
    [{ desiredCount: 3, drainTimeout: Duration.seconds(90) }, []],
  ] as const)('%p', (given, codes) => {
    expect(codesOf(() => processIn(testStack(), given))).toEqual(codes);
  });

  test('its image is a bundle with a Dockerfile: no Docker at synth, and it does not run as root', () => {
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'Bundled');
    processIn(stack, { alarms: 'none' });
    const { directory } = app.synth();
    const assets = JSON.parse(readFileSync(join(directory, 'Bundled.assets.json'), 'utf8')) as {
      dockerImages: Readonly<Record<string, { source: { directory: string } }>>;
    };
    const image = join(directory, Object.values(assets.dockerImages)[0]?.source.directory ?? '');

    expect(existsSync(join(image, 'index.cjs'))).toBe(true);
    const bundle = readFileSync(join(image, 'index.cjs'), 'utf8');
    expect(bundle).toContain('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
    expect(readFileSync(join(image, 'Dockerfile'), 'utf8')).toMatch(/USER node\nCMD \["node", "index.cjs"\]/);
  });
});

describe('RedisServer', () => {
  const serverIn = (
    stack: Stack,
    given: Pick<RedisServerProps, 'service' | 'nodeType'> & Partial<RedisServerProps>,
  ) => {
    const vpc = new Vpc(stack, 'Vpc');
    return new RedisServer(stack, 'Redis', {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      clientSecurityGroup: new SecurityGroup(stack, 'Clients', { vpc }),
      ...given,
    });
  };

  test.each([
    ['memorydb', 'cache.r7g.large', {}, true],
    ['elasticache', 'db.r7g.large', {}, true],
    ['elasticache-durable', 'cache.t4g.micro', {}, true],
    ['elasticache-durable', 'cache.r7g.large', { replicas: 0 }, true],
    ['elasticache-durable', 'cache.r7g.large', {}, false],
    ['memorydb', 'db.t4g.small', { replicas: 0, shards: 3 }, false],
    ['elasticache', 'cache.t4g.micro', { replicas: 0 }, false],
  ] as const)('%s on %s %p', (service, nodeType, more, isRefused) => {
    expect(codesOf(() => serverIn(testStack(), { service, nodeType, ...more }))).toEqual(
      isRefused ? ['WAYBILL_REDIS_SETTING_UNSUPPORTED'] : [],
    );
  });

  test('synchronous writes: durable, in cluster mode, with Valkey 9', () => {
    const stack = testStack();
    const { clustered } = serverIn(stack, { service: 'elasticache-durable', nodeType: 'cache.r7g.large' });

    expect(clustered).toBe(true);
    Template.fromStack(stack).hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      Durability: 'sync',
      EngineVersion: '9.0',
      MultiAZEnabled: true,
      NumNodeGroups: 1,
      ReplicasPerNodeGroup: 1,
    });
  });

  test('the user may not throw everything away', () => {
    const stack = testStack();
    serverIn(stack, { service: 'memorydb', nodeType: 'db.t4g.small' });
    const [user] = Object.values(Template.fromStack(stack).findResources('AWS::MemoryDB::User'));
    const access = (user as { Properties: { AccessString: string } }).Properties.AccessString;

    expect(access).toMatch(/^on ~waybill:\* resetchannels -@all /);
    expect(access).not.toMatch(/flush|config|keys|dangerous/i);
  });
});
