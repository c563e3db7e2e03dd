/**
 * Claims of event stores and servers of Redis Streams: who is declared to write there can, what is written reaches the
 * process of each consumer, and a consumer has effects by one transport alone.
 *
 * | claim | rests on |
 * |---|---|
 * | may write or read | the secret in a variable, the right to read it, and security groups |
 * | the process reads for the consumer | its variables name it, in its role; and at least one task is wanted |
 * | each event is there | somebody is declared to write it; to a server of Redis Streams, a mirror |
 * | nobody else | of a server of Redis Streams: who may read its user; of a process: what its variables name |
 *
 * Not proven: what the process does with an event once it has it, and network ACLs and routes.
 */
import { decide, needsOf } from '../access/index.ts';
import type { LambdaFunction, LongRunningProcess, Messaging, Role } from '../assembly/index.ts';
import { list, object } from '../assembly/property.ts';
import type { FollowsEdge, PublishesEdge } from '../topology/index.ts';
import type { Declared } from './declared.ts';
import { mayReach } from './network-reach.ts';
import { unmetNeeds } from './prove-privilege.ts';
import { unique } from './proof.ts';
import type { Break, BreakCode, Proof } from './proof.ts';

type StoreKind = 'database' | 'redis';
type Client = Pick<LambdaFunction | LongRunningProcess, 'resource' | 'roleArn' | 'environment'>;

/** Where the runtime finds each, and the port where the template does not say. */
const STORES = {
  database: { variable: 'WAYBILL_DATABASE_SECRET_ARN', port: 5432, transport: 'postgres' },
  redis: { variable: 'WAYBILL_REDIS_SECRET_ARN', port: 6379, transport: 'redis' },
} as const;

export function proveWriting(
  messaging: Messaging,
  declared: Declared,
  edge: PublishesEdge,
  kind: StoreKind,
): Proof {
  return {
    kind: 'publish',
    claim:
      edge.events.length === 0
        ? `${edge.from} looks at ${edge.to}`
        : `${edge.events.join(', ')} of ${edge.source}: ${edge.from} appends to ${edge.to}`,
    steps: [STORES[kind].variable],
    breaks: unique(accessBreaks(messaging, declared, edge.from, edge.to, kind)),
  };
}

export function proveFollowing(messaging: Messaging, declared: Declared): readonly Proof[] {
  return declared.topology.edges.flatMap((edge) =>
    edge.kind === 'follows' ? [proveFollower(messaging, declared, edge)] : [],
  );
}

function proveFollower(messaging: Messaging, declared: Declared, edge: FollowsEdge): Proof {
  const claim = `${edge.events.join(', ')} of ${edge.from} is read by ${edge.consumer}${edge.role === 'live' ? '' : ` (${edge.role})`}`;
  const kind: StoreKind = declared.node(edge.from)?.kind === 'redis' ? 'redis' : 'database';
  const process = processOf(messaging, declared, edge.to);
  if (process === undefined) {
    const breaks = [breakAt(edge.to, 'NO_PATH', 'no template holds its service', 'synthesize again')];
    return { kind: 'delivery', claim, steps: [], breaks };
  }
  const resource = process.resource.constructPath;
  const stopped =
    process.desiredCount >= 1
      ? []
      : [breakAt(resource, 'SWITCHED_OFF', 'no task of it is wanted', 'set DesiredCount to 1 or more')];
  return {
    kind: 'delivery',
    claim,
    steps: [`${resource}: ${variableOf(edge.role)}, ${process.desiredCount} tasks`],
    breaks: unique([
      ...stopped,
      ...variableBreaks(edge, kind, process),
      ...accessBreaks(messaging, declared, edge.to, edge.from, kind),
      ...unwritten(declared, edge),
    ]),
  };
}

const VARIABLES = {
  live: 'WAYBILL_AGENTS',
  next: 'WAYBILL_AGENTS',
  shadow: 'WAYBILL_SHADOW_AGENTS',
  mirror: 'WAYBILL_MIRROR_TO',
} as const;

function variableOf(role: FollowsEdge['role']): (typeof VARIABLES)[FollowsEdge['role']] {
  return VARIABLES[role];
}

/** What a variable calls the consumer: a shadow by its agent, a mirror by where it copies to. */
function nameIn({ role, consumer }: FollowsEdge): string {
  if (role === 'shadow') return consumer.replace(/-shadow$/, '');
  return role === 'mirror' ? consumer.replace(/^mirror-/, '') : consumer;
}

function variableBreaks(edge: FollowsEdge, kind: StoreKind, process: LongRunningProcess): readonly Break[] {
  const { environment, resource } = process;
  const variable = variableOf(edge.role);
  const { transport } = STORES[kind];
  const configured = namesIn(environment['WAYBILL_CONFIGURED_TRANSPORTS']);
  const isLive = configured.includes(`${edge.consumer}=${transport}`);
  const differs = (message: string, fix: string) =>
    breakAt(resource.constructPath, 'SETTING_DIFFERS', message, fix);
  return [
    ...(namesIn(environment[variable]).includes(nameIn(edge))
      ? []
      : [
          breakAt(
            resource.constructPath,
            'NO_PATH',
            `${variable} does not name ${nameIn(edge)}, so nobody reads for ${edge.consumer}`,
            `add ${nameIn(edge)} to it`,
          ),
        ]),
    ...(environment['WAYBILL_TRANSPORT'] === transport
      ? []
      : [differs(`WAYBILL_TRANSPORT is ${environment['WAYBILL_TRANSPORT']}`, `set it to ${transport}`)]),
    ...((edge.role === 'live' && !isLive) || (edge.role === 'next' && isLive)
      ? [
          differs(
            `WAYBILL_CONFIGURED_TRANSPORTS says that ${edge.consumer} is ${isLive ? '' : 'not '}live here, and the topology says the opposite`,
            'place the consumer on one transport',
          ),
        ]
      : []),
  ];
}

/** What nobody writes there cannot be read. Events reach a server of Redis Streams by a mirror, and no other way. */
function unwritten(declared: Declared, edge: FollowsEdge): readonly Break[] {
  const written = new Set(
    declared.topology.edges.flatMap((other) =>
      other.kind === 'publishes' && other.to === edge.from ? other.events : [],
    ),
  );
  return edge.events
    .filter((event) => !written.has(event))
    .map((event) =>
      breakAt(edge.from, 'NO_PATH', `nobody is declared to write ${event} there`, 'declare who appends it'),
    );
}

/** The client has the store's secret, may read it, and is let in by the store's security groups. */
function accessBreaks(
  messaging: Messaging,
  declared: Declared,
  clientId: string,
  storeId: string,
  kind: StoreKind,
): readonly Break[] {
  const client = clientOf(messaging, declared, clientId);
  const { variable, port } = STORES[kind];
  if (client === undefined) {
    return [breakAt(clientId, 'NO_PATH', 'no template holds it', 'synthesize again')];
  }
  const path = client.resource.constructPath;
  const secret = client.environment[variable];
  if (secret === undefined) {
    return [
      breakAt(
        path,
        'NO_PATH',
        `${variable} is not set, so its runtime does not find ${storeId}`,
        'give it the store',
      ),
    ];
  }
  const needs = needsOf(messaging).filter(
    ({ permission: { actor, resourceArn } }) =>
      actor.kind === 'role' && actor.role.arn === client.roleArn && resourceArn === secret,
  );
  const store = declared.resource(storeId);
  const servers = list(store?.properties['VpcSecurityGroupIds'] ?? store?.properties['SecurityGroupIds']);
  // A store that is there already decides itself whom it lets in.
  const isUnknown = store === undefined || servers.length === 0;
  const openPort = Number(store?.properties['Port'] ?? port);
  const isReached = isUnknown || mayReach(messaging, groupsOf(client), servers, openPort);
  return [
    ...unmetNeeds(messaging, needs),
    ...(isReached
      ? []
      : [
          breakAt(
            path,
            'PERMISSION_MISSING',
            `no security group of ${storeId} lets it in on port ${openPort}`,
            'give it the client security group of the store',
          ),
        ]),
  ];
}

/** Of a function, or of the service of a process. */
function groupsOf({ resource: { properties } }: Client): readonly unknown[] {
  const ofService = object(object(properties['NetworkConfiguration'])?.['AwsvpcConfiguration']);
  return list(object(properties['VpcConfig'])?.['SecurityGroupIds'] ?? ofService?.['SecurityGroups']);
}

/** Isolation: who reads a server of Redis Streams, what processes are told besides, and one live transport each. */
export function proveFollowers(messaging: Messaging, declared: Declared): readonly Proof[] {
  const { edges, nodes } = declared.topology;
  const follows = edges.filter((edge) => edge.kind === 'follows');
  const processes = [...new Set(follows.map(({ to }) => to))];
  const consumers = [
    ...new Set(follows.flatMap(({ consumer, role }) => (role === 'live' || role === 'next' ? consumer : []))),
  ];
  return [
    ...processes.map((id) => proveOnlyDeclared(messaging, declared, id, follows)),
    ...consumers.map((consumer) => proveOneTransport(declared, consumer)),
    ...nodes
      .filter(({ kind }) => kind === 'redis')
      .map(({ id }) => proveNoOtherClients(messaging, declared, id)),
  ];
}

function proveOnlyDeclared(
  messaging: Messaging,
  declared: Declared,
  id: string,
  follows: readonly FollowsEdge[],
): Proof {
  const process = processOf(messaging, declared, id);
  const own = follows.filter(({ to }) => to === id);
  const breaks = Object.values(VARIABLES).flatMap((variable) => {
    const expected = new Set(own.filter(({ role }) => variableOf(role) === variable).map(nameIn));
    return namesIn(process?.environment[variable])
      .filter((name) => !expected.has(name))
      .map((name) =>
        breakAt(
          process?.resource.constructPath ?? id,
          'LET_THROUGH',
          `${variable} names ${name}, which no edge declares`,
          'declare that the process follows for it, or take the name out',
        ),
      );
  });
  return {
    kind: 'isolation',
    claim: `only what is declared is read by ${id}`,
    steps: own.map(({ consumer, role }) => `${consumer} (${role})`),
    breaks: unique(breaks),
  };
}

/** Two that take an event live would both have its effect, as far as the first deployment decides. */
function proveOneTransport(declared: Declared, consumer: string): Proof {
  const live = declared.topology.edges.filter(
    (edge) =>
      (edge.kind === 'follows' && edge.consumer === consumer && edge.role === 'live') ||
      (edge.kind === 'consumes' && edge.consumer === consumer && edge.standby !== true),
  );
  return {
    kind: 'isolation',
    claim: `${consumer} has effects by one transport`,
    steps: live.map(({ from, to }) => `${from} -> ${to}`),
    breaks:
      live.length === 1
        ? []
        : [
            breakAt(
              live[0]?.to ?? consumer,
              live.length === 0 ? 'SWITCHED_OFF' : 'LET_THROUGH',
              live.length === 0
                ? `${consumer} is live nowhere`
                : `${consumer} is live on ${live.map(({ from }) => from).join(' and ')}`,
              'place it on one transport',
            ),
          ],
  };
}

/** The server knows its user and nobody else; who may read the user's secret is who may read and write events. */
function proveNoOtherClients(messaging: Messaging, declared: Declared, id: string): Proof {
  const known = new Set(
    declared.topology.edges.flatMap((edge) => {
      if (edge.kind === 'follows' && edge.from === id)
        return clientOf(messaging, declared, edge.to)?.roleArn ?? [];
      return (edge.kind === 'publishes' || edge.kind === 'accesses') && edge.to === id
        ? (clientOf(messaging, declared, edge.from)?.roleArn ?? [])
        : [];
    }),
  );
  const secrets = new Set(
    [...messaging.functions, ...messaging.processes]
      .filter(({ roleArn }) => roleArn !== undefined && known.has(roleArn))
      .flatMap(({ environment }) => environment[STORES.redis.variable] ?? []),
  );
  const breaks = [...secrets].flatMap((secret) =>
    messaging.roles
      .filter(({ arn }) => !known.has(arn))
      .filter((role) => mayRead(messaging, role, secret))
      .map((role) =>
        breakAt(
          role.resource.constructPath,
          'PERMISSION_TOO_WIDE',
          `its policies let it read the user of ${id}, and no edge connects them`,
          'declare the reader or writer, or take the grant away',
        ),
      ),
  );
  return {
    kind: 'isolation',
    claim: `nobody else reads or writes ${id}`,
    steps: ['secretsmanager:GetSecretValue'],
    breaks: unique(breaks),
  };
}

function mayRead(messaging: Messaging, role: Role, resourceArn: string): boolean {
  const permission = {
    actor: { kind: 'role' as const, role },
    action: 'secretsmanager:GetSecretValue',
    resourceArn,
  };
  return decide(messaging, permission).verdict === 'allowed';
}

function clientOf(messaging: Messaging, declared: Declared, id: string): Client | undefined {
  return messaging.function(declared.resource(id)?.arn) ?? processOf(messaging, declared, id);
}

function processOf(messaging: Messaging, declared: Declared, id: string): LongRunningProcess | undefined {
  const service = declared.resource(id);
  return service && messaging.processes.find(({ resource }) => resource === service);
}

function namesIn(variable: string | undefined): readonly string[] {
  return (variable ?? '').split(',').filter((name) => name !== '');
}

type Suffix<Code extends string> = Code extends `WAYBILL_PROOF_${infer Rest}` ? Rest : never;

function breakAt(resource: string, code: Suffix<BreakCode>, message: string, fix: string): Break {
  return { code: `WAYBILL_PROOF_${code}`, resource, message, fix };
}
