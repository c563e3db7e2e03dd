import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { rootCaller, startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';
import { roleCaller } from '../../../../local/aws/iam/role-caller.ts';
import { callService } from '../../../../local/aws/dispatch.ts';
import { topicAdmin } from '../../../../local/kafka/client/topics.ts';

let aws: EmbeddedAws;
beforeEach(async () => {
  aws = await startEmbeddedAws({ port: 0 });
});
afterEach(() => aws.close());

type Answer = Record<string, unknown>;

const PROVISIONED = {
  brokerNodeGroupInfo: { instanceType: 'express.m7g.large', clientSubnets: ['subnet-1', 'subnet-2'] },
  kafkaVersion: '3.9.x',
  numberOfBrokerNodes: 2,
};

const call = (action: string, input: Record<string, unknown>, caller = rootCaller(aws.context)) =>
  callService(aws.context, aws.services.kafka, action, input, caller) as Promise<Answer>;

const rest = async (
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Answer }> => {
  const response = await fetch(aws.endpointUrl + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer };
};

const LAMBDA_TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
};

const newCluster = async (name = 'analytics'): Promise<string> => {
  const { clusterArn } = await call('CreateClusterV2', { clusterName: name, provisioned: PROVISIONED });
  return clusterArn as string;
};

describe('the embedded Amazon MSK', () => {
  test('a cluster over the wire: made, described, listed, its brokers, removed', async () => {
    const made = await rest('POST', '/api/v2/clusters', {
      clusterName: 'analytics',
      serverless: { vpcConfigs: [{ subnetIds: ['subnet-1'] }] },
      tags: { team: 'data' },
    });
    expect(made).toMatchObject({ status: 200, body: { clusterType: 'SERVERLESS', state: 'ACTIVE' } });
    const arn = made.body['clusterArn'] as string;
    expect(arn).toMatch(/^arn:aws:kafka:us-east-1:000000000000:cluster\/analytics\/[0-9a-f-]+-s1$/);
    const path = encodeURIComponent(arn);

    const described = await rest('GET', `/api/v2/clusters/${path}`);
    expect(described.body['clusterInfo']).toMatchObject({
      clusterName: 'analytics',
      tags: { team: 'data' },
      serverless: { vpcConfigs: [{ subnetIds: ['subnet-1'] }] },
    });
    const listed = await rest('GET', '/api/v2/clusters?clusterNameFilter=ana');
    expect(listed.body['clusterInfoList']).toHaveLength(1);
    const brokers = await rest('GET', `/v1/clusters/${path}/bootstrap-brokers`);
    expect(brokers.body['bootstrapBrokerString']).toMatch(/^127\.0\.0\.1:\d+$/);

    expect((await rest('DELETE', `/v1/clusters/${path}`)).body).toEqual({
      clusterArn: arn,
      state: 'DELETING',
    });
    const gone = await rest('GET', `/api/v2/clusters/${path}`);
    expect(gone.status).toBe(404);
  });

  test('topics are made in the cluster, and seen by its clients', async () => {
    const clusterArn = await newCluster();
    const path = `/v1/clusters/${encodeURIComponent(clusterArn)}/topics`;
    const made = await rest('POST', path, {
      topicName: 'events',
      partitionCount: 2,
      replicationFactor: 3,
      configs: Buffer.from('{"retention.ms":"60000"}').toString('base64'),
    });
    const topicArn = clusterArn.replace(':cluster/', ':topic/') + '/events';
    expect(made.body).toEqual({ status: 'ACTIVE', topicArn, topicName: 'events' });
    expect(
      (await rest('POST', path, { topicName: 'events', partitionCount: 1, replicationFactor: 3 })).status,
    ).toBe(409);

    const described = await rest('GET', `${path}/events`);
    expect(described.body).toMatchObject({ topicArn, partitionCount: 2, replicationFactor: 3 });
    expect(JSON.parse(Buffer.from(String(described.body['configs']), 'base64').toString())).toEqual({
      'retention.ms': '60000',
    });
    expect((await rest('PUT', `${path}/events`, { partitionCount: 4 })).status).toBe(200);
    const both = { partitionCount: 5, configs: Buffer.from('{}').toString('base64') };
    expect((await rest('PUT', `${path}/events`, both)).status).toBe(400);
    expect((await rest('GET', `${path}/events/partitions`)).body['partitions']).toHaveLength(4);
    expect((await rest('GET', path)).body['topics']).toMatchObject([
      { topicName: 'events', partitionCount: 4 },
    ]);

    const { bootstrapServers } = await aws.services.kafka.broker(clusterArn);
    expect((await topicAdmin(bootstrapServers).describe('events'))?.partitions).toHaveLength(4);
    await rest('DELETE', `${path}/events`);
    expect((await rest('GET', `${path}/events`)).status).toBe(404);
  });

  test('topics of a serverless cluster are made by Kafka clients alone', async () => {
    const { clusterArn } = await call('CreateClusterV2', {
      clusterName: 'small',
      serverless: { vpcConfigs: [{ subnetIds: ['subnet-1'] }] },
    });
    const input = { clusterArn, topicName: 't', partitionCount: 1, replicationFactor: 3 };
    for (const action of ['CreateTopic', 'DescribeTopic', 'ListTopics', 'UpdateTopic', 'DeleteTopic']) {
      await expect(call(action, input)).rejects.toMatchObject({
        code: 'BadRequestException',
        message: expect.stringMatching(/not supported for serverless clusters/),
      });
    }
  });

  test('each cluster has brokers of its own', async () => {
    const [first, second] = [await newCluster('first'), await newCluster('second')];
    await call('CreateTopic', { clusterArn: first, topicName: 't', partitionCount: 1, replicationFactor: 3 });
    expect((await call('ListTopics', { clusterArn: second }))['topics']).toEqual([]);
    await expect(newCluster('first')).rejects.toMatchObject({ code: 'ConflictException' });
  });

  test('a role may do what its policies and the cluster’s say, topic by topic', async () => {
    const clusterArn = await newCluster();
    const root = rootCaller(aws.context);
    await aws.services.iam.handle(
      'CreateRole',
      {
        RoleName: 'maker',
        AssumeRolePolicyDocument: JSON.stringify(LAMBDA_TRUST),
      },
      root,
    );
    const statement = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource });
    const topicArn = clusterArn.replace(':cluster/', ':topic/');
    await aws.services.iam.handle(
      'PutRolePolicy',
      {
        RoleName: 'maker',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            statement('kafka-cluster:Connect', clusterArn),
            statement('kafka-cluster:CreateTopic', `${topicArn}/mine`),
          ],
        }),
      },
      root,
    );
    const maker = roleCaller('arn:aws:iam::000000000000:role/maker', 'session');
    const create = (topicName: string) =>
      call('CreateTopic', { clusterArn, topicName, partitionCount: 1, replicationFactor: 3 }, maker);
    await expect(create('mine')).resolves.toMatchObject({ topicName: 'mine' });
    await expect(create('other')).rejects.toThrow(/kafka-cluster:CreateTopic/);
    await expect(call('GetBootstrapBrokers', { clusterArn }, maker)).rejects.toThrow(
      /kafka:GetBootstrapBrokers/,
    );
  });

  test('configurations have revisions; policies and tags come and go', async () => {
    const serverProperties = Buffer.from('auto.create.topics.enable=false').toString('base64');
    const { arn } = await call('CreateConfiguration', {
      name: 'c',
      kafkaVersions: ['3.9.x'],
      serverProperties,
    });
    await call('UpdateConfiguration', { arn, serverProperties });
    expect(await call('DescribeConfiguration', { arn })).toMatchObject({ latestRevision: { revision: 2 } });
    expect(await call('DescribeConfigurationRevision', { arn, revision: '1' })).toMatchObject({
      serverProperties,
    });

    const clusterArn = await newCluster();
    await expect(call('GetClusterPolicy', { clusterArn })).rejects.toMatchObject({
      code: 'NotFoundException',
    });
    await call('PutClusterPolicy', { clusterArn, policy: '{}' });
    expect(await call('GetClusterPolicy', { clusterArn })).toMatchObject({ policy: '{}' });
    await call('TagResource', { resourceArn: clusterArn, tags: { a: '1', b: '2' } });
    await call('UntagResource', { resourceArn: clusterArn, tagKeys: ['a'] });
    expect(await call('ListTagsForResource', { resourceArn: clusterArn })).toEqual({ tags: { b: '2' } });
  });

  test.each([
    ['both kinds', { clusterName: 'x', serverless: { vpcConfigs: [] }, provisioned: PROVISIONED }],
    ['neither kind', { clusterName: 'x' }],
    ['no name', { serverless: { vpcConfigs: [] } }],
    ['a wrong name', { clusterName: '-x-', serverless: { vpcConfigs: [] } }],
    ['no brokers', { clusterName: 'x', provisioned: { kafkaVersion: '3.9.x' } }],
  ])('refused: %s', async (_what, input) => {
    await expect(call('CreateClusterV2', input)).rejects.toMatchObject({ code: 'BadRequestException' });
  });

  test('what a client made in an embedded Kafka outlives the process too', async () => {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'waybill-msk-'));
    try {
      const before = await startEmbeddedAws({ port: 0, stateDirectory });
      const { clusterArn } = (await before.services.kafka.handle(
        'CreateClusterV2',
        { clusterName: 'kept', serverless: { vpcConfigs: [{ subnetIds: ['subnet-1'] }] } },
        rootCaller(before.context),
      )) as { clusterArn: string };
      const adminIn = async (aws: EmbeddedAws) =>
        topicAdmin((await aws.services.kafka.broker(clusterArn)).bootstrapServers);
      const first = await adminIn(before);
      const settings = { replicationFactor: 1, configs: { 'retention.ms': '60000' } };
      await first.create({ name: 'events', partitions: 2, ...settings });
      await first.create({ name: 'gone', partitions: 1, ...settings });
      await first.setPartitions('events', 3);
      await first.delete('gone');
      await before.close();

      const after = await startEmbeddedAws({ port: 0, stateDirectory });
      const second = await adminIn(after);
      expect((await second.list()).map(({ name, partitions }) => [name, partitions.length])).toEqual([
        ['events', 3],
      ]);
      expect(await second.configs('events')).toEqual({ 'retention.ms': '60000' });
      await after.close();
    } finally {
      await rm(stateDirectory, { recursive: true, force: true });
    }
  });

  test('clusters and topics outlive the process with a state directory', async () => {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'waybill-msk-'));
    try {
      const before = await startEmbeddedAws({ port: 0, stateDirectory });
      const { clusterArn } = (await before.services.kafka.handle(
        'CreateClusterV2',
        { clusterName: 'kept', provisioned: PROVISIONED },
        rootCaller(before.context),
      )) as { clusterArn: string };
      const topic = { clusterArn, topicName: 'events', partitionCount: 3, replicationFactor: 3 };
      await before.services.kafka.handle('CreateTopic', topic, rootCaller(before.context));
      await before.close();

      const after = await startEmbeddedAws({ port: 0, stateDirectory });
      const answer = after.services.kafka.handle('DescribeTopic', topic, rootCaller(after.context));
      await expect(answer).resolves.toMatchObject({ partitionCount: 3, replicationFactor: 3 });
      await after.close();
    } finally {
      await rm(stateDirectory, { recursive: true, force: true });
    }
  });
});
