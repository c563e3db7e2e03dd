/**
 * The decision of a REST API's authorizer: who the caller is, and a policy for all of the API, which API Gateway keeps
 * for the same token. apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { Caller } from './request.ts';
import { verifyToken } from './token.ts';

export interface RestAuthorizerProps {
  readonly tokenSecret: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type AuthorizedRequest = Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>;

/** @throws Error `Unauthorized`, by which API Gateway answers 401 */
export async function authorizeRestRequest(
  request: AuthorizedRequest,
  props: RestAuthorizerProps,
): Promise<APIGatewayAuthorizerResult> {
  const { tenantId, userId, role } = await restCaller(request, props);
  return {
    principalId: userId,
    policyDocument: policyForAll(request, 'Allow'),
    context: { tenantId, userId, role },
  };
}

/** @throws Error `Unauthorized`, by which API Gateway answers 401 */
export async function restCaller(
  { headers }: Pick<AuthorizedRequest, 'headers'>,
  { tokenSecret, now }: RestAuthorizerProps,
): Promise<Caller> {
  // A REST API passes names of headers on as they were sent.
  const [, authorization = ''] =
    Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
  const caller = token === undefined ? undefined : verifyToken(await tokenSecret(), token, now());
  if (caller === undefined) throw new Error('Unauthorized');
  return caller;
}

/** `arn:...:apiId/stage/METHOD/path`: a kept policy has to fit whatever the same caller asks for next. */
export function policyForAll(
  { methodArn }: Pick<AuthorizedRequest, 'methodArn'>,
  effect: 'Allow' | 'Deny',
): APIGatewayAuthorizerResult['policyDocument'] {
  const [api, stage] = methodArn.split('/');
  return {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: `${api}/${stage}/*/*` }],
  };
}
