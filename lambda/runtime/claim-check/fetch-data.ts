/** The consumer's side of a claim check: fetches the data, and takes nothing that is not what was published. */
import { createHash } from 'node:crypto';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { claimKey, ClaimCheckError } from './claim.ts';
import type { Claim, ClaimStore } from './claim.ts';

/**
 * The envelope with its data.
 *
 * | found | |
 * |---|---|
 * | a claim whose key does not follow from the envelope | WAYBILL_CLAIM_MISMATCH: dead-lettered |
 * | no such object | WAYBILL_CLAIM_MISSING: dead-lettered |
 * | another size or digest, or no JSON | WAYBILL_CLAIM_TAMPERED: dead-lettered |
 * | an error of S3, a time limit, throttling, no permission | thrown as it is: retried |
 *
 * @throws ClaimCheckError, whatever the store throws
 */
export async function fetchData(envelope: Envelope, store: ClaimStore): Promise<Envelope> {
  const { claimCheck, ...metadata } = envelope.metadata;
  if (!isClaim(claimCheck) || claimCheck.key !== claimKey(envelope, claimCheck.sha256)) {
    throw new ClaimCheckError(
      'WAYBILL_CLAIM_MISMATCH',
      `the claim check of event ${envelope.eventId} does not belong to its envelope: tenant, type, event and digest are part of the key`,
    );
  }
  const content = await store.get(claimCheck.key);
  if (content === undefined) {
    throw new ClaimCheckError(
      'WAYBILL_CLAIM_MISSING',
      `the data of event ${envelope.eventId} is not in the bucket: ${claimCheck.key} has expired or was deleted`,
    );
  }
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (content.byteLength !== claimCheck.bytes || sha256 !== claimCheck.sha256) {
    throw new ClaimCheckError(
      'WAYBILL_CLAIM_TAMPERED',
      `the data of event ${envelope.eventId} is not what was published: ${content.byteLength} bytes instead of ${claimCheck.bytes}, or another digest`,
    );
  }
  return { ...envelope, data: JSON.parse(new TextDecoder().decode(content)) as unknown, metadata };
}

function isClaim(value: unknown): value is Claim {
  const claim = value as Partial<Record<keyof Claim, unknown>> | null | undefined;
  return (
    typeof claim?.key === 'string' &&
    Number.isInteger(claim.bytes) &&
    typeof claim.sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(claim.sha256)
  );
}
