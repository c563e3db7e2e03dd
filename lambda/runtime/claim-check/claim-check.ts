/** The claim check that publishers and consumers are given. Only who asks for it has it in the bundle. */
import { ClaimCheckError } from './claim.ts';
import type { ClaimCheck, ClaimStore } from './claim.ts';
import { fetchData } from './fetch-data.ts';
import { s3ClaimStore } from './s3-claim-store.ts';
import { storingClaims } from './store-data.ts';

/**
 * In the bucket that `grants.store()` and `grants.fetch()` of a ClaimCheckBucket name. Where there is none, large events
 * go out whole, and what others have put into a bucket is refused.
 *
 * @example
 * const publisher = createPublisher({ contracts, transport, claimCheck: s3ClaimCheck() });
 * export const handler = consume(ReportWritten, archive, { claimCheck: s3ClaimCheck() });
 */
export function s3ClaimCheck(bucket?: string): ClaimCheck {
  return claimCheckWith(s3ClaimStore(bucket));
}

export function claimCheckWith(store: ClaimStore): ClaimCheck {
  return {
    storing: storingClaims(store),
    async fetch(envelope) {
      if (store.isOff !== true) return fetchData(envelope, store);
      throw new ClaimCheckError(
        'WAYBILL_CLAIM_CHECK_MISSING',
        'WAYBILL_CLAIM_CHECK_BUCKET is not set: grants.fetch(consumer, events) of the ClaimCheckBucket sets it',
      );
    },
  };
}
