/** AWS::MSK::* from a template into the embedded AWS, with a function that reads the topic. */
import { afterEach, expect, test } from '@jest/globals';
import { Producer, stringSerializers } from '@platformatic/kafka';

import { rootCaller } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy, type AwsUnderTest } from './assembly-under-test.ts';

const open: AwsUnderTest[] = [];
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

const ROLE = 'arn:aws:iam::000000000000:role/reader';

function template({ partitions = 2, retention = '60000' } = {}): object {
  return {
    Resources: {
      Cluster: {
        Type: 'AWS::MSK::Cluster',
        Properties: {
          ClusterName: 'analytics',
          KafkaVersion: '3.9.x',
          NumberOfBrokerNodes: 3,
          BrokerNodeGroupInfo: { InstanceType: 'express.m7g.large', ClientSubnets: ['subnet-1'] },
          ConfigurationInfo: { Arn: { Ref: 'Configuration' }, Revision: 1 },
          Tags: { team: 'data' },
        },
      },
      Serverless: {
        Type: 'AWS::MSK::ServerlessCluster',
        Properties: {
          ClusterName: 'small',
          VpcConfigs: [{ SubnetIds: ['subnet-1'] }],
          ClientAuthentication: { Sasl: { Iam: { Enabled: true } } },
        },
      },
      Configuration: {
        Type: 'AWS::MSK::Configuration',
        Properties: { Name: 'c', ServerProperties: 'auto.create.topics.enable=false' },
      },
      Policy: {
        Type: 'AWS::MSK::ClusterPolicy',
        Properties: { ClusterArn: { Ref: 'Cluster' }, Policy: { Version: '2012-10-17', Statement: [] } },
      },
      Topic: {
        Type: 'AWS::MSK::Topic',
        Properties: {
          ClusterArn: { 'Fn::GetAtt': ['Cluster', 'Arn'] },
          TopicName: 'events',
          PartitionCount: partitions,
          ReplicationFactor: 3,
          Configs: Buffer.from(JSON.stringify({ 'retention.ms': retention })).toString('base64'),
        },
      },
      Reader: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'reader',
          Handler: 'index.handler',
          Timeout: 60,
          Runtime: 'nodejs24.x',
          Role: ROLE,
          Code: {
            ZipFile: `exports.handler = async ({ records }) => {
              for (const { value } of Object.values(records).flat()) console.log(Buffer.from(value, 'base64').toString());
            };`,
          },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        DependsOn: 'Topic',
        Properties: {
          FunctionName: { Ref: 'Reader' },
          EventSourceArn: { Ref: 'Cluster' },
          Topics: ['events'],
          StartingPosition: 'TRIM_HORIZON',
          AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'sink' },
          ProvisionedPollerConfig: { MinimumPollers: '1', MaximumPollers: '2', PollerGroupName: 'sink' },
        },
      },
    },
    Outputs: {
      ClusterArn: { Value: { Ref: 'Cluster' } },
      TopicArn: { Value: { Ref: 'Topic' } },
      TopicAttribute: { Value: { 'Fn::GetAtt': ['Topic', 'TopicArn'] } },
      ServerlessArn: { Value: { 'Fn::GetAtt': ['Serverless', 'Arn'] } },
    },
  };
}

test('a stack with a cluster, a topic and who reads it deploys, runs, and changes in place', async () => {
  const under = await awsUnderTest();
  open.push(under);
  const { services, context } = under.aws;
  const lines: string[] = [];
  under.lambda.observeLogs(({ stream, text }) => {
    if (stream === 'stdout') lines.push(text);
  });

  const deployed = await deploy(under, { Streams: { template: template() } });
  expect(deployed.notRun).toEqual([]);
  expect(deployed.ignoredProperties).toEqual([]);
  const ask = (action: string, input: Record<string, unknown>) =>
    services.kafka.handle(action, input, rootCaller(context)) as Promise<Record<string, unknown>>;
  const clusters = (await ask('ListClustersV2', {}))['clusterInfoList'] as Record<string, unknown>[];
  expect(new Set(clusters.map(({ clusterName }) => clusterName))).toEqual(new Set(['analytics', 'small']));
  const cluster = clusters.find(({ clusterName }) => clusterName === 'analytics');
  const clusterArn = String(cluster?.['clusterArn']);
  expect(cluster).toMatchObject({
    tags: { team: 'data' },
    provisioned: { numberOfBrokerNodes: 3, brokerNodeGroupInfo: { instanceType: 'express.m7g.large' } },
  });

  const { bootstrapServers } = await services.kafka.broker(clusterArn);
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [bootstrapServers],
    serializers: stringSerializers,
  });
  await producer.send({ acks: -1, messages: [{ topic: 'events', key: 'k', value: 'hello' }] });
  await producer.close();
  const end = Date.now() + 60_000;
  while (!lines.includes('hello')) {
    if (Date.now() > end) throw new Error('the record did not reach the function');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  await deploy(under, { Streams: { template: template({ partitions: 4, retention: '90000' }) } });
  const topic = await ask('DescribeTopic', { clusterArn, topicName: 'events' });
  expect(topic).toMatchObject({ partitionCount: 4 });
  expect(Buffer.from(String(topic['configs']), 'base64').toString()).toBe('{"retention.ms":"90000"}');
});
