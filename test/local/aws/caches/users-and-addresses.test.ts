/** Users of caches in the words of a server, and where a cache's name in a text leads. */
import { expect, test } from '@jest/globals';
import { withLocalCaches } from '../../../../local/aws/caches/addresses.ts';
import { OPEN, userCommands } from '../../../../local/aws/caches/users.ts';
import type { CacheUser } from '../../../../local/aws/caches/users.ts';

const user: CacheUser = {
  name: 'waybill',
  accessString: 'on ~waybill:* -@all +@stream',
  authentication: 'password',
  passwords: ['one', 'two'],
};

test('a server knows the users that it is given, and no other but the one who gives them', () => {
  expect(userCommands([user], ['default', 'admin', 'former'], 'admin')).toEqual([
    ['ACL', 'SETUSER', 'default', 'reset'],
    ['ACL', 'DELUSER', 'former'],
    ['ACL', 'SETUSER', 'waybill', 'reset', '>one', '>two', 'on', '~waybill:*', '-@all', '+@stream'],
  ]);
});

test('who needs no password gives none; without users everybody is the default one', () => {
  const iam: CacheUser = { ...user, authentication: 'iam', passwords: [] };
  expect(userCommands([iam], [], 'admin')).toEqual([
    ['ACL', 'SETUSER', 'waybill', 'reset', 'nopass', 'on', '~waybill:*', '-@all', '+@stream'],
  ]);
  expect(userCommands([OPEN], ['default', 'admin'], 'admin')).toEqual([
    ['ACL', 'SETUSER', 'default', 'reset', 'nopass', 'on', '~*', '&*', '+@all'],
  ]);
});

test.each([
  ['rediss://master.a.1b2c3d.use1.cache.amazonaws.com:6380', 'redis://127.0.0.1:4711'],
  ['redis://user:secret@master.a.1b2c3d.use1.cache.amazonaws.com/0', 'redis://user:secret@127.0.0.1:4711/0'],
  ['master.a.1b2c3d.use1.cache.amazonaws.com:6379,other:1', '127.0.0.1:4711,other:1'],
  ['master.a.1b2c3d.use1.cache.amazonaws.com', '127.0.0.1'],
  [
    'rediss://master.b.1b2c3d.use1.cache.amazonaws.com:6380',
    'rediss://master.b.1b2c3d.use1.cache.amazonaws.com:6380',
  ],
])('%s becomes %s', (text, expected) => {
  const name = 'master.a.1b2c3d.use1.cache.amazonaws.com';
  expect(withLocalCaches(text, [{ name, host: '127.0.0.1', port: 4711 }])).toBe(expected);
});
