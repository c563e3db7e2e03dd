import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { App, CfnOutput, Duration, NestedStack, Stack } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Archive, EventBus, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';

import { deployAssembly } from '../../../local/assembly/index.ts';
import type { DatabaseRequest } from '../../../local/assembly/index.ts';
import { manualClock } from '../../../local/aws/index.ts';
import { until } from '../../support/waiting.ts';
import { awsUnderTest } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

const ENVIRONMENT = { account: '000000000000', region: 'us-east-1' };
/** Milliseconds of the queues' time. */
const STEP = 200;
let clock: ReturnType<typeof manualClock>;
let it: AwsUnderTest;
let directory: string;
let app: App;

beforeEach(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  clock = manualClock();
  it = await awsUnderTest({ clock });
  directory = await mkdtemp(join(tmpdir(), 'waybill-synth-'));
  it.directories.push(directory);
  app = new App({
    outdir: join(directory, 'cdk.out'),
    analyticsReporting: false,
    context: { '@aws-cdk/core:defaultCrossStackReferences': 'weak' },
  });
});
afterEach(() => it.close());

async function codeAsset(name: string, source: string): Promise<Code> {
  const path = join(directory, name);
  await mkdir(path);
  await writeFile(join(path, 'index.mjs'), source);
  return Code.fromAsset(path);
}

test('a synthesized app runs: topic, filter, queue, function, partial failures, dead-letter queue', async () => {
  const messaging = new Stack(app, 'Messaging', { env: ENVIRONMENT });
  const key = new Key(messaging, 'Key');
  const deadLetterQueue = new Queue(messaging, 'DeadLetters', { retentionPeriod: Duration.days(14) });
  const queue = new Queue(messaging, 'Queue', {
    visibilityTimeout: Duration.seconds(1),
    encryption: QueueEncryption.KMS,
    encryptionMasterKey: key,
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 2 },
  });
  const topic = new Topic(messaging, 'Topic');
  topic.addSubscription(
    new SqsSubscription(queue, {
      rawMessageDelivery: true,
      filterPolicy: { eventType: SubscriptionFilter.stringFilter({ allowlist: ['OrderPlaced'] }) },
    }),
  );
  const compute = new Stack(app, 'Compute', { env: ENVIRONMENT });
  const worker = new Function(compute, 'Worker', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout: Duration.seconds(1),
    environment: { TOPIC_ARN: topic.topicArn },
    code: await codeAsset(
      'worker',
      `export const handler = async ({ Records }) => {
         for (const { body } of Records) console.log(body, process.env.TOPIC_ARN);
         return { batchItemFailures: Records.filter(({ body }) => body === 'poison').map(({ messageId }) => ({ itemIdentifier: messageId })) };
       };`,
    ),
  });
  worker.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true, maxConcurrency: 2 }));
  const lines: string[] = [];
  it.lambda.observeLogs(({ text }) => lines.push(text));

  const { notRun, ignoredProperties, find } = await deployAssembly({
    assemblyDirectory: app.synth().directory,
    aws: it.aws.context,
  });
  const topicArn = find('AWS::SNS::Topic')[0]?.physicalId ?? '';
  const caller = { accountId: ENVIRONMENT.account, arn: 'test' };
  for (const [Message, eventType] of [
    ['good', 'OrderPlaced'],
    ['poison', 'OrderPlaced'],
    ['unwanted', 'OrderCancelled'],
  ]) {
    const MessageAttributes = { eventType: { DataType: 'String', StringValue: eventType } };
    await it.aws.services.sns.handle('Publish', { TopicArn: topicArn, Message, MessageAttributes }, caller);
  }
  const { sqs } = it.aws.services;
  const deadLetterArn = sqs.queueArns().find((arn) => arn.includes('DeadLetters')) ?? '';
  // Time passes while no function runs: no machine is so slow that a message comes back too early.
  await until(async () => {
    if (sqs.counts(deadLetterArn).visible === 1) return true;
    if (it.lambda.busy() === 0) await clock.advance(STEP);
    return false;
  });

  expect(lines.toSorted()).toEqual([`good ${topicArn}`, `poison ${topicArn}`, `poison ${topicArn}`]);
  expect(sqs.messages(deadLetterArn)[0]?.body).toBe('poison');
  expect({ notRun, ignoredProperties }).toEqual({ notRun: [], ignoredProperties: [] });
});

test('a bus routes to a queue and is archived; a schedule starts a function', async () => {
  const stack = new Stack(app, 'Events', { env: ENVIRONMENT });
  const bus = new EventBus(stack, 'Bus', { eventBusName: 'core' });
  const target = new Queue(stack, 'Target', { queueName: 'target' });
  const undelivered = new Queue(stack, 'Undelivered', { queueName: 'undelivered' });
  new Rule(stack, 'Orders', {
    eventBus: bus,
    eventPattern: { source: ['core-api'], detailType: ['OrderPlaced'] },
    targets: [
      new SqsQueue(target, {
        message: RuleTargetInput.fromEventPath('$.detail'),
        deadLetterQueue: undelivered,
      }),
    ],
  });
  new Archive(stack, 'Archive', {
    sourceEventBus: bus,
    eventPattern: { source: ['core-api'] },
    retention: Duration.days(7),
  });
  const ticker = new Function(stack, 'Ticker', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: await codeAsset('ticker', 'export const handler = async (event) => console.log(event.kind);'),
  });
  new CfnScheduleGroup(stack, 'Group', { name: 'jobs' });
  new CfnSchedule(stack, 'Tick', {
    groupName: 'jobs',
    flexibleTimeWindow: { mode: 'OFF' },
    scheduleExpression: 'rate(2 minutes)',
    target: {
      arn: ticker.functionArn,
      roleArn: 'arn:aws:iam::000000000000:role/scheduler',
      input: '{"kind":"tick"}',
    },
  }).addResourceDependency(stack.node.findChild('Group') as CfnScheduleGroup);
  new Rule(stack, 'Nightly', {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaFunction(ticker, { event: RuleTargetInput.fromObject({ kind: 'rule' }) })],
  });
  const lines: string[] = [];
  it.lambda.observeLogs(({ text }) => lines.push(text));

  const { notRun, ignoredProperties } = await deployAssembly({
    assemblyDirectory: app.synth().directory,
    aws: it.aws.context,
  });
  const Entries = ['OrderPlaced', 'OrderCancelled'].map((DetailType) => ({
    EventBusName: 'core',
    Source: 'core-api',
    DetailType,
    Detail: '{"orderId":"1"}',
  }));
  await it.aws.services.events.handle(
    'PutEvents',
    { Entries },
    { accountId: ENVIRONMENT.account, arn: 'test' },
  );
  await clock.advance(61_000);
  await until(() => lines.length === 2);

  const { sqs } = it.aws.services;
  const targetArn = sqs.queueArns().find((arn) => arn.endsWith(':target')) ?? '';
  expect(sqs.messages(targetArn).map(({ body }) => JSON.parse(body) as unknown)).toEqual([{ orderId: '1' }]);
  expect(lines.toSorted()).toEqual(['rule', 'tick']);
  expect({ notRun, ignoredProperties }).toEqual({ notRun: [], ignoredProperties: [] });
});

test('a nested stack is deployed with what its parent hands to it', async () => {
  const parent = new Stack(app, 'Parent', { env: ENVIRONMENT });
  const shared = new Queue(parent, 'Shared', { queueName: 'shared' });
  const nested = new NestedStack(parent, 'Nested');
  const inner = new Queue(nested, 'Inner', {
    queueName: 'inner',
    deadLetterQueue: { queue: shared, maxReceiveCount: 3 },
  });
  new CfnOutput(parent, 'InnerArn', { value: inner.queueArn });

  const { stacks, find } = await deployAssembly({
    assemblyDirectory: app.synth().directory,
    aws: it.aws.context,
  });

  const innerArn = 'arn:aws:sqs:us-east-1:000000000000:inner';
  expect(stacks[0]?.outputs).toEqual({ InnerArn: innerArn });
  expect(it.aws.services.sqs.attributes(innerArn)['RedrivePolicy']).toContain(':shared"');
  expect(find('AWS::SQS::Queue').map(({ physicalId }) => physicalId.split('/').at(-1))).toEqual([
    'shared',
    'inner',
  ]);
});

test('a database cluster is a local database whose address is in its secret', async () => {
  const stack = new Stack(app, 'Data', { env: ENVIRONMENT });
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0, restrictDefaultSecurityGroup: true });
  const cluster = new DatabaseCluster(stack, 'Database', {
    engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_16_4 }),
    writer: ClusterInstance.serverlessV2('writer'),
    vpc,
    vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
    defaultDatabaseName: 'app',
  });
  new StringParameter(stack, 'Host', {
    parameterName: '/app/host',
    stringValue: cluster.clusterEndpoint.hostname,
  });
  const requests: DatabaseRequest[] = [];

  const { notRun, ignoredProperties, find } = await deployAssembly({
    assemblyDirectory: app.synth().directory,
    aws: it.aws.context,
    startDatabase: async (request) => {
      requests.push(request);
      return { host: '127.0.0.1', port: 54_321 };
    },
  });
  const secretArn = find('AWS::SecretsManager::Secret')[0]?.physicalId;
  const { secretsmanager, ssm } = it.aws.services;
  const caller = { accountId: ENVIRONMENT.account, arn: 'test' };
  const secret = (await secretsmanager.handle('GetSecretValue', { SecretId: secretArn }, caller)) as {
    SecretString: string;
  };
  const parameter = await ssm.handle('GetParameter', { Name: '/app/host' }, caller);

  expect(requests).toEqual([
    expect.objectContaining({
      engine: 'aurora-postgresql',
      databaseName: 'app',
      username: 'postgres',
      password: expect.stringMatching(/^.{30,}$/),
    }),
  ]);
  expect(JSON.parse(secret.SecretString)).toMatchObject({
    engine: 'postgres',
    host: '127.0.0.1',
    port: 54_321,
    dbname: 'app',
    username: 'postgres',
    password: requests[0]?.password,
  });
  expect(parameter).toMatchObject({ Parameter: { Value: '127.0.0.1' } });
  expect({ notRun, ignoredProperties }).toEqual({ notRun: [], ignoredProperties: [] });
});

test('a cluster without a way to start a database is named, and the rest runs', async () => {
  const stack = new Stack(app, 'Data', { env: ENVIRONMENT });
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 });
  new DatabaseCluster(stack, 'Database', {
    engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_16_4 }),
    writer: ClusterInstance.serverlessV2('writer'),
    vpc,
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
  });

  const { notRun } = await deployAssembly({ assemblyDirectory: app.synth().directory, aws: it.aws.context });

  expect(notRun.map(({ type, reason }) => `${type}: ${reason}`).toSorted()).toEqual([
    'AWS::RDS::DBCluster: this run was started without a local PostgreSQL',
    'AWS::RDS::DBInstance: its cluster does not run here',
    'AWS::SecretsManager::SecretTargetAttachment: its database does not run here',
  ]);
});
