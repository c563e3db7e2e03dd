/** Users and groups of users. AmazonElastiCache/latest/dg/Clusters.RBAC.html */
import type { CacheUser } from '../caches/index.ts';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { exists, invalidValue, notFound, optionalText, requiredText, textList } from './errors.ts';
import type { User, UserGroup } from './model.ts';

export interface Users {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** @throws AwsError UserGroupNotFound */
  ofGroup(groupId: string): readonly CacheUser[];
}

/** A password, and an AUTH token. AmazonElastiCache/latest/APIReference/API_CreateUser.html */
const PASSWORD = /^[^\s/"@]{16,128}$/;
const PASSWORDS = 2;
const ID = /^[a-z][a-z0-9-]{0,39}$/i;

/** @param onChange called with the group whose users have changed; what it rejects with is the action's error */
export function createUsers(context: AwsContext, onChange: (groupId: string) => Promise<void>): Users {
  const keptUsers = context.state.collection<User>('elasticache.users');
  const keptGroups = context.state.collection<UserGroup>('elasticache.user-groups');
  const users = new Map<string, User>(keptUsers.entries());
  const groups = new Map<string, UserGroup>(keptGroups.entries());
  const place = `arn:aws:elasticache:${context.region}:${context.accountId}`;

  const userOf = (id: string): User => {
    const found = users.get(id);
    if (found === undefined) throw notFound('UserNotFound', `User ${id} not found.`);
    return found;
  };
  const groupOf = (id: string): UserGroup => {
    const found = groups.get(id);
    if (found === undefined) throw notFound('UserGroupNotFound', `User group ${id} not found.`);
    return found;
  };
  const saveUser = (user: User): User => {
    users.set(user.id, user);
    keptUsers.put(user.id, user);
    return user;
  };
  const saveGroup = (group: UserGroup): UserGroup => {
    groups.set(group.id, group);
    keptGroups.put(group.id, group);
    return group;
  };
  const checkedIds = (engine: string, ids: readonly string[]): readonly string[] => {
    const members = ids.map(userOf);
    const hasDefault = members.some(({ user }) => user.name === 'default');
    if (engine === 'redis' && !hasDefault) {
      throw new AwsError(
        'DefaultUserRequired',
        'A user group of Redis OSS needs a user that is named default.',
      );
    }
    return ids;
  };
  const changed = async (userId: string): Promise<void> => {
    for (const { id, userIds } of groups.values()) if (userIds.includes(userId)) await onChange(id);
  };

  return {
    ofGroup: (id) => groupOf(id).userIds.map((userId) => userOf(userId).user),
    actions: {
      CreateUser(input) {
        const id = requiredText(input, 'UserId');
        if (!ID.test(id)) throw invalidValue(`The user id ${id} is not valid.`);
        if (users.has(id)) throw exists('User', `User ${id} already exists.`);
        const name = requiredText(input, 'UserName');
        const accessString = requiredText(input, 'AccessString');
        const user = { name, accessString, ...authenticationOf(input) };
        const engine = requiredText(input, 'Engine').toLowerCase();
        return describeUser(saveUser({ id, arn: `${place}:user:${id}`, engine, user }), groups.values());
      },
      async ModifyUser(input) {
        const before = userOf(requiredText(input, 'UserId'));
        const accessString = optionalText(input, 'AccessString') ?? before.user.accessString;
        const user = {
          ...before.user,
          accessString,
          ...(namesAuthentication(input) && authenticationOf(input)),
        };
        const after = saveUser({ ...before, user });
        try {
          await changed(after.id);
        } catch (error) {
          saveUser(before);
          throw error;
        }
        return describeUser(after, groups.values());
      },
      DeleteUser(input) {
        const user = userOf(requiredText(input, 'UserId'));
        const group = [...groups.values()].find(({ userIds }) => userIds.includes(user.id));
        if (group !== undefined) throw invalidValue(`User ${user.id} is in the user group ${group.id}.`);
        users.delete(user.id);
        keptUsers.delete(user.id);
        return describeUser(user, []);
      },
      DescribeUsers(input) {
        const id = optionalText(input, 'UserId');
        const listed = id === undefined ? [...users.values()] : [userOf(id)];
        return { Users: listed.map((user) => describeUser(user, groups.values())) };
      },
      CreateUserGroup(input) {
        const id = requiredText(input, 'UserGroupId');
        if (!ID.test(id)) throw invalidValue(`The user group id ${id} is not valid.`);
        if (groups.has(id)) throw exists('UserGroup', `User group ${id} already exists.`);
        const engine = requiredText(input, 'Engine').toLowerCase();
        const userIds = checkedIds(engine, textList(input, 'UserIds'));
        return describeGroup(saveGroup({ id, arn: `${place}:usergroup:${id}`, engine, userIds }));
      },
      async ModifyUserGroup(input) {
        const before = groupOf(requiredText(input, 'UserGroupId'));
        const removed = new Set(textList(input, 'UserIdsToRemove'));
        const ids = [...before.userIds.filter((id) => !removed.has(id)), ...textList(input, 'UserIdsToAdd')];
        const after = saveGroup({ ...before, userIds: checkedIds(before.engine, [...new Set(ids)]) });
        try {
          await onChange(after.id);
        } catch (error) {
          saveGroup(before);
          throw error;
        }
        return describeGroup(after);
      },
      DeleteUserGroup(input) {
        const group = groupOf(requiredText(input, 'UserGroupId'));
        groups.delete(group.id);
        keptGroups.delete(group.id);
        return describeGroup(group);
      },
      DescribeUserGroups(input) {
        const id = optionalText(input, 'UserGroupId');
        return { UserGroups: (id === undefined ? [...groups.values()] : [groupOf(id)]).map(describeGroup) };
      },
    },
  };
}

function namesAuthentication(input: Input): boolean {
  return ['AuthenticationMode', 'NoPasswordRequired', 'Passwords'].some((name) => input[name] !== undefined);
}

function authenticationOf(input: Input): Pick<CacheUser, 'authentication' | 'passwords'> {
  const mode = (input['AuthenticationMode'] ?? {}) as Input;
  const type = optionalText(mode, 'Type');
  const passwords = [...textList(input, 'Passwords'), ...textList(mode, 'Passwords')];
  if (type === 'iam') return { authentication: 'iam', passwords: [] };
  if (type === 'no-password-required' || input['NoPasswordRequired'] === true) {
    return { authentication: 'no-password', passwords: [] };
  }
  if (passwords.length === 0 || passwords.length > PASSWORDS) {
    throw invalidValue(`A user has 1 to ${PASSWORDS} passwords, or needs none.`);
  }
  if (!passwords.every((password) => PASSWORD.test(password))) {
    throw invalidValue('A password must have 16 to 128 printable characters, and none of / " @ and spaces.');
  }
  return { authentication: 'password', passwords };
}

function describeUser({ id, arn, engine, user }: User, groups: Iterable<UserGroup>) {
  return {
    UserId: id,
    UserName: user.name,
    Status: 'active',
    Engine: engine,
    AccessString: user.accessString,
    UserGroupIds: [...groups].filter(({ userIds }) => userIds.includes(id)).map((group) => group.id),
    Authentication: { Type: user.authentication, PasswordCount: user.passwords.length },
    ARN: arn,
  };
}

function describeGroup({ id, arn, engine, userIds }: UserGroup) {
  return { UserGroupId: id, Status: 'active', Engine: engine, UserIds: userIds, ARN: arn };
}
