/** Requests that have to be refused, each with its status, and none with an effect. */
import { bearerToken } from '../api-client.ts';
import type { ApiRequest } from '../api-client.ts';

export interface BadRequest extends ApiRequest {
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  /** Refused by API Gateway itself, which writes no problem documents. */
  readonly byGateway?: true;
}

export interface BadRequestOptions {
  readonly tokenSecret: string;
  /** Feedback that was taken. */
  readonly feedback: { readonly tenantId: string; readonly feedbackId: string };
}

const TWO_HOURS = 7_200_000;
/** Over the contract's 4,000 characters. */
const TOO_LONG = 'x'.repeat(4_001);
const STRANGER = 'tenant-bad';

export function badRequests({ tokenSecret, feedback }: BadRequestOptions): readonly BadRequest[] {
  const { tenantId, feedbackId } = feedback;
  const token = (of = STRANGER, now?: number, role: 'member' | 'operator' = 'member') => ({
    authorization: `Bearer ${bearerToken(tokenSecret, { userId: 'usr_bad', tenantId: of, role }, now)}`,
    'content-type': 'application/json',
  });
  const post = (
    what: string,
    body: unknown,
    status: number,
    headers: Readonly<Record<string, string>> = token(),
    path = '/feedback',
  ): BadRequest => ({
    what,
    method: 'POST',
    path,
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
  const votes = `/feedback/${feedbackId}/votes`;
  const good = { productId: 'atlas', channel: 'web', text: 'It is fine.' };
  return [
    post('no JSON', '{"productId": "atlas", ', 400),
    post('another content type', good, 415, { ...token(), 'content-type': 'text/plain' }),
    post('a field too many', { ...good, tenantId }, 422),
    post('no text', { productId: 'atlas', channel: 'web' }, 422),
    post('a text of spaces', { ...good, text: '   ' }, 422),
    post('an oversized text', { ...good, text: TOO_LONG }, 422),
    post('a channel that is none', { ...good, channel: 'pigeon' }, 422),
    post('a language that is none', { ...good, language: 'Klingon' }, 422),
    post('an idempotency key that is none', good, 400, { ...token(), 'idempotency-key': 'a key/with?signs' }),
    { ...post('no token', good, 401, { 'content-type': 'application/json' }), byGateway: true },
    { ...post('a token that is over', good, 403, token(STRANGER, Date.now() - TWO_HOURS)), byGateway: true },
    post('a role that gives no feedback', good, 403, token(STRANGER, undefined, 'operator')),
    post('a vote of too much weight', { weight: 11 }, 422, token(tenantId), votes),
    post('half a vote', { weight: 0.5 }, 422, token(tenantId), votes),
    post("a vote for another tenant's feedback", { weight: 1 }, 404, token(), votes),
    post('a vote for nothing', { weight: 1 }, 404, token(), '/feedback/fbk_nothing/votes'),
    get("another tenant's feedback", `/feedback/${feedbackId}`, 404),
    { ...get('a path that there is not', '/feedbacks', 404), byGateway: true },
    get('metrics without being an operator', '/events/metrics', 403),
    get(
      'a window that is none',
      '/events/metrics?windowSeconds=1',
      400,
      token(STRANGER, undefined, 'operator'),
    ),
  ];
}
