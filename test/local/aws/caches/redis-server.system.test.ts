/** The construct RedisServer in the embedded AWS: what its clients are told leads them in, whatever service it is of. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { redisConnection } from '../../../../lambda/runtime/redis/connection.ts';
import { AlertTopic, RedisServer } from '../../../../lib/constructs/index.ts';
import type { RedisServerProps } from '../../../../lib/constructs/index.ts';
import { rootCaller } from '../../../../local/aws/context.ts';
import { callService } from '../../../../local/aws/index.ts';
import { deployAssembly } from '../../../../local/assembly/index.ts';
import { describeOnEachRedis } from '../../../support/redis.ts';
import { awsUnderTest } from '../../assembly/assembly-under-test.ts';
import type { AwsUnderTest } from '../../assembly/assembly-under-test.ts';

describeOnEachRedis('RedisServer', (redis) => {
  let it: AwsUnderTest;

  beforeEach(async () => {
    it = await awsUnderTest({ startRedis: ({ cluster, settings }) => redis.start({ cluster, settings }) });
  });
  afterEach(() => it.close());

  const call = (service: 'secretsmanager' | 'ssm', action: string, input: Record<string, unknown>) =>
    callService(it.aws.context, it.aws.services[service], action, input, rootCaller(it.aws.context));

  async function deploy(props: Pick<RedisServerProps, 'service' | 'nodeType' | 'shards'>) {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-synth-'));
    it.directories.push(directory);
    const app = new App({
      outdir: join(directory, 'cdk.out'),
      analyticsReporting: false,
      builtinCloudFormationValidation: false,
    });
    const stack = new Stack(app, 'Test', { env: { account: '000000000000', region: 'us-east-1' } });
    new AlertTopic(stack, 'Alerts');
    const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const server = new RedisServer(stack, 'Redis', {
      ...props,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      clientSecurityGroup: new SecurityGroup(stack, 'Clients', { vpc }),
    });
    new StringParameter(stack, 'Url', { parameterName: '/url', stringValue: server.url });
    const { find, notRun, ignoredProperties } = await deployAssembly({
      assemblyDirectory: app.synth().directory,
      aws: it.aws.context,
    });
    expect([notRun, ignoredProperties]).toEqual([[], []]);
    const [secret] = find('AWS::SecretsManager::Secret');
    const SecretId = secret!.physicalId;
    const { SecretString } = (await call('secretsmanager', 'GetSecretValue', { SecretId })) as {
      SecretString: string;
    };
    const { Parameter } = (await call('ssm', 'GetParameter', { Name: '/url' })) as {
      Parameter: { Value: string };
    };
    const credentials = JSON.parse(SecretString) as { username: string; password: string };
    return { url: Parameter.Value, cluster: server.clustered, credentials: async () => credentials };
  }

  test.each([
    ['elasticache', 'cache.t4g.micro', 1],
    ['elasticache', 'cache.t4g.micro', 2],
    ['elasticache-durable', 'cache.r7g.large', 1],
    ['memorydb', 'db.t4g.small', 2],
  ] as const)('%s, %s, %s shards', async (service, nodeType, shards) => {
    const connection = redisConnection(await deploy({ service, nodeType, shards }));
    try {
      const key = 'waybill:{a}';
      expect(await connection.command(key, 'XADD', key, '*', 'body', '1')).toMatch(/^\d+-0$/);
      await expect(connection.command('other', 'XADD', 'other', '*', 'body', '1')).rejects.toThrow('NOPERM');
    } finally {
      connection.close();
    }
  });
});
