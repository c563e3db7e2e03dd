/**
 * Results that are too large for a row: objects in the bucket of the claim checks, under the key that a claim of the same
 * event has. Where the event itself came by a claim check, that is the very same object.
 */
import { createHash } from 'node:crypto';
import { JobResult } from '../../catalog/jobs/index.ts';
import type { AIJobEnded } from '../../catalog/jobs/index.ts';
import type { EnvelopeOf } from '../../lib/contracts/index.ts';
import { claimKey } from '../runtime/claim-check/claim.ts';
import type { ClaimStore } from '../runtime/claim-check/claim.ts';

export interface ResultStore {
  /** Writes the event's data, and answers under what it is found. */
  write(event: EnvelopeOf<typeof AIJobEnded>): Promise<string>;
  /** Undefined where it is kept no longer. */
  read(claim: string): Promise<JobResult | undefined>;
}

export function resultStoreIn(store: ClaimStore): ResultStore {
  return {
    async write(event) {
      const content = new TextEncoder().encode(JSON.stringify(event.data));
      const claim = claimKey(event, createHash('sha256').update(content).digest('hex'));
      await store.put(claim, content);
      return claim;
    },
    async read(claim) {
      const content = await store.get(claim);
      if (content === undefined) return undefined;
      const { result } = JSON.parse(new TextDecoder().decode(content)) as { readonly result?: unknown };
      return JobResult.parse(result);
    },
  };
}
