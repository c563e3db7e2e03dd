/** Receives GitHub's webhooks: the signature is the authentication, so the route has no authorizer. */
import { core, reportFailure } from '../core/environment.ts';
import { gitHubWebhookRoutes } from '../core/adapters/routes.ts';
import { httpHandler } from '../http/http-handler.ts';

export const handler = httpHandler(gitHubWebhookRoutes(core), reportFailure);
