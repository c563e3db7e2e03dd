/** Tickets: what one is good for, how long, how often; and what an authorizer says of everything else. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { httpHandler } from '../../../lambda/http/http-handler.ts';
import { verifyToken } from '../../../lambda/http/token.ts';
import { authorizeTicket, sessionOf } from '../../../lambda/push/authorize.ts';
import { issueTicket, verifyTicket } from '../../../lambda/push/ticket.ts';
import { ticketRoutes } from '../../../lambda/push/ticket-routes.ts';
import { httpRequest } from '../core/core-under-test.ts';

const SECRET = 'a-secret-of-tickets-with-32-characters-or-more';
const NOW = Date.parse('2026-03-01T12:00:00Z');
const SECONDS = NOW / 1000;
const USER = { tenantId: 'tenant-1', userId: 'usr_1', sessionExpiresAt: SECONDS + 3_600 };
const { token: TOKEN } = issueTicket(SECRET, USER, NOW);
const ARN = 'arn:aws:execute-api:us-east-1:000000000000:abc/prod/$connect';

/** A token with claims of one's own, rightly signed unless told otherwise. */
function forged(claims: object, header: object = { alg: 'HS256' }, secret = SECRET): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const whole = {
    iss: 'waybill',
    aud: 'waybill-push',
    sub: 'usr_1',
    tenantId: 'tenant-1',
    jti: 'jti-1',
    exp: SECONDS + 60,
    sessionExpiresAt: SECONDS + 3_600,
    ...claims,
  };
  const content = `${part(header)}.${part(whole)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

describe('a ticket', () => {
  test('says who connects, and until when the session lasts', () => {
    expect(verifyTicket(SECRET, TOKEN, NOW)).toMatchObject({ ...USER, expiresAt: SECONDS + 60 });
    expect(verifyTicket(SECRET, forged({}), NOW)).toMatchObject(USER);
  });

  test.each([
    ['is too old', TOKEN, NOW + 65_001],
    ['is of a session that is over', forged({ sessionExpiresAt: SECONDS }), NOW],
    ['is signed by somebody else', forged({}, { alg: 'HS256' }, 'x'.repeat(40)), NOW],
    ['says that it is not signed', forged({}, { alg: 'none' }), NOW],
    ['was changed', TOKEN.replace(/\.[^.]+\./, '.e30.'), NOW],
    ['is of another API', forged({ aud: 'waybill-core' }), NOW],
    ['is of another issuer', forged({ iss: 'other' }), NOW],
    ['names no tenant', forged({ tenantId: undefined }), NOW],
    ['has no id', forged({ jti: undefined }), NOW],
    ['never expires', forged({ exp: undefined }), NOW],
    ['is no token', 'ticket', NOW],
    ['is empty', '', NOW],
  ])('that %s is none', (_name, token, now) => {
    expect(verifyTicket(SECRET, token, now)).toBeUndefined();
  });

  test('is no token of the HTTP API, though it were signed with its key', () => {
    expect(verifyToken(SECRET, TOKEN, NOW)).toBeUndefined();
  });
});

describe('POST /tickets', () => {
  const bearer = (exp: unknown): string => `Bearer ${forged({ exp })}`;
  async function ask(authorization: string | undefined, caller = true) {
    const handler = httpHandler(
      ticketRoutes({
        secret: async () => SECRET,
        webSocketUrl: () => 'wss://abc.example/prod',
        now: () => NOW,
      }),
      () => undefined,
    );
    const answer = await handler(
      httpRequest({
        routeKey: 'POST /tickets',
        headers: authorization === undefined ? {} : { authorization },
        ...(caller && { caller: { tenantId: 'tenant-1', userId: 'usr_1', role: 'member' } }),
      }),
    );
    return { ...answer, body: JSON.parse(answer.body ?? '{}') as Record<string, string> };
  }

  test('answers a ticket for the session of the bearer token, which no cache keeps', async () => {
    const { statusCode, headers, body } = await ask(bearer(SECONDS + 900));

    expect([statusCode, headers?.['cache-control'], body['url']]).toEqual([
      201,
      'no-store',
      'wss://abc.example/prod',
    ]);
    expect(body['expiresAt']).toBe('2026-03-01T12:01:00.000Z');
    expect(verifyTicket(SECRET, body['ticket']!, NOW)).toMatchObject({ sessionExpiresAt: SECONDS + 900 });
  });

  test('gives none that lasts longer than the session', async () => {
    const { body } = await ask(bearer(SECONDS + 20));

    expect(body['expiresAt']).toBe('2026-03-01T12:00:20.000Z');
  });

  test.each([
    ['a token that has expired, which the authorizer still remembered', bearer(SECONDS), true],
    ['a token that never expires', bearer(undefined), true],
    ['no token', undefined, true],
    ['no caller', bearer(SECONDS + 900), false],
  ])('%s is a 401', async (_name, authorization, caller) => {
    expect((await ask(authorization, caller)).statusCode).toBe(401);
  });
});

describe('the authorizer', () => {
  function authorizer(useTicket: (id: string, until: number) => Promise<boolean> = async () => true) {
    const reports: string[] = [];
    const verifier = () => ({ secret: async () => SECRET, store: { useTicket }, now: () => NOW });
    const authorize = authorizeTicket(verifier, (what) => void reports.push(what));
    return {
      reports,
      ask: (ticket?: string) =>
        authorize({ methodArn: ARN, queryStringParameters: ticket === undefined ? null : { ticket } }),
    };
  }
  const effectOf = (answer: { policyDocument: { Statement: readonly object[] } }): unknown =>
    (answer.policyDocument.Statement[0] as { Effect: string }).Effect;

  test('lets a ticket in once, and says whose connection it is', async () => {
    const used = new Set<string>();
    const { ask } = authorizer(async (id) => !used.has(id) && used.add(id).size > 0);

    const first = await ask(TOKEN);
    const again = await ask(TOKEN);

    expect([effectOf(first), effectOf(again)]).toEqual(['Allow', 'Deny']);
    expect(sessionOf(first.context)).toEqual(USER);
    expect(again.context).toBeUndefined();
  });

  test.each([[undefined], ['nonsense'], [forged({ exp: SECONDS - 10 })]])(
    'refuses %s with a policy, without an error that would count',
    async (ticket) => {
      const { ask, reports } = authorizer(() => Promise.reject(new Error('was asked')));

      expect(effectOf(await ask(ticket))).toBe('Deny');
      expect(reports).toEqual([]);
    },
  );

  test('lets nobody in when it can not tell whether the ticket was used', async () => {
    const { ask, reports } = authorizer(() => Promise.reject(new Error('table')));

    await expect(ask(TOKEN)).rejects.toThrow('table');
    expect(reports).toHaveLength(1);
  });
});
