/** The relay of the generation system's outbox. */
import { relayFunction } from '../../runtime/outbox/relay-function.ts';

export const handler = relayFunction();
