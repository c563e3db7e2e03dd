import { expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { isDatabaseUnreachable } from '../../../lambda/http/database-problem.ts';

const withCode = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

test.each([
  ['a refused connection', withCode('ECONNREFUSED')],
  ['a name that is not found', withCode('ENOTFOUND')],
  ['a shutdown by the administrator', withCode('57P01')],
  ['a server that starts up', withCode('57P03')],
  ['too many connections', withCode('53300')],
  ['a password that was rotated', withCode('28P01')],
  ['a secret that can not be read', withCode('WAYBILL_DATABASE_SECRET_UNREADABLE')],
  [
    'a database closed to connections',
    withCode('55000', 'database "a" is not currently accepting connections'),
  ],
  ['a lost connection', withCode('08006')],
  ['a pool that waited too long', new Error('timeout exceeded when trying to connect')],
  ['a connection that ended', new Error('Connection terminated unexpectedly')],
  ['a failure wrapped in another', new Error('reading the outbox', { cause: withCode('ECONNRESET') })],
  [
    'all addresses of a name refused',
    new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]),
  ],
])('%s is a database that can not be reached', (_case, error) => {
  expect(isDatabaseUnreachable(error)).toBe(true);
});

test.each([
  ['a violated constraint', withCode('23505')],
  ['wrong SQL', withCode('42601')],
  ['a mistake in the code', new TypeError('x is not a function')],
  ['no error', undefined],
])('%s is not', (_case, error) => {
  expect(isDatabaseUnreachable(error)).toBe(false);
});

test("pg's own error for a port where nobody listens", async () => {
  const pool = new Pool({ connectionString: 'postgres://a:b@127.0.0.1:1/c' });
  const error = await pool.query('select 1').catch((thrown: unknown) => thrown);
  await pool.end();

  expect(isDatabaseUnreachable(error)).toBe(true);
});
