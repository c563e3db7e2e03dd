/** The HTTP API of control-plane: tenants, for operators. */
import { core, reportFailure } from '../core/environment.ts';
import { controlPlaneRoutes } from '../core/control-plane/routes.ts';
import { httpHandler } from '../http/http-handler.ts';

export const handler = httpHandler(controlPlaneRoutes(core), reportFailure);
