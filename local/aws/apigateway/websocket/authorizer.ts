/** Who may connect: the `$connect` route's authorizer decides, once. Later messages of the connection are not asked again. */
import type { AwsContext, Caller } from '../../context.ts';
import { callFunction } from '../function-call.ts';
import { policyVerdict } from '../policy-verdict.ts';
import { handshakeMembers, requestContext, type ConnectionPlace, type RouteCall } from './event.ts';

export interface Handshake {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly caller: Caller;
}

export type ConnectVerdict =
  | { readonly status: 200; readonly authorizer: Readonly<Record<string, unknown>> | undefined }
  | { readonly status: 401 | 403 | 500 };

export async function authorizeConnect(
  context: AwsContext,
  place: ConnectionPlace,
  call: RouteCall,
  handshake: Handshake,
): Promise<ConnectVerdict> {
  const { api, stage } = place;
  const route = api.routes['$connect'];
  const methodArn = `arn:aws:execute-api:${context.region}:${context.accountId}:${api.apiId}/${stage}/$connect`;
  if (route?.authorizationType === 'AWS_IAM') return requirePermission(context, methodArn, handshake);
  if (route?.authorizationType !== 'CUSTOM') return { status: 200, authorizer: undefined };

  const authorizer = api.authorizers[route.authorizerId ?? ''];
  if (!authorizer) return { status: 500 };
  if (authorizer.identitySources.some((source) => !identityValue(source, handshake))) return { status: 401 };
  const event = {
    type: 'REQUEST',
    methodArn,
    ...handshakeMembers(handshake.headers, handshake.query),
    stageVariables: api.stages[stage] ?? {},
    requestContext: requestContext(context, place, call),
  };
  const sourceArn = `arn:aws:execute-api:${context.region}:${context.accountId}:${api.apiId}/authorizers/${authorizer.id}`;
  const answered = await callFunction(context, authorizer.functionArn, event, { sourceArn }).catch(
    () => undefined,
  );
  if (!answered) return { status: 500 };
  const answer = JSON.parse(answered.payload) as {
    readonly errorMessage?: string;
    readonly principalId?: unknown;
    readonly policyDocument?: unknown;
    readonly context?: Readonly<Record<string, unknown>>;
  } | null;
  // The one message by which a function says 401.
  if (answered.failed) return { status: answer?.errorMessage === 'Unauthorized' ? 401 : 500 };
  const verdict = policyVerdict(answer?.policyDocument, 'execute-api:Invoke', methodArn);
  const isFlat = Object.values(answer?.context ?? {}).every(
    (value) => typeof value !== 'object' || value === null,
  );
  if (verdict === 'invalid' || typeof answer?.principalId !== 'string' || !isFlat) return { status: 500 };
  if (verdict !== 'allowed') return { status: 403 };
  return {
    status: 200,
    authorizer: { ...textsOf(answer?.context), principalId: answer?.principalId, integrationLatency: 0 },
  };
}

/** Functions see the authorizer's context as texts: apigateway-websocket-api-lambda-auth.html */
function textsOf(values: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function requirePermission(
  context: AwsContext,
  resourceArn: string,
  { headers, query, caller }: Handshake,
): ConnectVerdict {
  const isSigned =
    headers['authorization']?.startsWith('AWS4-HMAC-SHA256') === true || query.has('X-Amz-Credential');
  if (!isSigned) return { status: 403 };
  try {
    context.authorizer?.authorize('execute-api', caller, [{ action: 'execute-api:Invoke', resourceArn }]);
    return { status: 200, authorizer: undefined };
  } catch {
    return { status: 403 };
  }
}

function identityValue(source: string, { headers, query }: Handshake): string | undefined {
  const [, place, name = ''] = /^route\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (place === 'header') return headers[name.toLowerCase()];
  return place === 'querystring' ? (query.get(name) ?? undefined) : undefined;
}
