/** The outbox relay. This file is the library's: it knows nothing of our systems. */
import { relayFunction } from '../runtime/outbox/relay-function.ts';

export const handler = relayFunction();
