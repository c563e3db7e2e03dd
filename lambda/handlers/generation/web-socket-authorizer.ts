/** The authorizer of the WebSocket API's `$connect`: a ticket becomes the user that the connection belongs to (D18). */
import { authorizeTicket } from '../../push/authorize.ts';
import { reportPush, ticketVerifier } from '../../push/environment.ts';

export const handler = authorizeTicket(ticketVerifier, reportPush);
