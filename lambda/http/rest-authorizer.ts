/**
 * The decision of a REST API's authorizer: who the caller is, and a policy for all of the API, which API Gateway keeps
 * for the same token. apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { verifyToken } from './token.ts';

export interface RestAuthorizerProps {
  readonly tokenSecret: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** @throws Error `Unauthorized`, by which API Gateway answers 401 */
export async function authorizeRestRequest(
  { headers, methodArn }: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>,
  { tokenSecret, now }: RestAuthorizerProps,
): Promise<APIGatewayAuthorizerResult> {
  // A REST API passes names of headers on as they were sent.
  const [, authorization = ''] =
    Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
  const caller = token === undefined ? undefined : verifyToken(await tokenSecret(), token, now());
  if (caller === undefined) throw new Error('Unauthorized');
  const { tenantId, userId, role } = caller;
  // `arn:...:apiId/stage/METHOD/path`: a kept policy has to fit whatever the same caller asks for next.
  const [api, stage] = methodArn.split('/');
  return {
    principalId: userId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: `${api}/${stage}/*/*` }],
    },
    context: { tenantId, userId, role },
  };
}
