/** Users of a server in the words of ACL SETUSER, from what ElastiCache and MemoryDB call users. */

export interface CacheUser {
  /** What clients sign in with. */
  readonly name: string;
  /** `on ~waybill:* -@all +@stream`. AmazonElastiCache/latest/dg/Clusters.RBAC.html#Access-string */
  readonly accessString: string;
  /**
   * | | who comes in |
   * |---|---|
   * | `password` | who knows one of the passwords |
   * | `no-password` | everybody |
   * | `iam` | everybody: the server of this machine cannot ask IAM |
   */
  readonly authentication: 'password' | 'no-password' | 'iam';
  readonly passwords: readonly string[];
}

/** Of a server that nobody gave users to. */
export const OPEN: CacheUser = {
  name: 'default',
  accessString: 'on ~* &* +@all',
  authentication: 'no-password',
  passwords: [],
};

/** The commands that make a server know these users, and no other but the one who sends them. */
export function userCommands(
  users: readonly CacheUser[],
  known: readonly string[],
  administrator: string,
): readonly (readonly string[])[] {
  const names = new Set(users.map(({ name }) => name));
  const gone = known.filter((name) => !names.has(name) && name !== administrator);
  return [
    ...gone.map((name) =>
      name === 'default' ? ['ACL', 'SETUSER', 'default', 'reset'] : ['ACL', 'DELUSER', name],
    ),
    ...users.map((user) => ['ACL', 'SETUSER', user.name, 'reset', ...rulesOf(user)]),
  ];
}

function rulesOf({ accessString, authentication, passwords }: CacheUser): readonly string[] {
  const rules = accessString.split(/\s+/).filter((rule) => rule !== '');
  return [
    ...(authentication === 'password' ? passwords.map((password) => `>${password}`) : ['nopass']),
    ...rules,
  ];
}
