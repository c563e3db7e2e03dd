/** `$default` of the WebSocket API: what clients ask for. */
import { reportPush, resumer } from '../../push/environment.ts';
import { messageHandler } from '../../push/messages.ts';

export const handler = messageHandler(resumer, reportPush);
