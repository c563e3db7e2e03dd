/** What a handler needs of an HTTP API request: raw bytes, a JSON body, the caller the authorizer verified. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { en } from 'zod/locales';
import { config } from 'zod/mini';
import type { StandardSchema } from '../../lib/contracts/index.ts';
import { describeIssues } from '../../lib/contracts/index.ts';
import { Problem } from './problem.ts';

export type Role = 'member' | 'admin' | 'operator';

/** From the verified token, never from the request itself (D18). */
export interface Caller {
  readonly userId: string;
  readonly tenantId: string;
  readonly role: Role;
}

/** Other bytes are no text: what would stand for them is not what was sent. A mark of the byte order is no JSON. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Commands are small; what is larger is a mistake. */
const MAX_COMMAND_BYTES = 64 * 1024;

/** The body as it was sent: HTTP APIs hand over what is no text, and all that is compressed, as base64. */
export function rawBody(event: Pick<APIGatewayProxyEventV2, 'body' | 'isBase64Encoded'>): Buffer {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
}

/**
 * The body as the schema's value.
 * @throws Problem 400, 413 or 422; the detail names fields, never their values
 */
export async function commandBody<Value>(
  event: APIGatewayProxyEventV2,
  schema: StandardSchema<unknown, Value>,
): Promise<Value> {
  const body = rawBody(event);
  if (body.byteLength > MAX_COMMAND_BYTES) {
    throw new Problem({
      status: 413,
      code: 'WAYBILL_BODY_TOO_LARGE',
      title: 'The body is too large',
      detail: `A command has at most ${MAX_COMMAND_BYTES} bytes; ${body.byteLength} were received.`,
    });
  }
  // Of itself `zod/mini` says no more than "Invalid input", of everything.
  config(en());
  const command = parseJson(body);
  if (!isStorable(command)) {
    throw invalidCommand('NUL and halves of surrogate pairs can not be stored as text: leave them out.');
  }
  const result = await schema['~standard'].validate(command);
  if (result.issues !== undefined) {
    throw invalidCommand(describeIssues(result.issues));
  }
  return result.value;
}

/**
 * For routes whose bodies are JSON and nothing else. A body without a content type is taken as JSON, as API Gateway does.
 * @throws Problem 415
 */
export function requireJson({ headers }: Pick<APIGatewayProxyEventV2, 'headers'>): void {
  const [mediaType = ''] = (headers['content-type'] ?? 'application/json').split(';');
  if (mediaType.trim().toLowerCase() === 'application/json') return;
  throw new Problem({
    status: 415,
    code: 'WAYBILL_MEDIA_TYPE_UNSUPPORTED',
    title: 'The content type is not taken',
    detail: 'Send the body as Content-Type: application/json.',
  });
}

function invalidCommand(detail: string): Problem {
  return new Problem({
    status: 422,
    code: 'WAYBILL_COMMAND_INVALID',
    title: 'The command is not valid',
    detail,
  });
}

/** JSON can write both as escapes, and PostgreSQL takes neither. Without recursion: what is sent may be nested deeply. */
function isStorable(value: unknown): boolean {
  const left = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === 'string' && (one.includes('\0') || !one.isWellFormed())) return false;
    if (typeof one === 'object' && one !== null) {
      for (const [key, item] of Object.entries(one)) left.push(key, item);
    }
  }
  return true;
}

/** @throws Problem 400 when it is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    throw new Problem({
      status: 400,
      code: 'WAYBILL_BODY_NOT_JSON',
      title: 'The body is not JSON',
      detail: `The body (${body.byteLength} bytes) can't be parsed as JSON. Send one JSON value, encoded as UTF-8.`,
    });
  }
}

/**
 * @throws Problem 401 when no authorizer verified the request, 403 when the role is not enough
 */
export function callerOf(event: APIGatewayProxyEventV2, allowed: readonly Role[]): Caller {
  const authorizer: unknown = (event.requestContext as { authorizer?: { lambda?: unknown } }).authorizer
    ?.lambda;
  const caller = (authorizer ?? {}) as Partial<Record<keyof Caller, unknown>>;
  if (typeof caller.userId !== 'string' || typeof caller.tenantId !== 'string' || !isRole(caller.role)) {
    throw new Problem({
      status: 401,
      code: 'WAYBILL_NOT_AUTHENTICATED',
      title: 'The request is not authenticated',
      detail: 'Send a token in the Authorization header: Bearer TOKEN.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (!allowed.includes(caller.role)) {
    throw new Problem({
      status: 403,
      code: 'WAYBILL_ROLE_NOT_ALLOWED',
      title: 'Your role may not do this',
      detail: `This needs the role ${allowed.join(' or ')}.`,
    });
  }
  return { userId: caller.userId, tenantId: caller.tenantId, role: caller.role };
}

/** @throws Problem 404 when the route has no such parameter */
export function pathParameter(event: APIGatewayProxyEventV2, name: string): string {
  const value = event.pathParameters?.[name];
  if (value === undefined || value === '') throw notFound('The path lacks a part.');
  return value;
}

export function notFound(detail: string): Problem {
  return new Problem({ status: 404, code: 'WAYBILL_NOT_FOUND', title: 'There is no such thing', detail });
}

function isRole(value: unknown): value is Role {
  return value === 'member' || value === 'admin' || value === 'operator';
}
