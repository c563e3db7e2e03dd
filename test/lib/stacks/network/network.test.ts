/** What the network lets through, and what it does not: routes, security groups and network ACLs together. */
import { describe, expect, test } from '@jest/globals';
import { readAssembly } from '../../../../lib/assembly/index.ts';
import { onlySystems } from '../../../../lib/config/index.ts';
import type { EnvironmentConfig, EnvironmentName } from '../../../../lib/config/index.ts';
import { synthesize } from '../synthesize.ts';
import { Network } from './reachability.ts';
import type { End } from './reachability.ts';

const PORTS = { https: 443, database: 5432, kafka: 9098, amqp: 5671 } as const;

function networkOf(environment: EnvironmentName, changes: Partial<EnvironmentConfig> = {}): Network {
  const systems = onlySystems(['commerce']);
  return new Network(readAssembly(synthesize(environment, { systems, ...changes }).directory));
}

const named = (ends: readonly End[], part: string): End => {
  const found = ends.find(({ name }) => name.includes(part));
  if (found === undefined) throw new Error(`nothing is named ${part}`);
  return found;
};

// With interface endpoints and a network without the internet, and without both.
describe.each(['prod', 'dev'] as const)('%s', (environment) => {
  let made: Network | undefined;
  const network = () => (made ??= networkOf(environment));
  const functions = () => network().functions();
  const using = (variable: string) =>
    functions().filter(({ resource }) =>
      Object.keys(
        (resource.properties['Environment'] as { Variables?: object } | undefined)?.Variables ?? {},
      ).includes(variable),
    );

  test('functions reach the database, and it reaches nobody', () => {
    const [database] = network().databases();
    const clients = using('WAYBILL_DATABASE_SECRET_ARN');
    expect(clients.length).toBeGreaterThan(15);
    for (const one of clients) {
      expect([one.name, network().obstacles(one, database!, PORTS.database)]).toEqual([one.name, []]);
      expect(network().obstacles(one, database!, 22)).not.toEqual([]);
      expect(network().obstacles(database!, one, PORTS.https)).not.toEqual([]);
    }
    expect(network().obstaclesToInternet(database!, PORTS.https)).not.toEqual([]);
  });

  test('functions reach every endpoint, or by the NAT gateway the services themselves', () => {
    const endpoints = network().interfaceEndpoints();
    expect(endpoints.length).toBe(environment === 'prod' ? 10 : 0);
    for (const one of functions()) {
      for (const endpoint of endpoints) {
        expect([one.name, endpoint.name, network().obstacles(one, endpoint, PORTS.https)]).toEqual([
          one.name,
          endpoint.name,
          [],
        ]);
        expect(network().obstacles(one, endpoint, 80)).not.toEqual([]);
      }
      for (const service of ['s3', 'dynamodb']) {
        expect([one.name, network().obstaclesToGateway(one, service)]).toEqual([one.name, []]);
      }
      if (environment === 'dev') expect(network().obstaclesToInternet(one, PORTS.https)).toEqual([]);
    }
  });

  test('publishers and pollers reach the brokers, and the pollers what they call', () => {
    const [kafka] = network().kafka();
    const [broker] = network().messageBrokers();
    for (const [cluster, port, clients] of [
      [kafka!, PORTS.kafka, [named(functions(), 'Relay'), named(functions(), 'AnalyticsSink')]],
      [broker!, PORTS.amqp, using('WAYBILL_BROKER_ENDPOINT')],
    ] as const) {
      expect(clients).not.toEqual([]);
      for (const client of [...clients, cluster]) {
        expect([client.name, network().obstacles(client, cluster, port)]).toEqual([client.name, []]);
        expect(network().obstacles(client, cluster, 9092)).not.toEqual([]);
      }
      for (const service of environment === 'prod' ? ['Lambda', 'Sts', 'SecretsManager'] : []) {
        const endpoint = named(network().interfaceEndpoints(), `/${service}`);
        expect([service, network().obstacles(cluster, endpoint, PORTS.https)]).toEqual([service, []]);
      }
      // A function of another system has the group of the database's clients alone.
      const other = { ...clients[0]!, groups: named(functions(), 'Data/Migration').groups };
      expect(network().obstacles(other, cluster, port)).not.toEqual([]);
    }
    const rotation = named(functions(), 'BrokerRotation');
    expect(network().obstacles(rotation, broker!, PORTS.https)).toEqual([]);
  });

  test('the internet is within reach of what calls web servers, over HTTPS alone', () => {
    const webhooks = named(functions(), 'WebhookNotifications');
    expect(network().obstaclesToInternet(webhooks, PORTS.https)).toEqual([]);
    for (const port of [22, 25, 80, 8080]) {
      expect(network().obstaclesToInternet(webhooks, port)).not.toEqual([]);
      expect(network().obstaclesToInternet({ ...webhooks, groups: [] }, port)).not.toEqual([]);
    }
  });

  test('the ACLs alone refuse what no security group should open', () => {
    const [database] = network().databases();
    const everywhere = network().openEndIn('FunctionsSubnet');
    const from = network().openEndIn('PublicSubnet');
    expect(network().aclObstacles(from, database!, PORTS.database)).not.toEqual([]);
    expect(network().aclObstacles(from, everywhere, PORTS.https)).not.toEqual([]);
    expect(network().aclObstacles(database!, everywhere, PORTS.https)).not.toEqual([]);
    expect(network().aclObstacles(everywhere, database!, 22)).not.toEqual([]);
    expect(network().aclObstacles(everywhere, everywhere, 22)).not.toEqual([]);
    const isolated = network().openEndIn('IsolatedSubnet');
    expect(network().aclObstacles(from, isolated, PORTS.kafka)).not.toEqual([]);
    expect(network().aclObstacles(isolated, everywhere, 22)).not.toEqual([]);
  });
});

test('in prod what needs no internet has none, whatever its security group says', () => {
  const network = networkOf('prod');
  const own = network.functions().filter(({ name }) => name.startsWith('Commerce'));
  const without = own.filter(({ name }) => !name.includes('WebhookNotifications'));
  expect(without.length).toBe(own.length - 1);
  for (const one of without) {
    expect([one.name, network.obstaclesToInternet({ ...one, groups: [] }, PORTS.https)]).not.toEqual([
      one.name,
      [],
    ]);
  }
});

test('a network that is there already keeps its ACLs', () => {
  const { templates } = synthesize('dev', {
    systems: onlySystems(['commerce']),
    network: {
      kind: 'existing',
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['us-east-1a', 'us-east-1b'],
      privateSubnetIds: ['subnet-0aaa', 'subnet-0bbb'],
      isolatedSubnetIds: ['subnet-0ccc', 'subnet-0ddd'],
    },
  });
  const types = Object.values(templates).flatMap(({ Resources }) =>
    Object.values(Resources ?? {}).map(({ Type }) => Type),
  );
  expect(types.filter((type) => type.includes('NetworkAcl'))).toEqual([]);
});
