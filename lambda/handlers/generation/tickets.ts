/** `POST /tickets`: a caller of the HTTP API gets a ticket for the WebSocket API. Needs no database. */
import { restRoutesHandler } from '../../http/rest-routes.ts';
import { reportFailure, ticketIssuer } from '../../push/environment.ts';
import { ticketRoutes } from '../../push/ticket-routes.ts';

export const handler = restRoutesHandler(ticketRoutes(ticketIssuer), reportFailure);
