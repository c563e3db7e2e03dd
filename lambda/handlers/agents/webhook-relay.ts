/** Agent `webhook-relay` behind a queue. */
export { webhookRelay as handler } from '../../agents/webhook-relay.ts';
