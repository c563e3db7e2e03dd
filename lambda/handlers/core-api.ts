/** The HTTP API of core-api: projects, members, search, and where events are delivered. */
import { core, reportFailure } from '../core/environment.ts';
import { coreApiRoutes } from '../core/core-api/routes.ts';
import { httpHandler } from '../http/http-handler.ts';

export const handler = httpHandler(
  coreApiRoutes(core, { allowLoopback: process.env['WAYBILL_ENVIRONMENT'] === 'local' }),
  reportFailure,
);
