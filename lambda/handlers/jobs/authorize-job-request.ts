/** The authorizer of the jobs system's REST API: a token becomes the caller that templates and functions trust (D18). */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { tokenSecret } from '../../service/token-secret.ts';
import { authorizeJobRequest } from '../../jobs/api/authorize.ts';
import { signingSecret } from '../../service/signing-secret.ts';

/** It is never rotated: an id that was given out must stay its owner's. */
const jobIdSecret = signingSecret('JOB_ID_SECRET_ARN');

export const handler = (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> =>
  authorizeJobRequest(event, { tokenSecret, jobIdSecret, now: Date.now });
