/** Requests that have to be refused, each with its status, and none with an effect. */
import { bearerToken } from '../api-client.ts';

export interface BadRequest {
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
}

export interface BadRequestOptions {
  readonly tokenSecret: string;
  /** A job of somebody else. */
  readonly foreignJobId: string;
}

const WHO = { userId: 'usr_bad', tenantId: 'tenant-bad', role: 'member' } as const;
const TWO_HOURS = 7_200_000;
/** Over the contract's 32,000 characters. */
const TOO_LONG = 'x'.repeat(32_001);

export function badRequests({ tokenSecret, foreignJobId }: BadRequestOptions): readonly BadRequest[] {
  const token = (now?: number): Record<string, string> => ({
    authorization: `Bearer ${bearerToken(tokenSecret, WHO, now)}`,
    'content-type': 'application/json',
  });
  const post = (what: string, body: unknown, status = 400, headers = token()): BadRequest => ({
    what,
    method: 'POST',
    path: '/jobs',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    status,
  });
  const get = (what: string, path: string, status: number, headers = token()): BadRequest => ({
    what,
    method: 'GET',
    path,
    headers,
    status,
  });
  const good = { model: 'echo-small', prompt: 'Say hello.' };
  return [
    post('no JSON', '{"model": "echo-small", '),
    post('a field too many', { ...good, tenantId: 'tenant-1' }),
    post('no prompt', { model: 'echo-small' }),
    post('a model that is none', { ...good, model: 'echo-huge' }),
    post('an oversized prompt', { ...good, prompt: TOO_LONG }),
    post('an idempotency key that is none', good, 400, { ...token(), 'idempotency-key': 'a key/with?signs' }),
    post('no token', good, 401, { 'content-type': 'application/json' }),
    post('a token that is over', good, 401, token(Date.now() - TWO_HOURS)),
    get('a foreign job', `/jobs/${foreignJobId}`, 404),
    get('an unknown job', `/jobs/${'0'.repeat(16)}-nobody`, 404),
    { ...get('a foreign job to cancel', `/jobs/${foreignJobId}`, 404), method: 'DELETE' },
    get('a page that is none', '/jobs?cursor=xyz', 400),
  ];
}
