/** Deploying again: what CloudFormation would do, with what is in the queues kept. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { stacksOf } from '../../../local/assembly/stacks.ts';
import { rootCaller, startEmbeddedAws } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

let it: AwsUnderTest;

beforeEach(async () => {
  it = await awsUnderTest();
});
afterEach(() => it.close());

const queue = (properties: object = {}, more: object = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: properties,
  ...more,
});
const apply = (Resources: Record<string, object>, more: object = {}) =>
  deploy(it, { Core: { template: { Resources, ...more } } });
const names = () => it.aws.services.sqs.queueArns().map((arn) => arn.split(':').at(-1));
const stack = (name = 'Core') => {
  const found = stacksOf(it.aws.context).byName.get(name);
  if (found === undefined) throw new Error(`there is no stack ${name}`);
  return found;
};
const statuses = (logicalId: string) =>
  stack()
    .events.filter((event) => event.logicalId === logicalId)
    .map(({ status }) => status);
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

describe('a changed template', () => {
  test('changes a queue in place and keeps its messages', async () => {
    await apply({ Orders: queue({ QueueName: 'orders', VisibilityTimeout: 30, DelaySeconds: 5 }) });
    it.aws.services.sqs.deliverToQueue(arnOf('orders'), { body: 'kept', delaySeconds: 0 });

    await apply({ Orders: queue({ QueueName: 'orders', VisibilityTimeout: 60 }) });

    expect(it.aws.services.sqs.attributes(arnOf('orders'))).toMatchObject({
      VisibilityTimeout: '60',
      DelaySeconds: '0',
    });
    expect(it.aws.services.sqs.messages(arnOf('orders')).map(({ body }) => body)).toEqual(['kept']);
    expect(stack().status).toBe('UPDATE_COMPLETE');
    expect(statuses('Orders')).toEqual([
      'CREATE_IN_PROGRESS',
      'CREATE_COMPLETE',
      'UPDATE_IN_PROGRESS',
      'UPDATE_COMPLETE',
    ]);
  });

  test('that is the same changes nothing', async () => {
    const first = await apply({ A: queue() });
    const second = await apply({ A: queue() });

    expect(second.resources).toEqual(first.resources);
    expect(statuses('A')).toEqual(['CREATE_IN_PROGRESS', 'CREATE_COMPLETE']);
  });

  test('replaces what cannot be changed: the new one first, what refers to it next, the old one last', async () => {
    const withParent = (properties: object) => ({
      Dead: queue(properties),
      Main: queue({
        QueueName: 'main',
        FifoQueue: undefined,
        RedriveAllowPolicy: {
          redrivePermission: 'byQueue',
          sourceQueueArns: [{ 'Fn::GetAtt': ['Dead', 'Arn'] }],
        },
      }),
    });
    const first = await apply(withParent({}));
    const before = first.resources.find(({ logicalId }) => logicalId === 'Dead')?.physicalId;

    const second = await apply(withParent({ FifoQueue: true }));
    const after = second.resources.find(({ logicalId }) => logicalId === 'Dead')?.physicalId;

    expect(after).toMatch(/\.fifo$/);
    expect(after).not.toBe(before);
    expect(it.aws.services.sqs.attributes(arnOf('main'))['RedriveAllowPolicy']).toContain(
      after?.split('/').at(-1),
    );
    expect(names()).not.toContain(before?.split('/').at(-1));
    const order = stack()
      .events.filter(({ status }) => /UPDATE_COMPLETE$|DELETE_COMPLETE/.test(status))
      .map(({ logicalId, status }) => `${logicalId} ${status}`);
    expect(order).toEqual([
      'Dead UPDATE_COMPLETE',
      'Main UPDATE_COMPLETE',
      'Dead DELETE_COMPLETE',
      'Core UPDATE_COMPLETE',
    ]);
  });

  test('cannot replace what keeps its own name', async () => {
    await apply({ A: queue({ QueueName: 'a.fifo', FifoQueue: true }) });
    const failed = apply({ A: queue({ QueueName: 'a.fifo' }) });
    await expect(failed).rejects.toThrow(/custom-named resource requires replacing. FifoQueue changed/);
    expect(names()).toEqual(['a.fifo']);
  });

  test('takes away what it no longer has, in the order of references', async () => {
    await apply({
      Main: queue({
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
      }),
      Dead: queue(),
      Stays: queue({ QueueName: 'stays' }),
    });

    await apply({ Stays: queue({ QueueName: 'stays' }) });

    expect(names()).toEqual(['stays']);
    const deleted = stack()
      .events.filter(({ status }) => status === 'DELETE_COMPLETE')
      .map(({ logicalId }) => logicalId);
    expect(deleted).toEqual(['Main', 'Dead']);
  });

  test('keeps what its policies retain', async () => {
    const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
    await apply({ A: queue({}, kept), B: queue({ QueueName: 'b' }, kept) });
    const [old] = names();

    await apply({ A: queue({ FifoQueue: true }, kept) });

    expect(names()).toContain(old);
    expect(names()).toContain('b');
    expect(statuses('B').at(-1)).toBe('DELETE_SKIPPED');
  });

  test('may change the type of no resource', async () => {
    await apply({ A: queue() });
    await expect(apply({ A: { Type: 'AWS::S3::Bucket' } })).rejects.toThrow(/resource type is not permitted/);
  });

  test('names a resource that no service can make', async () => {
    await apply({ A: queue() });
    const { notRun } = await apply({ A: queue(), Job: { Type: 'AWS::Batch::JobQueue' } });
    expect(notRun).toEqual([expect.objectContaining({ logicalId: 'Job', type: 'AWS::Batch::JobQueue' })]);
  });
});

describe('a change that fails', () => {
  test('is undone as a whole', async () => {
    const base = { Resources: { A: queue({ QueueName: 'a', VisibilityTimeout: 30 }), Old: queue() } };
    await apply(base.Resources);
    const before = names();
    it.aws.services.sqs.deliverToQueue(arnOf('a'), { body: 'kept' });

    const failed = apply({
      A: queue({ QueueName: 'a', VisibilityTimeout: 60 }),
      Added: queue({ QueueName: 'added' }),
      Bad: queue({ QueueName: 'bad', VisibilityTimeout: 999_999 }, { DependsOn: ['A', 'Added'] }),
    });

    await expect(failed).rejects.toThrow(/AWS::SQS::Queue Bad of the stack Core could not be created/);
    expect(names()).toEqual(before);
    expect(it.aws.services.sqs.attributes(arnOf('a'))['VisibilityTimeout']).toBe('30');
    expect(it.aws.services.sqs.messages(arnOf('a'))).toHaveLength(1);
    expect(stack().status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(statuses('Bad')).toEqual(['CREATE_IN_PROGRESS', 'CREATE_FAILED']);

    await apply({ ...base.Resources, Added: queue() });
    expect(stack().status).toBe('UPDATE_COMPLETE');
  });

  test('of a new stack leaves nothing', async () => {
    const failed = apply({ A: queue(), Bad: queue({ VisibilityTimeout: -1 }, { DependsOn: 'A' }) });
    await expect(failed).rejects.toThrow(/Bad/);
    expect(names()).toEqual([]);
    expect(stack().status).toBe('ROLLBACK_COMPLETE');
  });

  test('brings back what it had replaced', async () => {
    const dead = (properties: object) => ({ Dead: queue(properties) });
    const first = await apply(dead({}));
    const failed = apply({
      ...dead({ FifoQueue: true }),
      Bad: queue({ VisibilityTimeout: -1 }, { DependsOn: 'Dead' }),
    });

    await expect(failed).rejects.toThrow(/Bad/);
    expect(names()).toEqual([first.resources[0]?.physicalId.split('/').at(-1)]);
    expect(stack().resources.get('Dead')?.physicalId).toBe(first.resources[0]?.physicalId);
  });
});

describe('exports', () => {
  const producer = (Outputs: object) => ({
    template: { Resources: { Q: queue({ QueueName: 'q' }) }, Outputs },
  });
  const exported = { Arn: { Value: { 'Fn::GetAtt': ['Q', 'Arn'] }, Export: { Name: 'q-arn' } } };
  const consumer = {
    dependencies: ['Producer'],
    template: {
      Resources: {
        P: {
          Type: 'AWS::SSM::Parameter',
          Properties: { Name: 'p', Type: 'String', Value: { 'Fn::ImportValue': 'q-arn' } },
        },
      },
    },
  };

  test('that another stack uses cannot go', async () => {
    await deploy(it, { Producer: producer(exported), Consumer: consumer });
    const failed = deploy(it, { Producer: producer({}) });
    await expect(failed).rejects.toThrow(/Export q-arn cannot be deleted as it is in use by Consumer/);
    expect(stack('Producer').status).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  test('have one owner', async () => {
    await deploy(it, { Producer: producer(exported) });
    const other = { template: { Resources: { Q: queue() }, Outputs: exported } };
    await expect(deploy(it, { Other: other })).rejects.toThrow(/already exported by stack Producer/);
  });
});

describe('custom resources', () => {
  const handler = `
    const seen = globalThis.seen ??= [];
    exports.handler = async (event) => {
      const id = event.ResourceProperties.Id ?? 'one';
      await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify({
        Status: 'SUCCESS', PhysicalResourceId: id,
        Data: { Was: event.RequestType + ':' + (event.PhysicalResourceId ?? '') + ':' + (event.OldResourceProperties?.Id ?? '') } }) });
    };`;
  const resources = (Id: string) => ({
    Handler: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Timeout: 60,
        Code: { ZipFile: handler },
      },
    },
    Custom: {
      Type: 'Custom::Thing',
      Properties: { ServiceToken: { 'Fn::GetAtt': ['Handler', 'Arn'] }, Id },
    },
  });
  const Outputs = { Was: { Value: { 'Fn::GetAtt': ['Custom', 'Was'] } } };

  test('are updated by their function, and one that answers another id is deleted under its old one', async () => {
    const first = await apply(resources('one'), { Outputs });
    const second = await apply(resources('two'), { Outputs });

    expect(first.stacks[0]?.outputs['Was']).toBe('Create::');
    expect(second.stacks[0]?.outputs['Was']).toBe('Update:one:one');
    expect(stack().resources.get('Custom')?.physicalId).toBe('two');
    expect(statuses('Custom').slice(-2)).toEqual(['DELETE_IN_PROGRESS', 'DELETE_COMPLETE']);
  });
});

test('stacks survive a restart, and the next deployment goes on from there', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'waybill-stacks-'));
  const template = (VisibilityTimeout: number) => ({
    Core: { template: { Resources: { A: queue({ QueueName: 'a', VisibilityTimeout }) } } },
  });
  const first = await startEmbeddedAws({ stateDirectory });
  await deploy({ ...it, aws: first }, template(30));
  first.services.sqs.deliverToQueue(arnOf('a'), { body: 'kept' });
  await first.close();

  const second = await startEmbeddedAws({ stateDirectory });
  try {
    await deploy({ ...it, aws: second }, template(45));
    expect(second.services.sqs.attributes(arnOf('a'))['VisibilityTimeout']).toBe('45');
    expect(second.services.sqs.messages(arnOf('a'))).toHaveLength(1);
    const { Stacks } = (await second.services.cloudformation.handle(
      'DescribeStacks',
      {},
      rootCaller(second.context),
    )) as { Stacks: { StackStatus: string }[] };
    expect(Stacks.map(({ StackStatus }) => StackStatus)).toEqual(['UPDATE_COMPLETE']);
  } finally {
    await second.close();
    await rm(stateDirectory, { recursive: true, force: true });
  }
});

describe('an HTTP API', () => {
  const answer = (text: string) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 60,
      Code: { ZipFile: `exports.handler = async () => '${text}';` },
    },
  });
  const route = (RouteKey: string, integration: string) => ({
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      RouteKey,
      Target: { 'Fn::Join': ['/', ['integrations', { Ref: integration }]] },
    },
  });
  const integration = (name: string) => ({
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': [name, 'Arn'] },
      PayloadFormatVersion: '2.0',
    },
  });
  const api = (routes: Record<string, object>) => ({
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
    },
    One: answer('one'),
    Two: answer('two'),
    Invoke: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: { Ref: 'One' },
        Principal: 'apigateway.amazonaws.com',
      },
    },
    InvokeTwo: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: { Ref: 'Two' },
        Principal: 'apigateway.amazonaws.com',
      },
    },
    ...routes,
  });

  test('changes its routes under the same address, and goes with its stack', async () => {
    const first = await apply(api({ I: integration('One'), R: route('GET /a', 'I') }));
    const url = first.records.apis[0]?.url ?? '';
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return response.ok ? response.json() : response.status;
    };
    expect(await get('/a')).toBe('one');

    const second = await apply(
      api({ I: integration('Two'), R: route('GET /a', 'I'), S: route('GET /b', 'I') }),
    );

    expect(second.records.apis[0]?.url).toBe(url);
    expect([await get('/a'), await get('/b')]).toEqual(['two', 'two']);
    await apply(api({ I: integration('Two'), S: route('GET /b', 'I') }));
    expect([await get('/a'), await get('/b')]).toEqual([404, 'two']);
    await apply({ Q: queue() });
    expect([await get('/b'), second.records.apis]).toEqual([404, []]);
  });
});
