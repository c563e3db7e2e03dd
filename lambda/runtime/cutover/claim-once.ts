/** `claimOnce()`: the claim of an effect and its note in the inbox, in the order that they need. */
import { processOnce, wasHandled } from '../inbox/index.ts';
import type { Queryable } from '../postgres/query.ts';
import { claimEffect, TransportNotLive } from './claim.ts';
import type { EffectClaim } from './types.ts';

export interface EventClaim extends EffectClaim {
  readonly eventId: string;
}

/**
 * Call first in the transaction of every effect. True: handle the event. False: it was handled, so do nothing.
 *
 * | live on | the event | |
 * |---|---|---|
 * | this transport | new | true |
 * | this transport | handled | false |
 * | another | handled | false: what a queue or group still has of it is done with, wherever the consumer is live |
 * | another | new | throws; the event waits |
 *
 * @throws RuntimeError WAYBILL_TRANSPORT_NOT_LIVE, WAYBILL_TRANSPORT_NOT_MIGRATED
 */
export async function claimOnce(tx: Queryable, claim: EventClaim): Promise<boolean> {
  const { consumer, eventId } = claim;
  try {
    await claimEffect(tx, claim);
  } catch (error) {
    if (error instanceof TransportNotLive && (await wasHandled(tx, consumer, eventId))) return false;
    throw error;
  }
  return processOnce(tx, consumer, eventId);
}
