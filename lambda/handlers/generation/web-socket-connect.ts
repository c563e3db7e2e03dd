/** `$connect` of the WebSocket API: the connection is kept. */
import { connectHandler } from '../../push/connections.ts';
import { connections } from '../../push/environment.ts';

export const handler = connectHandler(connections);
