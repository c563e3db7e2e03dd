/**
 * The decision of the REST API's authorizer: a policy for all of the API, which API Gateway keeps for five minutes for
 * the same token, and who the caller is. "Output from an API Gateway Lambda authorizer",
 * apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html.
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { Role } from '../../http/request.ts';
import { verifyToken } from '../../http/token.ts';
import { jobIdPrefix } from '../job-id.ts';

/** What templates and functions get of the caller; values of a REST API's context are text. */
export interface JobsCaller {
  readonly tenantId: string;
  readonly userId: string;
  readonly role: Role;
  readonly jobIdPrefix: string;
}

export interface AuthorizeProps {
  readonly tokenSecret: () => Promise<string>;
  readonly jobIdSecret: () => Promise<string>;
  readonly now: () => number;
}

/** An operator is of no tenant, so there are no jobs of one. */
const ROLES: readonly Role[] = ['member', 'admin'];

/** @throws Error `Unauthorized`, by which API Gateway answers 401 */
export async function authorizeJobRequest(
  event: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>,
  { tokenSecret, jobIdSecret, now }: AuthorizeProps,
): Promise<APIGatewayAuthorizerResult> {
  const token = /^Bearer (.+)$/i.exec(authorizationOf(event.headers ?? {}))?.[1];
  const caller = token === undefined ? undefined : verifyToken(await tokenSecret(), token, now());
  if (caller === undefined) throw new Error('Unauthorized');
  const { tenantId, userId, role } = caller;
  const prefix = jobIdPrefix(await jobIdSecret(), tenantId, userId);
  return {
    principalId: prefix,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect: ROLES.includes(role) ? 'Allow' : 'Deny',
          Resource: everyMethod(event.methodArn),
        },
      ],
    },
    context: { tenantId, userId, role, jobIdPrefix: prefix } satisfies JobsCaller,
  };
}

/** A REST API passes names of headers on as they were sent. */
function authorizationOf(headers: Readonly<Record<string, string | undefined>>): string {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization');
  return found?.[1] ?? '';
}

/** `arn:...:apiId/stage/METHOD/path`: a kept policy has to fit whatever the same caller asks for next. */
function everyMethod(methodArn: string): string {
  const [api, stage] = methodArn.split('/');
  return `${api}/${stage}/*/*`;
}
