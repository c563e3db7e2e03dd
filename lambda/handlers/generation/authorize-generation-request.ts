/** The authorizer of the generation system's REST API: a token becomes the caller that functions trust (D18). */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { tokenSecret } from '../../service/token-secret.ts';
import { authorizeRestRequest } from '../../http/rest-authorizer.ts';

export const handler = (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> =>
  authorizeRestRequest(event, { tokenSecret, now: Date.now });
