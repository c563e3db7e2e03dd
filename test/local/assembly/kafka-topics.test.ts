/** Kafka topics of both types of cluster, from constructs into the embedded AWS: made, changed, left behind. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { deployAssembly } from '../../../local/assembly/index.ts';
import { rootCaller } from '../../../local/aws/index.ts';
import { topicAdmin } from '../../../local/kafka/client/topics.ts';
import { KafkaCluster, KafkaTopic } from '../../../lib/constructs/index.ts';
import type { KafkaClusterType } from '../../../lib/constructs/index.ts';
import { OrderPlaced, testApp } from '../../lib/constructs/support.ts';
import { awsUnderTest } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

const open: AwsUnderTest[] = [];
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

interface Settings {
  readonly partitions: number;
  readonly retention: Duration;
  readonly second?: boolean;
}

async function synthesize(
  { directories }: AwsUnderTest,
  type: KafkaClusterType,
  { partitions, retention, second = true }: Settings,
): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'waybill-kafka-topics-'));
  directories.push(outdir);
  const app = testApp({ 'aws:cdk:bundling-stacks': ['**'] });
  const stack = new Stack(app, 'Streams');
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 3, natGateways: 0, restrictDefaultSecurityGroup: false });
  const cluster = new KafkaCluster(stack, 'Kafka', {
    type,
    vpc,
    vpcSubnets: { subnets: vpc.isolatedSubnets },
    removalPolicy: RemovalPolicy.DESTROY,
    alarms: 'none',
  });
  new KafkaTopic(stack, 'Activity', {
    cluster,
    publishes: [OrderPlaced],
    partitionCount: partitions,
    retentionPeriod: retention,
  });
  if (second) new KafkaTopic(stack, 'Orders', { cluster, publishes: [OrderPlaced] });
  return app.synth({ validateOnSynthesis: false, force: true }).directory;
}

test.each([
  ['serverless', 'kept'],
  ['express', 'deleted'],
] as const)('topics of a %s cluster; one that leaves the stack is %s', async (type, left) => {
  const under = await awsUnderTest({ port: 0 });
  open.push(under);
  const { context, services } = under.aws;
  const deploy = async (settings: Settings) => {
    const deployed = await deployAssembly({
      assemblyDirectory: await synthesize(under, type, settings),
      aws: context,
    });
    expect(deployed.notRun).toEqual([]);
  };
  await deploy({ partitions: 2, retention: Duration.days(1) });
  const { clusterInfoList } = (await services.kafka.handle('ListClustersV2', {}, rootCaller(context))) as {
    clusterInfoList: { clusterArn: string }[];
  };
  const admin = topicAdmin((await services.kafka.broker(clusterInfoList[0]!.clusterArn)).bootstrapServers);
  const topics = async () =>
    Object.fromEntries((await admin.list()).map(({ name, partitions }) => [name, partitions.length]));
  expect(await topics()).toEqual({ activity: 2, orders: 6 });
  expect(await admin.configs('activity')).toEqual({ 'retention.ms': '86400000' });

  await deploy({ partitions: 4, retention: Duration.days(2), second: false });
  expect(await topics()).toEqual(left === 'kept' ? { activity: 4, orders: 6 } : { activity: 4 });
  expect(await admin.configs('activity')).toEqual({ 'retention.ms': '172800000' });
});

test('a deployment that asks for fewer partitions fails with the topic, what is, and what to do', async () => {
  const under = await awsUnderTest({ port: 0 });
  open.push(under);
  const deploy = async (partitions: number) =>
    deployAssembly({
      assemblyDirectory: await synthesize(under, 'serverless', { partitions, retention: Duration.days(1) }),
      aws: under.aws.context,
    });
  await deploy(4);
  await expect(deploy(2)).rejects.toMatchObject({
    code: 'WAYBILL_CUSTOM_RESOURCE_FAILED',
    message: expect.stringMatching(
      /Kafka topic activity: it has 4 partitions.*set partitionCount to 4 or more/,
    ),
  });
});
