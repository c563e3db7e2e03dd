/** The authorizer of the HTTP API: a token becomes the caller that handlers trust (D18). */
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import type { Caller } from '../http/request.ts';
import { verifyToken } from '../http/token.ts';
import { tokenSecret } from '../service/token-secret.ts';

/** The simple response, which an HTTP API takes when it is told to. */
export interface Authorization {
  readonly isAuthorized: boolean;
  readonly context?: Caller;
}

export async function handler(event: APIGatewayRequestAuthorizerEventV2): Promise<Authorization> {
  const token = /^Bearer (.+)$/i.exec(event.headers?.['authorization'] ?? '')?.[1];
  if (token === undefined) return { isAuthorized: false };
  const caller = verifyToken(await tokenSecret(), token, Date.now());
  return caller === undefined ? { isAuthorized: false } : { isAuthorized: true, context: caller };
}
