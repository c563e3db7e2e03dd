/** The outbox relay. This file is the library's: it knows nothing of our systems. */
import { s3ClaimStore } from '../runtime/claim-check/s3-claim-store.ts';
import { storingClaims } from '../runtime/claim-check/store-data.ts';
import { relayFunction } from '../runtime/outbox/relay-function.ts';

export const handler = relayFunction({ claimCheck: { storing: storingClaims(s3ClaimStore()) } });
