/** Amazon MQ in the embedded AWS: a broker from a template, a function fed from its queue, the API, a changed password. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { rootCaller } from '../../../local/aws/context.ts';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy as deployStacks } from '../assembly/assembly-under-test.ts';
import type { AwsUnderTest } from '../assembly/assembly-under-test.ts';
import { startEmbeddedRabbitmq } from '../../../local/rabbitmq/index.ts';
import { until } from './brokers.ts';

let it: AwsUnderTest;
let connections: ChannelModel[];
let lines: string[];
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  it = await awsUnderTest({ policies: 'enforced' });
  connections = [];
  stops = [];
  lines = [];
  it.lambda.observeLogs(({ stream, text }) => {
    if (stream === 'stdout') lines.push(text.trim());
  });
});
afterEach(async () => {
  for (const connection of connections) await connection.close().catch(() => undefined);
  await it.close();
  for (const stop of stops) await stop();
});

/** Prints the texts of a batch, and fails while one of them says so. */
const PRINTS = `
  exports.handler = async (event) => {
    const messages = Object.values(event.rmqMessagesByQueue).flat();
    const texts = messages.map(({ data }) => Buffer.from(data, 'base64').toString());
    console.log(JSON.stringify(texts));
    if (texts.includes('fail') && !globalThis.failed) {
      globalThis.failed = true;
      throw new Error('as asked');
    }
    if (texts.includes('show')) console.log('EVENT ' + JSON.stringify(event));
  };`;

const reference = (key: string) => ({
  'Fn::Sub': `{{resolve:secretsmanager:\${Secret}:SecretString:${key}}}`,
});

function resources(actions: readonly string[] = ['mq:DescribeBroker', 'secretsmanager:GetSecretValue']) {
  return {
    Secret: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: {
        GenerateSecretString: {
          SecretStringTemplate: '{"username":"legacy"}',
          GenerateStringKey: 'password',
          ExcludeCharacters: ',:=',
        },
      },
    },
    Broker: {
      Type: 'AWS::AmazonMQ::Broker',
      Properties: {
        BrokerName: 'legacy',
        EngineType: 'RABBITMQ',
        EngineVersion: '4.2',
        HostInstanceType: 'mq.m7g.medium',
        DeploymentMode: 'SINGLE_INSTANCE',
        PubliclyAccessible: false,
        AutoMinorVersionUpgrade: true,
        Users: [{ Username: reference('username'), Password: reference('password') }],
      },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
          ],
        },
        Policies: [
          {
            PolicyName: 'reads',
            PolicyDocument: { Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] },
          },
        ],
      },
    },
    Worker: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'worker',
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: PRINTS },
      },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Worker' },
        EventSourceArn: { 'Fn::GetAtt': ['Broker', 'Arn'] },
        Queues: ['counts'],
        BatchSize: 10,
        SourceAccessConfigurations: [
          { Type: 'BASIC_AUTH', URI: { Ref: 'Secret' } },
          { Type: 'VIRTUAL_HOST', URI: '/' },
        ],
      },
    },
  };
}

const deploy = async (template: object) => {
  const deployed = await deployStacks(it, { s: { template } });
  expect([deployed.notRun, deployed.ignoredProperties]).toEqual([[], []]);
  return deployed;
};

const call = (service: 'mq' | 'secretsmanager', action: string, input: Record<string, unknown> = {}) =>
  it.aws.services[service].handle(action, input, rootCaller(it.aws.context)) as Promise<
    Record<string, unknown>
  >;

async function brokerId(): Promise<string> {
  const { brokerSummaries } = (await call('mq', 'ListBrokers')) as {
    brokerSummaries: { brokerId: string }[];
  };
  return brokerSummaries[0]!.brokerId;
}

async function connected(): Promise<ChannelModel> {
  const { brokerInstances } = (await call('mq', 'DescribeBroker', { brokerId: await brokerId() })) as {
    brokerInstances: { endpoints: string[] }[];
  };
  const { SecretList } = (await call('secretsmanager', 'ListSecrets')) as { SecretList: { ARN: string }[] };
  const { SecretString } = await call('secretsmanager', 'GetSecretValue', { SecretId: SecretList[0]!.ARN });
  const { username, password } = JSON.parse(SecretString as string) as { username: string; password: string };
  const { hostname, port } = new URL(brokerInstances[0]!.endpoints[0]!);
  const connection = await connect({ hostname, port: Number(port), username, password });
  connections.push(connection);
  return connection;
}

test('a function gets the messages of a queue in Lambda’s shape; a batch that fails comes again, whole', async () => {
  await deploy({
    Resources: resources(),
    Outputs: { Endpoint: { Value: { 'Fn::Select': [0, { 'Fn::GetAtt': ['Broker', 'AmqpEndpoints'] }] } } },
  });
  const channel = await (await connected()).createConfirmChannel();
  // The queue comes after the mapping, which has been asking for it.
  await channel.assertQueue('counts', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  channel.sendToQueue('counts', Buffer.from('show'), {
    messageId: 'm1',
    headers: { tenant: 'acme', number: 7 },
    timestamp: 1_700_000_000,
    persistent: true,
  });
  const shown = await until(() => lines.find((line) => line.includes('EVENT ')));

  const event = JSON.parse(shown.slice(shown.indexOf('EVENT ') + 6)) as Record<string, unknown>;
  expect(event).toMatchObject({
    eventSource: 'aws:rmq',
    eventSourceArn: expect.stringContaining(':broker:legacy:b-'),
    rmqMessagesByQueue: {
      'counts::/': [
        {
          basicProperties: {
            messageId: 'm1',
            deliveryMode: 2,
            headers: { tenant: { bytes: [...Buffer.from('acme')] }, number: 7 },
            timestamp: 'Nov 14, 2023, 10:13:20 PM',
            correlationId: null,
            bodySize: 4,
          },
          redelivered: false,
          data: Buffer.from('show').toString('base64'),
        },
      ],
    },
  });

  lines = [];
  channel.sendToQueue('counts', Buffer.from('fail'));
  channel.sendToQueue('counts', Buffer.from('neighbour'));
  await until(() => lines.filter((line) => line.includes('"neighbour"')).length >= 2);
  await until(async () => (await channel.checkQueue('counts')).messageCount === 0);
  const tries = lines.filter((line) => line.includes('"fail"'));
  expect(new Set(tries)).toEqual(new Set([tries[0]]));
  expect(tries).toHaveLength(2);
});

test('a role that may not read the secret makes no mapping', async () => {
  await expect(deploy({ Resources: resources(['mq:DescribeBroker']) })).rejects.toThrow(
    /Cannot access broker .* secretsmanager:GetSecretValue/s,
  );
});

test('the API: what RabbitMQ brokers do not have is refused, a reboot breaks connections, a deleted broker is gone', async () => {
  const users = [{ username: 'legacy', password: 'long-enough-password' }];
  const wanted = { brokerName: 'b', engineType: 'RABBITMQ', users };
  const { brokerId: id } = await call('mq', 'CreateBroker', wanted);
  await expect(call('mq', 'CreateBroker', wanted)).rejects.toMatchObject({ code: 'ConflictException' });
  await expect(
    call('mq', 'CreateBroker', {
      ...wanted,
      brokerName: 'c',
      users: [{ username: 'legacy', password: 'short' }],
    }),
  ).rejects.toThrow('12 to 250 characters');
  await expect(
    call('mq', 'CreateBroker', { ...wanted, brokerName: 'c', engineType: 'ACTIVEMQ' }),
  ).rejects.toMatchObject({ code: 'BadRequestException' });
  await expect(call('mq', 'UpdateUser', { brokerId: id, username: 'legacy' })).rejects.toThrow(
    'managed in RabbitMQ',
  );

  const endpoint = await it.aws.services.mq.endpoint(id as string);
  await call('mq', 'RebootBroker', { brokerId: id });
  expect(await it.aws.services.mq.endpoint(id as string)).toBe(endpoint);
  await call('mq', 'DeleteBroker', { brokerId: id });
  await expect(call('mq', 'DescribeBroker', { brokerId: id })).rejects.toMatchObject({
    code: 'NotFoundException',
  });
});

test('a changed password counts in the broker, and the mapping reads the secret again', async () => {
  await deploy({ Resources: resources() });
  const { SecretList } = (await call('secretsmanager', 'ListSecrets')) as { SecretList: { ARN: string }[] };
  const SecretId = SecretList[0]!.ARN;
  const id = await brokerId();
  const password = 'another-long-password';
  await it.aws.services.mq.setPassword(id, 'legacy', password);
  await call('secretsmanager', 'PutSecretValue', {
    SecretId,
    SecretString: JSON.stringify({ username: 'legacy', password }),
  });
  // Breaks the mapping's connection, which was made with the old password.
  await call('mq', 'RebootBroker', { brokerId: id });

  const channel = await (await connected()).createConfirmChannel();
  await channel.assertQueue('counts', { durable: true });
  channel.sendToQueue('counts', Buffer.from('after'));

  await until(() => lines.some((line) => line.includes('after')));
});

test('a broker can be started by the caller: a real one, or one that others use too', async () => {
  const started: string[] = [];
  it.aws.services.mq.startBrokersWith(async ({ name, user }) => {
    started.push(`${name} ${user.username}`);
    const broker = await startEmbeddedRabbitmq({ users: [user] });
    stops.push(() => broker.stop());
    return broker;
  });
  await deploy({ Resources: resources() });

  expect(started).toEqual(['legacy legacy']);
  await (await connected()).createChannel();
});

test('a broker that was kept listens again, where it did before', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'waybill-mq-state-'));
  it.directories.push(stateDirectory);
  const users = [{ username: 'legacy', password: 'long-enough-password' }];
  const first = await startEmbeddedAws({ stateDirectory });
  const input = { brokerName: 'kept', engineType: 'RABBITMQ', users };
  const { brokerId: id } = (await first.services.mq.handle(
    'CreateBroker',
    input,
    rootCaller(first.context),
  )) as {
    brokerId: string;
  };
  const { host, port } = await first.services.mq.server(id);
  await first.close();

  const second = await startEmbeddedAws({ stateDirectory });
  stops.push(() => second.close());

  const { username, password } = users[0]!;
  connections.push(
    await until(() => connect({ hostname: host, port, username, password }).catch(() => undefined)),
  );
});
