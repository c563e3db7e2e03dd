/** Topics as a custom resource, on each Kafka: what is made, changed, kept and refused, and what CloudFormation is told. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import type { topicsOnDeploy as loaded } from '../../../lambda/service/topics-on-deploy.ts';
import { topicAdmin } from '../../../local/kafka/client/topics.ts';
import { describeOnEachKafka } from '../../support/kafka.ts';
import type { KafkaBroker } from '../../support/kafka.ts';
import { createTopics } from '../runtime/kafka/topics.ts';
import { eventually } from '../../support/waiting.ts';

type Answer = Readonly<Record<string, unknown>>;

const CLUSTER = 'arn:aws:kafka:us-east-1:111122223333:cluster/shop/1111-s1';
const arnOf = (topic: string): string => `${CLUSTER.replace(':cluster/', ':topic/')}/${topic}`;

let answers: Answer[];
/** MSK and CloudFormation in one: the one tells the brokers, the other takes the answers. */
let aws: Server;
let endpoint: string;
let brokers: string;
const kept = { ...process.env };

beforeAll(async () => {
  // Read when the module is loaded.
  process.env['WAYBILL_LOG_LEVEL'] = 'silent';
  const { topicsOnDeploy } = await import('../../../lambda/service/topics-on-deploy.ts');
  handler = topicsOnDeploy({ patience: 0 });
  aws = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.method === 'PUT') answers.push(JSON.parse(body) as Answer);
      const bootstrap = request.url?.includes('bootstrap-brokers') === true;
      response.end(bootstrap ? JSON.stringify({ bootstrapBrokerString: brokers }) : '');
    });
  });
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
});
afterAll(async () => {
  aws.closeAllConnections();
  await new Promise((resolve) => aws.close(resolve));
});
beforeEach(() => {
  answers = [];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KAFKA: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterEach(() => {
  process.env = { ...kept };
});

let handler: ReturnType<typeof loaded>;

async function request(
  RequestType: 'Create' | 'Update' | 'Delete',
  topic: { name: string; partitions?: number; configs?: Record<string, string> },
): Promise<Answer> {
  const { name, partitions = 2, configs } = topic;
  await handler({
    RequestType,
    ResponseURL: `${endpoint}/answer`,
    StackId: 'stack-1',
    RequestId: 'request-1',
    LogicalResourceId: 'Topic',
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: arnOf(name) }),
    ResourceProperties: {
      ServiceToken: 'function',
      ClusterArn: CLUSTER,
      TopicName: name,
      // CloudFormation gives every number as text.
      PartitionCount: String(partitions),
      ...(configs && { Configs: Buffer.from(JSON.stringify(configs)).toString('base64') }),
    },
  } as unknown as CloudFormationCustomResourceEvent);
  return answers.at(-1)!;
}

describeOnEachKafka('topics as custom resources', (kind) => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await kind.start();
    brokers = broker.bootstrapServers;
  });
  afterAll(() => broker.stop());
  beforeEach(() => {
    brokers = broker.bootstrapServers;
  });
  const partitionsOf = async (name: string) =>
    (await topicAdmin(broker.bootstrapServers).describe(name))?.partitions.length;
  const configsOf = (name: string) => topicAdmin(broker.bootstrapServers).configs(name);

  test('a topic is made with its partitions and settings, once', async () => {
    const topic = { name: 'made', partitions: 3, configs: { 'retention.ms': '60000' } };
    expect(await request('Create', topic)).toEqual({
      Status: 'SUCCESS',
      Data: { TopicArn: arnOf('made'), Change: 'created' },
      PhysicalResourceId: arnOf('made'),
      StackId: 'stack-1',
      RequestId: 'request-1',
      LogicalResourceId: 'Topic',
    });
    await eventually(async () => {
      expect(await partitionsOf('made')).toBe(3);
      expect(await configsOf('made')).toMatchObject({ 'retention.ms': '60000' });
    });
    // CloudFormation asks again when an answer was lost.
    expect(await request('Create', topic)).toMatchObject({ Data: { Change: 'unchanged' } });
  });

  test('an update adds partitions, changes settings, and takes back what is not named any more', async () => {
    const configs = { 'retention.ms': '60000', 'max.message.bytes': '2000000' };
    await request('Create', { name: 'grown', configs });
    await eventually(async () => expect(await configsOf('grown')).toMatchObject(configs));
    const updated = { name: 'grown', partitions: 5, configs: { 'retention.ms': '90000' } };
    expect(await request('Update', updated)).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: arnOf('grown'),
      Data: { Change: 'changed' },
    });
    await eventually(async () => {
      expect(await partitionsOf('grown')).toBe(5);
      const present = await configsOf('grown');
      expect(present['retention.ms']).toBe('90000');
      expect(present['max.message.bytes']).not.toBe('2000000');
    });
    expect(await request('Update', updated)).toMatchObject({ Data: { Change: 'unchanged' } });
  });

  test('a topic that somebody else made is taken as it is, and brought to its settings', async () => {
    await createTopics(broker.bootstrapServers, ['found'], 1);
    expect(await request('Create', { name: 'found', partitions: 2 })).toMatchObject({
      Data: { Change: 'changed' },
    });
    await eventually(async () => expect(await partitionsOf('found')).toBe(2));
  });

  test('a removed resource leaves its topic', async () => {
    await request('Create', { name: 'kept' });
    expect(await request('Delete', { name: 'kept' })).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: arnOf('kept'),
    });
    await eventually(async () => expect(await partitionsOf('kept')).toBe(2));
  });

  test('what can never be says which topic, what, and what to do', async () => {
    await request('Create', { name: 'refused', partitions: 4 });
    await eventually(async () => expect(await partitionsOf('refused')).toBe(4));
    const fewer = await request('Update', { name: 'refused', partitions: 2 });
    expect(fewer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: arnOf('refused') });
    expect(fewer['Reason']).toMatch(
      /Kafka topic refused: it has 4 partitions, and 2 .*set partitionCount to 4/,
    );
    const policy = await request('Update', {
      name: 'refused',
      partitions: 4,
      configs: { 'cleanup.policy': 'compact' },
    });
    expect(policy['Reason']).toMatch(/cleanup.policy is 'delete', and 'compact' .*of another name/);
    const wrong = await request('Create', { name: 'wrong', configs: { 'retention.ms': 'long' } });
    expect(wrong['Reason']).toMatch(/Kafka topic wrong: INVALID_CONFIG: .*Correct `configs`/);
    expect((await request('Create', { name: 'a b' }))['Reason']).toMatch(
      /INVALID_TOPIC_EXCEPTION.*Give it a name/,
    );
  });

  test('brokers that do not answer fail the deployment in words, not by its time limit', async () => {
    brokers = '127.0.0.1:1';
    const answer = await request('Create', { name: 'far' });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: arnOf('far') });
    expect(answer['Reason']).toMatch(/Kafka topic far: .*clientSecurityGroup/);
  });
});
