/** `POST /callbacks/provider`: what the provider tells. The signature is the authentication, so the route has no authorizer. */
import { callbackRoutes } from '../../generation/callback/routes.ts';
import { generation, reportFailure } from '../../generation/environment.ts';
import { callbackSecrets } from '../../generation/provider-secret.ts';
import { publishError } from '../../generation/urgent.ts';
import { restRoutesHandler } from '../../http/rest-routes.ts';

export const handler = restRoutesHandler(
  callbackRoutes({ generation, secrets: callbackSecrets(), publishError }),
  reportFailure,
);
