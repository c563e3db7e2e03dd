/** The decision of the REST API's authorizer: who the caller is, and the prefix of the ids of the caller's jobs. */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { Role } from '../../http/request.ts';
import { policyForAll, restCaller } from '../../http/rest-authorizer.ts';
import type { RestAuthorizerProps } from '../../http/rest-authorizer.ts';
import { jobIdPrefix } from '../job-id.ts';

/** What templates and functions get of the caller; values of a REST API's context are text. */
export interface JobsCaller {
  readonly tenantId: string;
  readonly userId: string;
  readonly role: Role;
  readonly jobIdPrefix: string;
}

export interface AuthorizeProps extends RestAuthorizerProps {
  readonly jobIdSecret: () => Promise<string>;
}

/** An operator is of no tenant, so there are no jobs of one. */
const ROLES: readonly Role[] = ['member', 'admin'];

/** @throws Error `Unauthorized`, by which API Gateway answers 401 */
export async function authorizeJobRequest(
  event: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>,
  { jobIdSecret, ...props }: AuthorizeProps,
): Promise<APIGatewayAuthorizerResult> {
  const { tenantId, userId, role } = await restCaller(event, props);
  const prefix = jobIdPrefix(await jobIdSecret(), tenantId, userId);
  return {
    principalId: prefix,
    policyDocument: policyForAll(event, ROLES.includes(role) ? 'Allow' : 'Deny'),
    context: { tenantId, userId, role, jobIdPrefix: prefix } satisfies JobsCaller,
  };
}
