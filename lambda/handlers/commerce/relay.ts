/** The relay of the commerce system's outbox. Only its routes and its schema differ from the core system's. */
export { handler } from '../outbox-relay.ts';
