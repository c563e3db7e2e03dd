/** The HTTP API of the commerce system: customers, orders, and what visitors do. */
import { commerceRoutes } from '../../commerce/api/routes.ts';
import { commerce, reportFailure } from '../../commerce/environment.ts';
import { httpHandler } from '../../http/http-handler.ts';

export const handler = httpHandler(commerceRoutes(commerce), reportFailure);
