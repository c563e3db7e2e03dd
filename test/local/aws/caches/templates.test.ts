/** Caches from templates, with a server that only notes what it is told: users, settings, addresses, changes, refusals. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callService } from '../../../../local/aws/index.ts';
import type { RedisRequest } from '../../../../local/aws/caches/index.ts';
import { startInstalled } from '../../../../local/aws/caches/index.ts';
import { rootCaller } from '../../../../local/aws/context.ts';
import { BrokerError } from '../../../../local/brokers/errors.ts';
import { awsUnderTest, deploy as deployStacks } from '../../assembly/assembly-under-test.ts';
import type { AwsUnderTest } from '../../assembly/assembly-under-test.ts';
import { elastiCache, memoryDb, serverless } from './templates.ts';

let it: AwsUnderTest;
let requests: RedisRequest[];
let told: string[];
let servers: Server[];
/** Commands that begin so are refused. */
let refused: string | undefined;

beforeEach(async () => {
  requests = [];
  told = [];
  servers = [];
  refused = undefined;
  it = await awsUnderTest({ startRedis: noting });
});
afterEach(async () => {
  await it.close();
  expect(servers.filter((server) => server.listening)).toEqual([]);
});

/** Notes each command, and takes it. */
async function noting(request: RedisRequest) {
  requests.push(request);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const command of data
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const words = command.split('\r\n').filter((_, index) => index % 2 === 1);
        const line = words.join(' ');
        if (words[0] !== 'AUTH') told.push(line);
        if (refused !== undefined && line.startsWith(refused))
          socket.write('-ERR Error in ACL SETUSER modifier\r\n');
        else socket.write(line === 'ACL USERS' ? '*1\r\n$7\r\ndefault\r\n' : '+OK\r\n');
      }
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => new Promise<void>((done) => void server.close(() => done())),
  };
}

const deploy = (template: object) => deployStacks(it, { s: { template } });
const call = (
  service: 'elasticache' | 'memorydb' | 'ssm',
  action: string,
  input: Record<string, unknown> = {},
) => callService(it.aws.context, it.aws.services[service], action, input, rootCaller(it.aws.context));
const shown = async () =>
  ((await call('ssm', 'GetParameter', { Name: '/redis' })) as { Parameter: { Value: string } }).Parameter
    .Value;
const ofServer = () => `redis://127.0.0.1:${(servers.at(-1)!.address() as AddressInfo).port}`;
const setting = (name: string) => requests[0]!.settings[requests[0]!.settings.indexOf(name) + 1];

describe.each([
  ['ElastiCache', elastiCache, false],
  ['MemoryDB', memoryDb, true],
] as const)('%s', (_service, template, clustered) => {
  test('is one server with the users of the template, whose address clients get', async () => {
    const { notRun, ignoredProperties, inert } = await deploy(template());
    expect([notRun, ignoredProperties]).toEqual([[], []]);
    expect(inert.map(({ logicalId }) => logicalId)).toEqual(['Subnets']);
    expect(requests).toMatchObject([{ name: 'streams', cluster: clustered }]);
    expect(setting('--maxmemory-policy')).toBe('noeviction');
    expect(requests[0]!.settings).not.toContain('--reserved-memory-percent');
    expect(told).toEqual([
      'ACL USERS',
      'ACL SETUSER default reset',
      'ACL SETUSER waybill reset >of-the-secret-and-long on ~waybill:* resetchannels -@all +@connection +@stream +info +cluster|slots',
    ]);
    expect(await shown()).toBe(ofServer());
  });

  test('a changed user is changed in the running server, which is stopped when the template loses it', async () => {
    await deploy(template());
    told = [];
    await deploy(template('on ~other:* +@all'));
    expect(requests).toHaveLength(1);
    expect(told).toContain('ACL SETUSER waybill reset >of-the-secret-and-long on ~other:* +@all');
    await deploy({ Resources: { Queue: { Type: 'AWS::SQS::Queue' } } });
    expect(servers[0]!.listening).toBe(false);
  });

  test('an access string that the server refuses fails the deployment, and no server is left', async () => {
    refused = 'ACL SETUSER waybill';
    await expect(deploy(template('on +@everything'))).rejects.toThrow(
      /The server of streams refuses its users: ERR Error in ACL SETUSER modifier/,
    );
    expect(servers[0]!.listening).toBe(false);
    refused = undefined;
    await deploy(template());
    refused = 'ACL SETUSER waybill';
    await expect(deploy(template('on +@everything'))).rejects.toThrow('refuses its users');
  });
});

test('a serverless cache is a cluster, and open where it has no users', async () => {
  await deploy(serverless());
  expect(requests).toMatchObject([{ name: 'streams', cluster: true }]);
  expect(told).toContain('ACL SETUSER default reset nopass on ~* &* +@all');
  expect(await shown()).toBe(ofServer());
});

test('where no server is installed the cache is refused, with what to do', async () => {
  const refusal = new BrokerError('WAYBILL_BROKER_NOT_INSTALLED', "run 'npm run brokers:install'");
  it.aws.services.memorydb.startServersWith(() => Promise.reject(refusal));
  await expect(deploy(memoryDb())).rejects.toThrow(
    /AWS::MemoryDB::Cluster Cache of the stack s could not be created: .*npm run brokers:install/,
  );
  const { clusters } = { clusters: await call('memorydb', 'DescribeClusters') };
  expect(clusters).toEqual({ Clusters: [] });
});

test('the installed server is refused in the words of its search', async () => {
  const start = startInstalled({ name: 'x', cluster: false, settings: ['--no-such-setting', 'x'] });
  await expect(start).rejects.toThrow(/^The embedded AWS has no server for this cache: /);
});

test('what is not in order is refused in the words of the services', async () => {
  const user = { UserId: 'a', UserName: 'a', Engine: 'redis', AccessString: 'on +@all' };
  await expect(call('elasticache', 'CreateUser', { ...user, Passwords: ['short'] })).rejects.toThrow(
    '16 to 128',
  );
  await call('elasticache', 'CreateUser', { ...user, NoPasswordRequired: true });
  const group = { UserGroupId: 'g', Engine: 'redis', UserIds: ['a'] };
  await expect(call('elasticache', 'CreateUserGroup', group)).rejects.toThrow('named default');
  await expect(
    call('elasticache', 'CreateReplicationGroup', { ReplicationGroupId: 'm', Engine: 'memcached' }),
  ).rejects.toThrow('not of memcached');
  await expect(call('memorydb', 'CreateCluster', { ClusterName: 'c', ACLName: 'none' })).rejects.toThrow(
    'ACL none not found',
  );
  await expect(call('memorydb', 'DescribeClusters', { ClusterName: 'c' })).rejects.toMatchObject({
    code: 'ClusterNotFoundFault',
  });
  expect(requests).toEqual([]);
});

test('over the wire: ElastiCache answers the Query protocol, MemoryDB JSON', async () => {
  await deploy(elastiCache());
  await deployStacks(it, { m: { template: memoryDb() } }).catch(() => undefined);
  const { port } = servers[0]!.address() as AddressInfo;
  const xml = await (
    await fetch(it.aws.endpointUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=DescribeReplicationGroups&Version=2015-02-02&ReplicationGroupId=streams',
    })
  ).text();
  expect(xml).toContain(
    '<ReplicationGroups><ReplicationGroup><ReplicationGroupId>streams</ReplicationGroupId>',
  );
  expect(xml).toContain(
    `<PrimaryEndpoint><Address>127.0.0.1</Address><Port>${port}</Port></PrimaryEndpoint>`,
  );
  const response = await fetch(it.aws.endpointUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonMemoryDB.DescribeACLs' },
    body: '{}',
  });
  expect(await response.json()).toMatchObject({ ACLs: [{ Name: 'clients', UserNames: ['waybill'] }] });
});
