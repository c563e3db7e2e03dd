/** The HTTP routes of adapters that a tenant uses; third parties use the webhook routes. */
import type { Route } from '../../http/http-handler.ts';
import { callerOf, pathParameter } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { createEndpoint, disableEndpoint } from './endpoints.ts';
import { receiveGitHubWebhook } from './github/receive.ts';

export function endpointRoutes(core: () => Promise<Service>): Readonly<Record<string, Route>> {
  return {
    'POST /webhook-endpoints': async (event) => ({
      status: 201,
      body: await createEndpoint(await core(), callerOf(event, ['admin'])),
    }),
    'DELETE /webhook-endpoints/{endpointId}': async (event) => {
      await disableEndpoint(await core(), callerOf(event, ['admin']), pathParameter(event, 'endpointId'));
      return { status: 204 };
    },
  };
}

export function gitHubWebhookRoutes(core: () => Promise<Service>): Readonly<Record<string, Route>> {
  return {
    'POST /webhooks/github/{endpointId}': async (event) => receiveGitHubWebhook(await core(), event),
  };
}
