/** The HTTP API with which a tenant makes and disables its webhook endpoints. */
import { core, reportFailure } from '../core/environment.ts';
import { endpointRoutes } from '../core/adapters/routes.ts';
import { httpHandler } from '../http/http-handler.ts';

export const handler = httpHandler(endpointRoutes(core), reportFailure);
