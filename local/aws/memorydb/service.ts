/**
 * The embedded Amazon MemoryDB: clusters, each one real Redis or Valkey server of this machine with all slots, and the
 * users of their access control lists. https://docs.aws.amazon.com/memorydb/latest/APIReference/
 */
import { createHash } from 'node:crypto';

import { actionNamed } from '../actions.ts';
import { createCacheServers, OPEN, startInstalled } from '../caches/index.ts';
import type { CacheUser, StartRedis } from '../caches/index.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { invalidValue, optionalText, requiredText, textList } from './errors.ts';
import { table } from './table.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly memorydb: MemoryDbService;
  }
}

/** MemoryDB as other code in this process uses it. */
export interface MemoryDbService extends AwsService {
  readonly name: 'memorydb';
  /** How servers are started from now on. */
  startServersWith(start: StartRedis): void;
  /** `redis://127.0.0.1:PORT` of a cluster, without a user. @throws AwsError ClusterNotFoundFault */
  url(cluster: string): Promise<string>;
  /** The name that the cluster's endpoint has in AWS, for templates. @throws AwsError ClusterNotFoundFault */
  address(cluster: string): string;
  withLocalAddresses(text: string): string;
}

interface Cluster {
  readonly name: string;
  readonly arn: string;
  readonly address: string;
  readonly aclName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Input;
}

interface Acl {
  readonly name: string;
  readonly arn: string;
  readonly userNames: readonly string[];
}

interface User extends CacheUser {
  readonly arn: string;
}

interface ParameterGroup {
  readonly name: string;
  readonly arn: string;
  readonly family: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** memorydb/latest/APIReference/API_CreateCluster.html and API_CreateUser.html */
const NAME = /^[a-z](?:[a-z0-9]|-(?!-|$)){0,39}$/i;
const PASSWORD = /^[^\s/"@]{16,128}$/;
const PASSWORDS = 2;
/** Everybody may do everything. memorydb/latest/devguide/clusters.acls.html */
const OPEN_ACCESS = 'open-access';
const HASH_CHARACTERS = 6;
const SETTINGS = ['Description', 'Engine', 'EngineVersion', 'NodeType', 'NumReplicasPerShard', 'NumShards'];

/** @param given how servers are started. @default - the Redis or Valkey that is installed */
export function createMemoryDbService(context: AwsContext, given?: StartRedis): MemoryDbService {
  const place = `${context.region}:${context.accountId}`;
  const clusters = table<Cluster>(context, 'memorydb.clusters', 'Cluster');
  const acls = table<Acl>(context, 'memorydb.acls', 'ACL');
  const users = table<User>(context, 'memorydb.users', 'User');
  const parameterGroups = table<ParameterGroup>(context, 'memorydb.parameter-groups', 'ParameterGroup');
  const servers = createCacheServers(given ?? startInstalled);

  const usersOf = ({ aclName }: Cluster): readonly CacheUser[] =>
    aclName === OPEN_ACCESS ? [OPEN] : acls.get(aclName).userNames.map((name) => users.get(name));
  const start = async (cluster: Cluster) => {
    const known = servers.of(cluster.name);
    if (known !== undefined) return known;
    const { name, parameters, address } = cluster;
    return servers.start({ name, cluster: true, parameters, users: usersOf(cluster) }, [address]);
  };
  /** Clusters of these lists get their users again; where one refuses them, `undo` is called. */
  const giveUsers = async (aclNames: readonly string[], undo: () => void): Promise<void> => {
    try {
      for (const cluster of clusters.all()) {
        if (aclNames.includes(cluster.aclName)) await servers.setUsers(cluster.name, usersOf(cluster));
      }
    } catch (error) {
      undo();
      throw error;
    }
  };
  const view = async (cluster: Cluster) => {
    const { host: Address, port: Port } = await start(cluster);
    return describeCluster(cluster, { Address, Port });
  };
  const arnOf = (kind: string, name: string): string => `arn:aws:memorydb:${place}:${kind}/${name}`;
  const named = (input: Input, parameter: string): string => {
    const name = requiredText(input, parameter).toLowerCase();
    if (!NAME.test(name)) {
      throw invalidValue(`The name ${name} is not valid: letters, digits and single hyphens, at most 40.`);
    }
    return name;
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    async CreateCluster(input) {
      const name = named(input, 'ClusterName');
      const group = optionalText(input, 'ParameterGroupName');
      const aclName = requiredText(input, 'ACLName').toLowerCase();
      const cluster = clusters.create({
        name,
        arn: arnOf('cluster', name),
        address: addressOf(name, place),
        aclName,
        parameters:
          group === undefined || group.startsWith('default.') ? {} : parameterGroups.get(group).parameters,
        settings: Object.fromEntries(SETTINGS.filter((one) => one in input).map((one) => [one, input[one]])),
      });
      try {
        return { Cluster: await view(cluster) };
      } catch (error) {
        clusters.delete(name);
        throw error;
      }
    },
    async UpdateCluster(input) {
      const before = clusters.get(requiredText(input, 'ClusterName'));
      const aclName = (optionalText(input, 'ACLName') ?? before.aclName).toLowerCase();
      const after = clusters.put({ ...before, aclName });
      await giveUsers([aclName], () => clusters.put(before));
      return { Cluster: await view(after) };
    },
    async DescribeClusters(input) {
      const name = optionalText(input, 'ClusterName');
      const found = name === undefined ? clusters.all() : [clusters.get(name)];
      return { Clusters: await Promise.all(found.map(view)) };
    },
    async DeleteCluster(input) {
      const cluster = clusters.get(requiredText(input, 'ClusterName'));
      clusters.delete(cluster.name);
      await servers.stop(cluster.name);
      return { Cluster: { Name: cluster.name, ARN: cluster.arn, Status: 'deleting' } };
    },
    CreateUser(input) {
      const name = named(input, 'UserName');
      const accessString = requiredText(input, 'AccessString');
      const user = users.create({ name, arn: arnOf('user', name), accessString, ...authenticationOf(input) });
      return { User: describeUser(user, acls.all()) };
    },
    async UpdateUser(input) {
      const before = users.get(requiredText(input, 'UserName'));
      const after = users.put({
        ...before,
        accessString: optionalText(input, 'AccessString') ?? before.accessString,
        ...(input['AuthenticationMode'] !== undefined && authenticationOf(input)),
      });
      const lists = acls.all().filter(({ userNames }) => userNames.includes(after.name));
      await giveUsers(
        lists.map(({ name }) => name),
        () => users.put(before),
      );
      return { User: describeUser(after, acls.all()) };
    },
    DeleteUser(input) {
      const user = users.get(requiredText(input, 'UserName'));
      const list = acls.all().find(({ userNames }) => userNames.includes(user.name));
      if (list !== undefined) {
        throw new AwsError('InvalidUserStateFault', `User ${user.name} is in the ACL ${list.name}.`);
      }
      users.delete(user.name);
      return { User: describeUser(user, []) };
    },
    DescribeUsers(input) {
      const name = optionalText(input, 'UserName');
      const found = name === undefined ? users.all() : [users.get(name)];
      return { Users: found.map((user) => describeUser(user, acls.all())) };
    },
    CreateACL(input) {
      const name = named(input, 'ACLName');
      const userNames = textList(input, 'UserNames').map((user) => users.get(user).name);
      return { ACL: describeAcl(acls.create({ name, arn: arnOf('acl', name), userNames })) };
    },
    async UpdateACL(input) {
      const before = acls.get(requiredText(input, 'ACLName'));
      const removed = new Set(textList(input, 'UserNamesToRemove').map((name) => name.toLowerCase()));
      const added = textList(input, 'UserNamesToAdd').map((name) => users.get(name).name);
      const left = before.userNames.filter((name) => !removed.has(name));
      const after = acls.put({ ...before, userNames: [...new Set([...left, ...added])] });
      await giveUsers([after.name], () => acls.put(before));
      return { ACL: describeAcl(after) };
    },
    DescribeACLs(input) {
      const name = optionalText(input, 'ACLName');
      return { ACLs: (name === undefined ? acls.all() : [acls.get(name)]).map(describeAcl) };
    },
    DeleteACL(input) {
      const acl = acls.get(requiredText(input, 'ACLName'));
      if (clusters.all().some(({ aclName }) => aclName === acl.name)) {
        throw new AwsError('InvalidACLStateFault', `The ACL ${acl.name} is in use by a cluster.`);
      }
      acls.delete(acl.name);
      return { ACL: describeAcl(acl) };
    },
    CreateParameterGroup(input) {
      const name = named(input, 'ParameterGroupName');
      const group = parameterGroups.create({
        name,
        arn: arnOf('parametergroup', name),
        family: requiredText(input, 'Family'),
        // The API takes them in a call of its own; templates bring them along.
        parameters: (input['Parameters'] as ParameterGroup['parameters'] | undefined) ?? {},
      });
      return { ParameterGroup: { Name: group.name, Family: group.family, ARN: group.arn } };
    },
    DeleteParameterGroup(input) {
      const { name, family, arn } = parameterGroups.get(requiredText(input, 'ParameterGroupName'));
      parameterGroups.delete(name);
      return { ParameterGroup: { Name: name, Family: family, ARN: arn } };
    },
  };

  // Clusters from before run again, empty, once the caller had his say in how they are started.
  const restoring = setImmediate(() => {
    for (const cluster of clusters.all()) void start(cluster).catch(() => undefined);
  });

  return {
    name: 'memorydb',
    protocols: { json: { version: '1.1', targetPrefix: 'AmazonMemoryDB' } },
    async handle(action, input) {
      return actionNamed(actions, 'memorydb', action)(input);
    },
    authorization: (action, input) => authorization(place, action, input),
    startServersWith: (starts) => servers.startWith(starts),
    async url(cluster) {
      const { host, port } = await start(clusters.get(cluster));
      return `redis://${host}:${port}`;
    },
    address: (cluster) => clusters.get(cluster).address,
    withLocalAddresses: (text) => servers.withLocalAddresses(text),
    async close() {
      clearImmediate(restoring);
      await servers.close();
    },
  };
}

function authenticationOf(input: Input): Pick<CacheUser, 'authentication' | 'passwords'> {
  const mode = (input['AuthenticationMode'] ?? {}) as Input;
  const type = optionalText(mode, 'Type');
  if (type === 'iam') return { authentication: 'iam', passwords: [] };
  if (type !== 'password') throw invalidValue('AuthenticationMode.Type must be password or iam.');
  const passwords = textList(mode, 'Passwords');
  if (passwords.length === 0 || passwords.length > PASSWORDS) {
    throw invalidValue(`A user has 1 to ${PASSWORDS} passwords.`);
  }
  if (!passwords.every((password) => PASSWORD.test(password))) {
    throw invalidValue('A password must have 16 to 128 printable characters, and none of / " @ and spaces.');
  }
  return { authentication: 'password', passwords };
}

/** A name in AWS's style: nobody else has it, and texts that hold it can be told. */
function addressOf(name: string, place: string): string {
  const hash = createHash('sha256').update(`${place}/${name}`).digest('hex').slice(0, HASH_CHARACTERS);
  return `clustercfg.${name}.${hash}.memorydb.${place.split(':')[0] ?? ''}.amazonaws.com`;
}

function describeCluster({ name, arn, aclName, settings }: Cluster, ClusterEndpoint: object) {
  // The loopback has no TLS, whatever the template says.
  return {
    ...settings,
    Name: name,
    ARN: arn,
    ACLName: aclName,
    Status: 'available',
    TLSEnabled: false,
    ClusterEndpoint,
  };
}

function describeUser(user: User, acls: readonly Acl[]) {
  return {
    Name: user.name,
    Status: 'active',
    AccessString: user.accessString,
    ACLNames: acls.filter(({ userNames }) => userNames.includes(user.name)).map(({ name }) => name),
    Authentication: { Type: user.authentication, PasswordCount: user.passwords.length },
    ARN: user.arn,
  };
}

function describeAcl({ name, arn, userNames }: Acl) {
  return { Name: name, ARN: arn, Status: 'active', UserNames: userNames };
}

/** What an action is on, by the parameter that names it. service-authorization/latest/reference/list_amazonmemorydb.html */
const RESOURCES: readonly (readonly [parameter: string, kind: string])[] = [
  ['ClusterName', 'cluster'],
  ['UserName', 'user'],
  ['ACLName', 'acl'],
  ['ParameterGroupName', 'parametergroup'],
];

function authorization(place: string, action: string, input: Input): readonly AuthorizationRequest[] {
  const found = RESOURCES.find(([parameter]) => typeof input[parameter] === 'string');
  const [parameter = '', kind = ''] = found ?? [];
  const resourceArn =
    found === undefined ? '*' : `arn:aws:memorydb:${place}:${kind}/${String(input[parameter])}`;
  return [{ action: `memorydb:${action}`, resourceArn }];
}
