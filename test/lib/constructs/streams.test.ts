/** Streams, Kafka and the broker as templates: what is made, and who may do what. */
import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  BrokerConsumer,
  EventStream,
  KafkaCluster,
  KafkaConsumer,
  KafkaTopic,
  MessageBroker,
  StreamConsumer,
  SystemDashboard,
  topologyOf,
} from '../../../lib/constructs/index.ts';
import { subscribersOf, validateTopology } from '../../../lib/topology/index.ts';
import { streamingStack } from './streams-support.ts';
import {
  codesOf,
  ENTRY,
  OrderPlaced,
  propertiesOf,
  reference,
  statementsOf,
  StockReserved,
  testStack,
} from './support.ts';

const { stack, app } = streamingStack();
const template = Template.fromStack(stack);
const variablesOf = (prefix: string, of = template) =>
  (
    propertiesOf(of, 'AWS::Lambda::Function', prefix) as {
      Environment: { Variables: Record<string, unknown> };
    }
  ).Environment.Variables;
const actionsOf = (prefix: string) => statementsOf(template, prefix).flatMap(({ Action }) => Action);

describe('a stream', () => {
  test('is on demand, encrypted with KMS, and keeps the order of a partition key', () => {
    expect(propertiesOf(template, 'AWS::Kinesis::Stream', 'Activity')).toEqual({
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'USER_PARTITION_KEY',
      RetentionPeriodHours: 24,
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    });
  });

  test('its publisher may put records, and has a route per service', () => {
    expect(statementsOf(template, 'ShopRole')).toContainEqual({
      Effect: 'Allow',
      Action: 'kinesis:PutRecords',
      Resource: reference('Activity'),
    });
    expect(JSON.stringify(variablesOf('Shop')['WAYBILL_PUBLISH_ROUTES'])).toContain('StockReserved');
  });

  test('with a key of the customer, publisher and consumer may use it', () => {
    const own = testStack();
    const stream = new EventStream(own, 'Activity', {
      publishes: [OrderPlaced],
      encryptionKey: new Key(own, 'Key'),
    });
    const consumer = new StreamConsumer(own, 'Trends', { subscribesTo: stream.events(), entry: ENTRY });
    stream.grants.publish(consumer);
    const statements = statementsOf(Template.fromStack(own), 'TrendsHandlerRole');
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: reference('Key'),
    });
  });
});

describe('a stream consumer', () => {
  test('its retries end, its batches are halved, and what is given up goes to a queue', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Trends')).toEqual({
      FunctionName: { Ref: expect.stringMatching(/^TrendsHandlerFunction/) },
      EventSourceArn: reference('Activity'),
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      MaximumRetryAttempts: 5,
      MaximumRecordAgeInSeconds: 21_600,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: reference('TrendsDeadLetterQueue') } },
      ParallelizationFactor: 1,
      TumblingWindowInSeconds: 60,
    });
  });

  test('its role reads the stream and sends to the queue', () => {
    expect(actionsOf('TrendsHandlerRole')).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
      'sqs:SendMessage',
    ]);
  });

  test('takes a part of the events by a filter', () => {
    const own = testStack();
    const stream = new EventStream(own, 'Activity', { publishes: [OrderPlaced, StockReserved] });
    new StreamConsumer(own, 'Trends', { subscribesTo: stream.event(OrderPlaced), entry: ENTRY });
    expect(
      propertiesOf(Template.fromStack(own), 'AWS::Lambda::EventSourceMapping', 'Trends')['FilterCriteria'],
    ).toEqual({ Filters: [{ Pattern: '{"data":{"eventType":["OrderPlaced"]}}' }] });
  });

  test('refuses what cannot work, all at once', () => {
    const own = testStack();
    const stream = new EventStream(own, 'Activity', { publishes: [OrderPlaced] });
    expect(
      codesOf(
        () =>
          new StreamConsumer(own, 'Trends', {
            subscribesTo: stream.events(),
            entry: ENTRY,
            maximumRetryAttempts: -1,
            maximumRecordAge: Duration.days(1),
            parallelizationFactor: 11,
            tumblingWindow: Duration.minutes(16),
          }),
      ),
    ).toEqual([
      'WAYBILL_RETRIES_OUT_OF_RANGE',
      'WAYBILL_PARALLELIZATION_OUT_OF_RANGE',
      'WAYBILL_TUMBLING_WINDOW_OUT_OF_RANGE',
      'WAYBILL_RECORD_AGE_OUT_OF_RANGE',
    ]);
    expect(codesOf(() => new EventStream(own, 'None', { publishes: [] }))).toEqual([
      'WAYBILL_NOTHING_PUBLISHED',
    ]);
    expect(codesOf(() => new EventStream(own, 'Twice', { publishes: [OrderPlaced, OrderPlaced] }))).toEqual([
      'WAYBILL_DUPLICATE_EVENT',
    ]);
  });
});

describe('Kafka', () => {
  test('a serverless cluster takes IAM and nothing else', () => {
    expect(propertiesOf(template, 'AWS::MSK::ServerlessCluster', 'Kafka')).toMatchObject({
      ClientAuthentication: { Sasl: { Iam: { Enabled: true } } },
    });
  });

  test('Express brokers speak TLS among themselves and with clients, and log', () => {
    const express = Template.fromStack(streamingStack('express').stack);
    expect(propertiesOf(express, 'AWS::MSK::Cluster', 'Kafka')).toMatchObject({
      NumberOfBrokerNodes: 3,
      BrokerNodeGroupInfo: {
        InstanceType: 'express.m7g.large',
        ConnectivityInfo: { PublicAccess: { Type: 'DISABLED' } },
      },
      ClientAuthentication: { Sasl: { Iam: { Enabled: true } }, Unauthenticated: { Enabled: false } },
      EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
      LoggingInfo: { BrokerLogs: { CloudWatchLogs: { Enabled: true } } },
    });
    expect(
      Object.keys(express.findResources('AWS::CloudWatch::Alarm')).filter((id) =>
        id.startsWith('SinkDeadLetterTopicBroker'),
      ),
    ).toHaveLength(3);
  });

  test('the brokers let in clients and the pollers of mappings, by the port for IAM', () => {
    const rules = [
      ...Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')),
      ...Object.values(template.findResources('AWS::EC2::SecurityGroup')),
    ];
    expect(JSON.stringify(rules).match(/"FromPort":9098/g)).toHaveLength(2);
  });

  const topicNames = (of: Template, type: string) =>
    Object.values(of.findResources(type)).map(
      ({ Properties }: { Properties?: { TopicName?: string } }) => Properties?.TopicName,
    );

  test.each([
    ['serverless', 'Custom::KafkaTopic', 'AWS::MSK::Topic'],
    ['express', 'AWS::MSK::Topic', 'Custom::KafkaTopic'],
  ] as const)('the topics of a %s cluster are each a %s', (type, one, other) => {
    const of = Template.fromStack(streamingStack(type).stack);
    expect(topicNames(of, one)).toEqual([
      'analytics',
      'analytics.sink.retry-1',
      'analytics.sink.retry-2',
      'analytics.sink.dead-letters',
    ]);
    expect(topicNames(of, other)).toEqual([]);
    const functions = Object.keys(of.findResources('AWS::Lambda::Function'));
    expect(functions.filter((id) => id.startsWith('KafkaTopicFunction'))).toHaveLength(
      type === 'serverless' ? 1 : 0,
    );
  });

  test('a topic of a serverless cluster is made by the function of the cluster, once its policy is there', () => {
    const topic = Object.entries(template.findResources('Custom::KafkaTopic')).find(([id]) =>
      id.startsWith('SinkRetryTopic1'),
    )?.[1] as { Properties: Record<string, unknown>; DependsOn: string[] };
    expect(topic.Properties).toEqual({
      ServiceToken: reference('KafkaTopicFunction'),
      ServiceTimeout: 360,
      ClusterArn: reference('Kafka'),
      TopicName: 'analytics.sink.retry-1',
      PartitionCount: 6,
    });
    expect(topic.DependsOn).toContainEqual(expect.stringMatching(/^KafkaTopicFunctionRoleDefaultPolicy/));
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'KafkaTopicFunction')).toMatchObject({
      Timeout: 300,
      VpcConfig: {
        SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^KafkaClients/), 'GroupId'] }],
      },
    });
  });

  test('that function may make exactly these topics, and remove none', () => {
    const statements = statementsOf(template, 'KafkaTopicFunctionRole').filter(({ Action }) =>
      JSON.stringify(Action).includes('kafka'),
    );
    expect(new Set(statements.flatMap(({ Action }) => Action))).toEqual(
      new Set([
        'kafka:GetBootstrapBrokers',
        'kafka-cluster:Connect',
        'kafka-cluster:AlterTopic',
        'kafka-cluster:AlterTopicDynamicConfiguration',
        'kafka-cluster:CreateTopic',
        'kafka-cluster:DescribeTopic',
        'kafka-cluster:DescribeTopicDynamicConfiguration',
      ]),
    );
    const topics = JSON.stringify(
      statements.filter(({ Action }) => [Action].flat().includes('kafka-cluster:CreateTopic')),
    );
    for (const name of ['', '.sink.retry-1', '.sink.retry-2', '.sink.dead-letters']) {
      expect(topics).toContain(`/analytics${name}"`);
    }
    expect(topics).not.toContain('*');
  });

  test.each([
    ['serverless', { replicationFactor: 2 }],
    ['express', { replicationFactor: 2 }],
    ['serverless', { configs: { 'segment.bytes': '1000000' } }],
    ['serverless', { configs: { 'max.message.bytes': '8388609' } }],
  ] as const)('a %s cluster takes no topic with %j', (type, props) => {
    const own = testStack();
    const vpc = new Vpc(own, 'Vpc', { maxAzs: 3, restrictDefaultSecurityGroup: false });
    const cluster = new KafkaCluster(own, 'Kafka', { vpc, type });
    expect(
      codesOf(() => new KafkaTopic(own, 'Analytics', { cluster, publishes: [OrderPlaced], ...props })),
    ).toEqual(['WAYBILL_KAFKA_TOPIC_SETTING_UNSUPPORTED']);
  });

  test.each([
    ['express', { configs: { 'segment.bytes': '1000000' } }],
    ['serverless', { configs: { 'max.message.bytes': '8388608', 'cleanup.policy': 'compact' } }],
  ] as const)('a %s cluster takes a topic with %j', (type, props) => {
    const own = testStack();
    const vpc = new Vpc(own, 'Vpc', { maxAzs: 3, restrictDefaultSecurityGroup: false });
    const cluster = new KafkaCluster(own, 'Kafka', { vpc, type });
    expect(
      codesOf(() => new KafkaTopic(own, 'Analytics', { cluster, publishes: [OrderPlaced], ...props })),
    ).toEqual([]);
  });

  test('a consumer has retry topics, a dead-letter topic and mappings whose retries end', () => {
    const mapping = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'SinkMapping');
    expect(mapping).toMatchObject({
      Topics: ['analytics'],
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'sink' },
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: 5,
      ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 6, PollerGroupName: 'sink' },
      DestinationConfig: { OnFailure: { Destination: reference('SinkDeadLetterQueue') } },
    });
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'SinkRetryMapping2')).toMatchObject({
      Topics: ['analytics.sink.retry-2'],
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'sink-retry-2' },
    });
  });

  test('the settings of a topic are the Base64 of JSON', () => {
    const { Configs } = propertiesOf(template, 'Custom::KafkaTopic', 'SinkDeadLetterTopic') as {
      Configs: string;
    };
    expect(JSON.parse(Buffer.from(Configs, 'base64').toString())).toEqual({ 'retention.ms': '1209600000' });
  });

  test('its role reads these topics in these groups, and writes to its own', () => {
    const statements = statementsOf(template, 'SinkHandlerRole');
    const on = (action: string) =>
      JSON.stringify(statements.filter(({ Action }) => [Action].flat().includes(action)));
    expect(on('kafka-cluster:ReadData')).toMatch(/Analytics.*SinkRetryTopic1.*SinkRetryTopic2/);
    expect(on('kafka-cluster:ReadData')).not.toContain('SinkDeadLetterTopic');
    expect(on('kafka-cluster:WriteData')).not.toContain('"AnalyticsTopic');
    expect(on('kafka-cluster:AlterGroup')).toContain('/sink-retry-2');
    expect(JSON.stringify(statements)).not.toContain('kafka-cluster:*');
  });

  test('a runtime is told its retry topics with their delays', () => {
    const { WAYBILL_KAFKA_RETRY_TOPICS: retries, WAYBILL_KAFKA_DEAD_LETTER_TOPIC: dead } =
      variablesOf('SinkHandler');
    expect(JSON.stringify(retries)).toContain('delaySeconds\\":600');
    expect(dead).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^SinkDeadLetterTopic/), 'TopicArn'] });
  });

  test('refuses what cannot work', () => {
    const own = testStack();
    const vpc = new Vpc(own, 'Vpc', { restrictDefaultSecurityGroup: false });
    const cluster = new KafkaCluster(own, 'Kafka', { vpc });
    const topic = new KafkaTopic(own, 'Analytics', { cluster, publishes: [OrderPlaced] });
    expect(codesOf(() => new KafkaCluster(own, 'A', { vpc, kafkaVersion: '3.9.x' }))).toEqual([
      'WAYBILL_KAFKA_BROKERS_UNSUPPORTED',
    ]);
    expect(
      codesOf(() => new KafkaCluster(own, 'B', { vpc, type: 'express', numberOfBrokerNodes: 4 })),
    ).toEqual(['WAYBILL_KAFKA_BROKERS_UNSUPPORTED']);
    expect(
      codesOf(
        () =>
          new KafkaTopic(own, 'C', {
            cluster,
            publishes: [OrderPlaced],
            topicName: 'a b',
            partitionCount: 0,
          }),
      ),
    ).toEqual(['WAYBILL_PARTITIONS_OUT_OF_RANGE', 'WAYBILL_KAFKA_TOPIC_NAME_INVALID']);
    expect(
      codesOf(
        () =>
          new KafkaConsumer(own, 'D', {
            subscribesTo: topic.events(),
            entry: ENTRY,
            minimumPollers: 7,
            retryDelays: [Duration.hours(2)],
          }),
      ),
    ).toEqual(['WAYBILL_POLLERS_OUT_OF_RANGE', 'WAYBILL_RETRIES_OUT_OF_RANGE']);
  });
});

describe('a broker', () => {
  test('is RabbitMQ 4 on mq.m7g, private, logged, patched on Sundays', () => {
    expect(propertiesOf(template, 'AWS::AmazonMQ::Broker', 'Legacy')).toMatchObject({
      EngineType: 'RABBITMQ',
      EngineVersion: '4.2',
      HostInstanceType: 'mq.m7g.medium',
      DeploymentMode: 'SINGLE_INSTANCE',
      PubliclyAccessible: false,
      AutoMinorVersionUpgrade: true,
      Logs: { General: true },
      MaintenanceWindowStartTime: { DayOfWeek: 'SUNDAY', TimeOfDay: '03:00', TimeZone: 'UTC' },
      SubnetIds: [expect.anything()],
    });
  });

  test('its user is in a secret, not in the template', () => {
    const { Users } = propertiesOf(template, 'AWS::AmazonMQ::Broker', 'Legacy') as {
      Users: { Username: string; Password: unknown }[];
    };
    expect(JSON.stringify(Users[0]?.Password)).toContain('{{resolve:secretsmanager:');
  });

  test('its password is changed every month, by who may do that and nothing else', () => {
    expect(propertiesOf(template, 'AWS::SecretsManager::RotationSchedule', 'Legacy')).toMatchObject({
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediatelyOnUpdate: false,
    });
    expect(propertiesOf(template, 'AWS::Lambda::Permission', 'BrokerRotation')).toMatchObject({
      Principal: 'secretsmanager.amazonaws.com',
      SourceArn: { Ref: expect.stringMatching(/^LegacyUser/) },
    });
    expect(actionsOf('BrokerRotationRole').filter((action) => action.startsWith('secretsmanager:'))).toEqual([
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
    ]);
  });

  test('a consumer signs in with it, and is told of queue and dead letters', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Inbound')).toMatchObject({
      Queues: ['stock-counts'],
      EventSourceArn: reference('Legacy'),
      SourceAccessConfigurations: [
        { Type: 'BASIC_AUTH', URI: { Ref: expect.stringMatching(/^LegacyUser/) } },
        { Type: 'VIRTUAL_HOST', URI: '/' },
      ],
    });
    expect(variablesOf('InboundHandler')).toMatchObject({
      WAYBILL_CONSUMER: 'inbound',
      WAYBILL_BROKER_DELIVERY_LIMIT: '5',
      WAYBILL_BROKER_ENDPOINT: {
        'Fn::Select': [0, { 'Fn::GetAtt': [expect.stringMatching(/^Legacy/), 'AmqpEndpoints'] }],
      },
    });
    expect(actionsOf('InboundHandlerRole')).toEqual(expect.arrayContaining(['mq:DescribeBroker']));
  });

  test('a cluster has three nodes in three zones', () => {
    const own = testStack();
    const vpc = new Vpc(own, 'Vpc', { maxAzs: 3, natGateways: 0, restrictDefaultSecurityGroup: false });
    new MessageBroker(own, 'Legacy', {
      vpc,
      vpcSubnets: { subnets: vpc.isolatedSubnets },
      deploymentMode: 'CLUSTER_MULTI_AZ',
    });
    expect(propertiesOf(Template.fromStack(own), 'AWS::AmazonMQ::Broker', 'Legacy')).toMatchObject({
      DeploymentMode: 'CLUSTER_MULTI_AZ',
      HostInstanceType: 'mq.m7g.large',
      SubnetIds: vpc.isolatedSubnets.map(() => expect.anything()),
    });
  });

  test('refuses what cannot work', () => {
    const own = testStack();
    const vpc = new Vpc(own, 'Vpc', { restrictDefaultSecurityGroup: false });
    expect(codesOf(() => new MessageBroker(own, 'A', { vpc, hostInstanceType: 'mq.m5.large' }))).toEqual([
      'WAYBILL_BROKER_INSTANCE_UNSUPPORTED',
    ]);
    const broker = new MessageBroker(own, 'Legacy', { vpc });
    expect(
      codesOf(
        () => new BrokerConsumer(own, 'B', { broker, queueName: 'amq.x', deliveryLimit: 0, entry: ENTRY }),
      ),
    ).toEqual(['WAYBILL_BROKER_QUEUE_NAME_INVALID', 'WAYBILL_RETRIES_OUT_OF_RANGE']);
  });
});

describe('the topology', () => {
  const topology = topologyOf(app);

  test('is one that a reader takes', () => {
    expect(() => validateTopology(JSON.parse(JSON.stringify(topology)), 'here')).not.toThrow();
  });

  test('an event reaches the readers of its stream and topic once, and no retry topic', () => {
    expect(
      subscribersOf(topology, 'OrderPlaced').map(({ consumer, queue }) => [consumer, queue.name]),
    ).toEqual([
      ['trends', 'Activity'],
      ['sink', 'analytics'],
    ]);
    expect(subscribersOf(topology, 'StockReserved').map(({ consumer }) => consumer)).toEqual(['trends']);
  });

  test('says where what fails goes', () => {
    const hops = topology.edges.flatMap((edge) =>
      edge.kind === 'deadLetters' ? [[edge.hop, edge.from, edge.to, edge.attempts]] : [],
    );
    expect(hops).toEqual(
      expect.arrayContaining([
        ['mapping', 'Test/Trends/Mapping', 'Test/Trends/DeadLetterQueue', 6],
        ['mapping', 'Test/Sink/Mapping', 'Test/Sink/DeadLetterQueue', 6],
        ['function', 'Test/Sink/Handler', 'Test/Sink/DeadLetterTopic', 3],
        ['function', 'Test/Inbound/Handler', 'Test/Inbound/DeadLetterQueue', null],
      ]),
    );
  });
});

describe('the dashboard', () => {
  test('has the sources, and a row for each reader', () => {
    const shown = streamingStack('express');
    new SystemDashboard(shown.stack, 'Dashboard', { system: 'shop' });
    const body = JSON.stringify(
      propertiesOf(Template.fromStack(shown.stack), 'AWS::CloudWatch::Dashboard', 'Dashboard'),
    );
    for (const title of [
      'Activity: stream',
      'Kafka: Kafka',
      'Legacy: broker',
      'trends: behind the stream (ms)',
      'sink: records that wait',
      'inbound: function',
      'inbound: dead letters',
    ]) {
      expect(body).toContain(title);
    }
    expect(body).toContain('broker 3 CPU');
    expect(body).not.toContain('functions: invocations (2)');
  });
});
