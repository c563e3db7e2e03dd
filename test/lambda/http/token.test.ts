import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { verifyToken } from '../../../lambda/http/token.ts';
import { bearerToken } from '../../../local/workload/api-client.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CLAIMS = { userId: 'usr_1', tenantId: 'tenant-1', role: 'admin' } as const;

function tokenOf(header: object, claims: object, secret = 'secret'): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
const HEADER = { alg: 'HS256', typ: 'JWT' };
const VALID = {
  iss: 'waybill',
  aud: 'waybill-core',
  sub: 'u',
  tenantId: 't',
  role: 'member',
  exp: NOW / 1000 + 60,
};

describe('D18 the tenant comes from a verified token', () => {
  test('a token that is signed and in time names the caller', () => {
    expect(verifyToken('secret', bearerToken('secret', CLAIMS, NOW), NOW)).toEqual(CLAIMS);
    expect(verifyToken('secret', tokenOf(HEADER, VALID), NOW)).toEqual({
      userId: 'u',
      tenantId: 't',
      role: 'member',
    });
  });

  test.each([
    ['another secret', tokenOf(HEADER, VALID, 'other')],
    ['no algorithm', tokenOf({ alg: 'none' }, VALID)],
    ['another algorithm', tokenOf({ alg: 'HS512' }, VALID)],
    ['no signature', `${tokenOf(HEADER, VALID).split('.').slice(0, 2).join('.')}.`],
    ['two parts', 'a.b'],
    ['four parts', `${tokenOf(HEADER, VALID)}.x`],
    ['no JSON', `bm8.bm8.${createHmac('sha256', 'secret').update('bm8.bm8').digest('base64url')}`],
    ['nothing', ''],
    ['its time over', tokenOf(HEADER, { ...VALID, exp: NOW / 1000 - 60 })],
    ['no end', tokenOf(HEADER, { ...VALID, exp: undefined })],
    ['its time not begun', tokenOf(HEADER, { ...VALID, nbf: NOW / 1000 + 60 })],
    ['another issuer', tokenOf(HEADER, { ...VALID, iss: 'other' })],
    ['another audience', tokenOf(HEADER, { ...VALID, aud: 'other' })],
    ['an unknown role', tokenOf(HEADER, { ...VALID, role: 'root' })],
    ['no tenant', tokenOf(HEADER, { ...VALID, tenantId: '' })],
    ['a tenant that no event can have', tokenOf(HEADER, { ...VALID, tenantId: 'tenant-1#usr_1' })],
  ])('a token with %s names nobody', (_case, token) => {
    expect(verifyToken('secret', token, NOW)).toBeUndefined();
  });

  test('a token whose claims were changed names nobody', () => {
    const [header, , signature] = tokenOf(HEADER, VALID).split('.');
    const forged = Buffer.from(JSON.stringify({ ...VALID, tenantId: 'other' })).toString('base64url');

    expect(verifyToken('secret', `${header}.${forged}.${signature}`, NOW)).toBeUndefined();
  });
});
