import { describe, expect, test } from '@jest/globals';
import { agentConsumes, agentNames } from '../../../catalog/agents/index.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import { onlySystems } from '../../../lib/config/index.ts';
import type { AgentPlacement, EnvironmentName } from '../../../lib/config/index.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { broken } from '../proofs/support.ts';
import { synthesize } from './synthesize.ts';
import type { Resource, Synthesized } from './synthesize.ts';
import { perEnvironment, testSystem } from './system.ts';

testSystem('agents', {
  stacks: ['Agents'],
  resources: {
    'AWS::Lambda::Function': 5,
    'AWS::ECS::Service': 1,
    'AWS::Scheduler::Schedule': 2,
    'AWS::ApiGatewayV2::Route': 7,
    'AWS::SQS::Queue': 2,
    'AWS::CloudWatch::Alarm': 35,
  },
  proofs: { publish: 3, delivery: 8, isolation: 9, privilege: 8, alarm: 35 },
  edges: ['publishes', 'follows', 'invokes', 'deadLetters', 'alerts'],
});

const systems = onlySystems(['agents']);
const placed = (environment: EnvironmentName, agents: AgentPlacement) =>
  synthesize(environment, { systems, agents });
/** All that can be wired at once. */
const movable = perEnvironment((environment) =>
  placed(environment, { transport: 'postgres', next: ['redis', 'sns-sqs'] }),
);

const ofType = ({ templates }: Synthesized, type: string): readonly Resource[] =>
  Object.values(templates).flatMap(({ Resources = {} }) =>
    Object.values(Resources).filter(({ Type }) => Type === type),
  );

describe.each(['local', 'prod'] as const)('agents that can move, %s', (environment) => {
  test('cdk-nag and the guards find nothing that is not acknowledged, and everything is proven', () => {
    const found = movable(environment);
    const assembly = readAssembly(found.directory);

    expect(found.violations).toEqual([]);
    expect(checkAssembly(assembly).map(({ guard, finding }) => describeFinding(guard, finding))).toEqual([]);
    expect(broken(proveAssembly(assembly))).toEqual([]);
  });

  test('each event reaches each of its agents by each transport, and nobody else', () => {
    const { edges } = movable(environment).topology;
    for (const agent of agentNames) {
      const events = agentConsumes[agent].map(({ name }) => name).toSorted();
      const follows = edges.filter((edge) => edge.kind === 'follows' && edge.consumer === agent);
      const queues = edges.flatMap((edge) =>
        edge.kind === 'consumes' && edge.consumer === agent ? edge : [],
      );
      const subscribed = edges.filter((edge) => edge.kind === 'subscribes' && edge.to === queues[0]?.from);
      expect(follows).toEqual([
        expect.objectContaining({ role: 'next', from: 'Agents/Redis', to: 'Agents/AgentsRedis' }),
        expect.objectContaining({ role: 'live', from: 'Data/Database', to: 'Agents/AgentsPostgres' }),
      ]);
      for (const edge of [...follows, ...subscribed]) {
        expect({ agent, events: 'events' in edge ? edge.events?.toSorted() : [] }).toEqual({ agent, events });
      }
      // Held until the agent is moved.
      expect(queues).toEqual([expect.objectContaining({ standby: true })]);
    }
  });

  test('the mappings of agents are off, those of shadows on', () => {
    const mappings = ofType(movable(environment), 'AWS::Lambda::EventSourceMapping');

    const enabled = mappings.map(({ Properties }) => Properties?.['Enabled'] ?? true);
    expect(enabled.filter((one) => one === false)).toHaveLength(agentNames.length);
    expect(enabled.filter((one) => one === true)).toHaveLength(agentNames.length);
  });

  test('three services run: agents on PostgreSQL, agents on Redis, and the mirror to both', () => {
    const services = ofType(movable(environment), 'AWS::ECS::Service');
    const variables = ofType(movable(environment), 'AWS::ECS::TaskDefinition').map(variablesOf);

    expect(services).toHaveLength(3);
    for (const { Properties } of services) expect(Properties?.['DesiredCount']).toBeGreaterThan(0);
    expect(variables).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          WAYBILL_TRANSPORT: 'postgres',
          WAYBILL_AGENTS: agentNames.join(','),
        }),
        expect.objectContaining({
          WAYBILL_TRANSPORT: 'redis',
          WAYBILL_AGENTS: agentNames.join(','),
          WAYBILL_SHADOW_AGENTS: agentNames.join(','),
        }),
        expect.objectContaining({ WAYBILL_TRANSPORT: 'postgres', WAYBILL_MIRROR_TO: 'redis,sns-sqs' }),
      ]),
    );
    expect(
      variables.some((one) => one['WAYBILL_TRANSPORT'] === 'postgres' && 'WAYBILL_SHADOW_AGENTS' in one),
    ).toBe(false);
  });
});

describe.each([
  ['postgres', { services: 1, topics: 0, servers: 0 }],
  ['redis', { services: 2, topics: 0, servers: 1 }],
  ['sns-sqs', { services: 1, topics: 1, servers: 0 }],
] as const)('agents on %s alone', (transport, expected) => {
  const found = placed('dev', { transport });

  test('there is what it takes, and nothing of the others', () => {
    expect({
      services: ofType(found, 'AWS::ECS::Service').length,
      // Besides that of alarms.
      topics: ofType(found, 'AWS::SNS::Topic').length - 1,
      servers: ofType(found, 'AWS::ElastiCache::ReplicationGroup').length,
    }).toEqual(expected);
  });

  test('everything is proven', () => {
    const assembly = readAssembly(found.directory);

    expect(found.violations).toEqual([]);
    expect(broken(proveAssembly(assembly))).toEqual([]);
  });
});

test.each(['local', 'prod'] as const)(
  '%s: a server of Redis Streams never evicts, and speaks TLS alone',
  (environment) => {
    const found = movable(environment);
    const [cluster] = ofType(found, 'AWS::MemoryDB::Cluster');
    const [group] = ofType(found, 'AWS::ElastiCache::ReplicationGroup');
    const [parameters] = [
      ...ofType(found, 'AWS::MemoryDB::ParameterGroup'),
      ...ofType(found, 'AWS::ElastiCache::ParameterGroup'),
    ];

    expect(JSON.stringify(parameters?.Properties)).toContain('"maxmemory-policy":"noeviction"');
    if (environment === 'prod') {
      expect(cluster?.Properties).toMatchObject({ TLSEnabled: true, NumReplicasPerShard: 1 });
    } else {
      expect(group?.Properties).toMatchObject({
        TransitEncryptionEnabled: true,
        TransitEncryptionMode: 'required',
      });
    }
  },
);

test('a task drains before it is killed, writes nothing but its health file, and is checked', () => {
  for (const { Properties } of ofType(movable('prod'), 'AWS::ECS::TaskDefinition')) {
    const [container] = (Properties?.['ContainerDefinitions'] ?? []) as Readonly<Record<string, unknown>>[];
    expect(container).toMatchObject({ ReadonlyRootFilesystem: true, StopTimeout: 90 });
    expect(JSON.stringify(container?.['HealthCheck'])).toContain('/tmp/waybill-healthy');
  }
});

function variablesOf({ Properties }: Resource): Readonly<Record<string, unknown>> {
  const [container] = (Properties?.['ContainerDefinitions'] ?? []) as {
    readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  }[];
  return Object.fromEntries(container?.Environment.map(({ Name, Value }) => [Name, Value]) ?? []);
}
