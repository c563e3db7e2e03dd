/** The authorizer of the jobs system's REST API: a token becomes the caller that templates and functions trust (D18). */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { tokenSecret } from '../../core/token-secret.ts';
import { authorizeJobRequest } from '../../jobs/api/authorize.ts';
import { jobIdSecret } from '../../jobs/job-id-secret.ts';

export const handler = (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> =>
  authorizeJobRequest(event, { tokenSecret, jobIdSecret, now: Date.now });
