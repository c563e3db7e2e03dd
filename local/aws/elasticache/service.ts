/**
 * The embedded Amazon ElastiCache: replication groups and serverless caches of Redis OSS and Valkey, each one real server
 * of this machine. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/
 */
import { createHash } from 'node:crypto';

import { actionNamed } from '../actions.ts';
import { createCacheServers, OPEN, startInstalled } from '../caches/index.ts';
import type { CacheUser, StartRedis } from '../caches/index.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../context.ts';
import type { Input } from '../input.ts';
import { exists, invalidValue, notFound, optionalText, requiredText, textList } from './errors.ts';
import type { Cache, ParameterGroup } from './model.ts';
import { createUsers } from './users.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly elasticache: ElastiCacheService;
  }
}

/** ElastiCache as other code in this process uses it. */
export interface ElastiCacheService extends AwsService {
  readonly name: 'elasticache';
  /** How servers are started from now on. */
  startServersWith(start: StartRedis): void;
  /** `redis://127.0.0.1:PORT` of a replication group or a serverless cache, without a user. @throws AwsError */
  url(cache: string): Promise<string>;
  /** The names that a cache has in AWS, for templates. @throws AwsError */
  addresses(cache: string): Cache['addresses'];
  withLocalAddresses(text: string): string;
}

const ENGINES = ['redis', 'valkey'];
const ID = /^[a-z](?:[a-z0-9]|-(?!-|$)){0,39}$/i;
const HASH_CHARACTERS = 6;

/** @param given how servers are started. @default - the Redis or Valkey that is installed */
export function createElastiCacheService(context: AwsContext, given?: StartRedis): ElastiCacheService {
  const kept = context.state.collection<Cache>('elasticache.caches');
  const keptParameters = context.state.collection<ParameterGroup>('elasticache.parameter-groups');
  const caches = new Map<string, Cache>(kept.entries());
  const parameterGroups = new Map<string, ParameterGroup>(keptParameters.entries());
  const servers = createCacheServers(given ?? startInstalled);
  const users = createUsers(context, async (groupId) => {
    for (const cache of caches.values()) if (cache.userGroupId === groupId) await giveUsers(cache);
  });
  const giveUsers = (cache: Cache): Promise<void> => servers.setUsers(cache.id, usersOf(cache));
  const usersOf = ({ userGroupId, authToken }: Cache): readonly CacheUser[] => {
    if (userGroupId !== undefined) return users.ofGroup(userGroupId);
    return authToken === undefined
      ? [OPEN]
      : [{ ...OPEN, authentication: 'password', passwords: [authToken] }];
  };
  const save = (cache: Cache): Cache => {
    caches.set(cache.id, cache);
    kept.put(cache.id, cache);
    return cache;
  };
  const forget = (cache: Cache): void => {
    caches.delete(cache.id);
    kept.delete(cache.id);
  };
  const get = (id: string): Cache => {
    const found = caches.get(id.toLowerCase()) ?? [...caches.values()].find(({ arn }) => arn === id);
    if (found === undefined)
      throw notFound('ReplicationGroupNotFoundFault', `Replication group ${id} not found.`);
    return found;
  };
  const start = async (cache: Cache) => {
    const known = servers.of(cache.id);
    if (known !== undefined) return known;
    const { id: name, clustered: cluster, parameters, addresses } = cache;
    return servers.start({ name, cluster, parameters, users: usersOf(cache) }, [
      ...new Set(Object.values(addresses)),
    ]);
  };
  const create = async (cache: Cache): Promise<Cache> => {
    if (caches.has(cache.id)) {
      throw exists(
        cache.kind === 'serverless' ? 'ServerlessCache' : 'ReplicationGroup',
        `${cache.id} already exists.`,
      );
    }
    save(cache);
    try {
      await start(cache);
    } catch (error) {
      forget(cache);
      throw error;
    }
    return cache;
  };
  const remove = async (cache: Cache): Promise<void> => {
    forget(cache);
    await servers.stop(cache.id);
  };
  const place = `${context.region}:${context.accountId}`;
  const newCache = (
    input: Input,
    id: string,
    kind: Cache['kind'],
    about: Pick<Cache, 'clustered' | 'parameters' | 'userGroupId'>,
  ): Cache => {
    if (!ID.test(id))
      throw invalidValue(`The name ${id} is not valid: letters, digits and single hyphens, at most 40.`);
    const engine = (optionalText(input, 'Engine') ?? 'redis').toLowerCase();
    if (!ENGINES.includes(engine)) {
      throw invalidValue(`The embedded AWS runs caches of Valkey and Redis OSS, not of ${engine}.`);
    }
    return {
      id: id.toLowerCase(),
      kind,
      arn: `arn:aws:elasticache:${place}:${kind === 'serverless' ? 'serverlesscache' : 'replicationgroup'}:${id.toLowerCase()}`,
      engine,
      addresses: addressesOf(id.toLowerCase(), kind, place),
      authToken: optionalText(input, 'AuthToken'),
      description:
        optionalText(input, 'ReplicationGroupDescription') ?? optionalText(input, 'Description') ?? '',
      createdAt: context.clock.now(),
      ...about,
    };
  };
  const view = async (cache: Cache) => {
    const { host: Address, port: Port } = await start(cache);
    return cache.kind === 'serverless'
      ? describeServerless(cache, { Address, Port })
      : describeGroup(cache, { Address, Port });
  };
  const ofKind = (kind: Cache['kind'], id: string | undefined) =>
    Promise.all(
      (id === undefined ? [...caches.values()].filter((one) => one.kind === kind) : [get(id)]).map(view),
    );

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    ...users.actions,
    async CreateReplicationGroup(input) {
      const group = optionalText(input, 'CacheParameterGroupName');
      const parameters = parametersOf(parameterGroups, group);
      const cache = newCache(input, requiredText(input, 'ReplicationGroupId'), 'replication-group', {
        parameters,
        userGroupId: textList(input, 'UserGroupIds')[0],
        clustered:
          Number(input['NumNodeGroups'] ?? 1) > 1 ||
          parameters['cluster-enabled'] === 'yes' ||
          group?.endsWith('.cluster.on') === true ||
          input['ClusterMode'] === 'enabled',
      });
      return { ReplicationGroup: await view(await create(cache)) };
    },
    async ModifyReplicationGroup(input) {
      const before = get(requiredText(input, 'ReplicationGroupId'));
      const [added] = textList(input, 'UserGroupIdsToAdd');
      const removed = textList(input, 'UserGroupIdsToRemove');
      const left = removed.includes(before.userGroupId ?? '') ? undefined : before.userGroupId;
      const authToken = optionalText(input, 'AuthToken') ?? before.authToken;
      const after = save({ ...before, userGroupId: added ?? left, authToken });
      try {
        await giveUsers(after);
      } catch (error) {
        save(before);
        throw error;
      }
      return { ReplicationGroup: await view(after) };
    },
    async DescribeReplicationGroups(input) {
      const found = await ofKind('replication-group', optionalText(input, 'ReplicationGroupId'));
      return { ReplicationGroups: { ReplicationGroup: found } };
    },
    async DeleteReplicationGroup(input) {
      const cache = get(requiredText(input, 'ReplicationGroupId'));
      await remove(cache);
      return { ReplicationGroup: { ReplicationGroupId: cache.id, ARN: cache.arn, Status: 'deleting' } };
    },
    async CreateServerlessCache(input) {
      const name = requiredText(input, 'ServerlessCacheName');
      const cache = newCache(input, name, 'serverless', {
        parameters: {},
        userGroupId: optionalText(input, 'UserGroupId'),
        // AmazonElastiCache/latest/dg/Replication.Redis-RedisCluster.html: always in cluster mode.
        clustered: true,
      });
      return { ServerlessCache: await view(await create(cache)) };
    },
    async ModifyServerlessCache(input) {
      const before = get(requiredText(input, 'ServerlessCacheName'));
      const removed = input['RemoveUserGroup'] === true ? undefined : before.userGroupId;
      const after = save({ ...before, userGroupId: optionalText(input, 'UserGroupId') ?? removed });
      await giveUsers(after);
      return { ServerlessCache: await view(after) };
    },
    async DescribeServerlessCaches(input) {
      return { ServerlessCaches: await ofKind('serverless', optionalText(input, 'ServerlessCacheName')) };
    },
    async DeleteServerlessCache(input) {
      const cache = get(requiredText(input, 'ServerlessCacheName'));
      await remove(cache);
      return { ServerlessCache: { ServerlessCacheName: cache.id, ARN: cache.arn, Status: 'deleting' } };
    },
    CreateCacheParameterGroup(input) {
      const group: ParameterGroup = {
        name: requiredText(input, 'CacheParameterGroupName').toLowerCase(),
        family: requiredText(input, 'CacheParameterGroupFamily'),
        // The API takes them in a call of its own; templates bring them along.
        parameters: (input['Parameters'] as ParameterGroup['parameters'] | undefined) ?? {},
      };
      parameterGroups.set(group.name, group);
      keptParameters.put(group.name, group);
      const { name: CacheParameterGroupName, family: CacheParameterGroupFamily } = group;
      return { CacheParameterGroup: { CacheParameterGroupName, CacheParameterGroupFamily } };
    },
    DeleteCacheParameterGroup(input) {
      const name = requiredText(input, 'CacheParameterGroupName').toLowerCase();
      parameterGroups.delete(name);
      keptParameters.delete(name);
      return {};
    },
  };

  // Caches from before run again, empty, once the caller had his say in how they are started.
  const restoring = setImmediate(() => {
    for (const cache of caches.values()) void start(cache).catch(() => undefined);
  });

  return {
    name: 'elasticache',
    protocols: {
      query: {
        apiVersion: '2015-02-02',
        xmlNamespace: 'http://elasticache.amazonaws.com/doc/2015-02-02/',
        integers: ['NumNodeGroups', 'Port'],
        booleans: ['NoPasswordRequired', 'RemoveUserGroup', 'TransitEncryptionEnabled'],
        outputs: Object.fromEntries(
          ['NodeGroup', 'NodeGroupMember', 'ReplicationGroup'].map((element) => [element, { element }]),
        ),
        timestamps: ['CreateTime', 'ReplicationGroupCreateTime'],
      },
    },
    async handle(action, input) {
      return actionNamed(actions, 'elasticache', action)(input);
    },
    authorization: (action, input) => authorization(place, action, input),
    startServersWith: (start) => servers.startWith(start),
    async url(cache) {
      const { host, port } = await start(get(cache));
      return `redis://${host}:${port}`;
    },
    addresses: (cache) => get(cache).addresses,
    withLocalAddresses: (text) => servers.withLocalAddresses(text),
    async close() {
      clearImmediate(restoring);
      await servers.close();
    },
  };
}

function parametersOf(
  groups: ReadonlyMap<string, ParameterGroup>,
  name: string | undefined,
): ParameterGroup['parameters'] {
  if (name === undefined || name.startsWith('default.')) return {};
  const group = groups.get(name.toLowerCase());
  if (group === undefined)
    throw notFound('CacheParameterGroupNotFound', `CacheParameterGroup ${name} not found.`);
  return group.parameters;
}

/** Names in AWS's style: nobody else has them, and texts that hold them can be told. */
function addressesOf(id: string, kind: Cache['kind'], place: string): Cache['addresses'] {
  const hash = createHash('sha256').update(`${place}/${kind}/${id}`).digest('hex').slice(0, HASH_CHARACTERS);
  const region = place.split(':')[0] ?? '';
  const suffix = `${region}.cache.amazonaws.com`;
  if (kind === 'serverless') {
    const one = `${id}-${hash}.serverless.${suffix}`;
    return { primary: one, reader: one, configuration: one };
  }
  return {
    primary: `master.${id}.${hash}.${suffix}`,
    reader: `replica.${id}.${hash}.${suffix}`,
    configuration: `clustercfg.${id}.${hash}.${suffix}`,
  };
}

interface Endpoint {
  readonly Address: string;
  readonly Port: number;
}

function describeGroup(cache: Cache, endpoint: Endpoint) {
  return {
    ReplicationGroupId: cache.id,
    Description: cache.description,
    Status: 'available',
    ARN: cache.arn,
    Engine: cache.engine,
    ClusterEnabled: cache.clustered,
    ReplicationGroupCreateTime: cache.createdAt / 1000,
    ...(cache.clustered && { ConfigurationEndpoint: endpoint }),
    NodeGroups: {
      NodeGroup: [
        { NodeGroupId: '0001', Status: 'available', PrimaryEndpoint: endpoint, ReaderEndpoint: endpoint },
      ],
    },
    // The loopback has none, whatever the template says.
    TransitEncryptionEnabled: false,
    ...(cache.userGroupId !== undefined && { UserGroupIds: [cache.userGroupId] }),
  };
}

function describeServerless(cache: Cache, endpoint: Endpoint) {
  return {
    ServerlessCacheName: cache.id,
    Description: cache.description,
    Status: 'available',
    ARN: cache.arn,
    Engine: cache.engine,
    CreateTime: cache.createdAt / 1000,
    Endpoint: endpoint,
    ReaderEndpoint: endpoint,
    ...(cache.userGroupId !== undefined && { UserGroupId: cache.userGroupId }),
  };
}

/** What an action is on, by the parameter that names it. service-authorization/latest/reference/list_amazonelasticache.html */
const RESOURCES: readonly (readonly [parameter: string, kind: string])[] = [
  ['ReplicationGroupId', 'replicationgroup'],
  ['ServerlessCacheName', 'serverlesscache'],
  ['UserId', 'user'],
  ['UserGroupId', 'usergroup'],
  ['CacheParameterGroupName', 'parametergroup'],
];

function authorization(place: string, action: string, input: Input): readonly AuthorizationRequest[] {
  const named = RESOURCES.find(([parameter]) => typeof input[parameter] === 'string');
  const [parameter = '', kind = ''] = named ?? [];
  const resourceArn =
    named === undefined ? '*' : `arn:aws:elasticache:${place}:${kind}:${String(input[parameter])}`;
  return [{ action: `elasticache:${action}`, resourceArn }];
}
