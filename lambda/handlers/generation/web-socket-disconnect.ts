/** `$disconnect` of the WebSocket API, which is not always called: rows of connections expire, too. */
import { disconnectHandler } from '../../push/connections.ts';
import { disconnections } from '../../push/environment.ts';

export const handler = disconnectHandler(disconnections);
