/** What a claim is (D12): where the data of a large event is, in the metadata of its envelope, and what can be wrong with it. */
import type { Envelope } from '../../../lib/contracts/index.ts';
import type { Transport } from '../types.ts';

/** `metadata.claimCheck` of an envelope whose data is in the bucket. */
export interface Claim {
  /** Of the object. It follows from the envelope, and a reader takes no other. */
  readonly key: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Where the data of large events is kept: an S3 bucket, in tests `memoryClaimStore()`. */
export interface ClaimStore {
  /** No bucket is configured: nothing is moved there. */
  readonly isOff?: boolean;
  /** Writing the same again changes nothing: the key has the digest of the content. */
  put(key: string, content: Uint8Array): Promise<void>;
  /** Undefined where there is no such object. Throws where that can't be known now. */
  get(key: string): Promise<Uint8Array | undefined>;
}

/** What publishers and consumers are given: `s3ClaimCheck()`, in tests `claimCheckWith(memoryClaimStore())`. */
export interface ClaimCheck {
  /** The transport, before which the data of large events moves to the store. */
  storing(transport: Transport): Transport;
  /** The envelope with its data. @throws ClaimCheckError, whatever the store throws */
  fetch(envelope: Envelope): Promise<Envelope>;
}

/**
 * Bytes of a message body above which its data moves: the least that a hop takes, an SNS topic with 256 KiB, less
 * 8 KiB for the attributes that travel with it.
 * Source: "Amazon SNS endpoints and quotas"; SQS and EventBridge take 1 MiB, Lambda 6 MB for a whole batch.
 */
export const CLAIM_CHECK_BYTES = 248 * 1024;

export type ClaimCheckErrorCode =
  /** The object is gone: its lifecycle has ended, or somebody has deleted it. */
  | 'WAYBILL_CLAIM_MISSING'
  /** The object is not what was stored. */
  | 'WAYBILL_CLAIM_TAMPERED'
  /** The claim is of another tenant, type or event than its envelope, or is none. */
  | 'WAYBILL_CLAIM_MISMATCH'
  /** There is no store to fetch from. */
  | 'WAYBILL_CLAIM_CHECK_MISSING';

export class ClaimCheckError extends Error {
  readonly code: ClaimCheckErrorCode;

  constructor(code: ClaimCheckErrorCode, message: string) {
    super(message);
    this.name = 'ClaimCheckError';
    this.code = code;
  }

  /** No retry helps. Without a store one does: as soon as the function has one. */
  get permanent(): boolean {
    return this.code !== 'WAYBILL_CLAIM_CHECK_MISSING';
  }
}

/** `claims/TENANT/TYPE/EVENT/DIGEST`: a policy can name a tenant, and a type of any tenant. */
export function claimKey(
  { tenantId, eventType, eventId }: Pick<Envelope, 'tenantId' | 'eventType' | 'eventId'>,
  sha256: string,
): string {
  return `claims/${tenantId}/${eventType}/${eventId}/${sha256}`;
}

/** True where the data of the envelope is elsewhere. */
export function hasClaim({ metadata }: Pick<Envelope, 'metadata'>): boolean {
  return metadata['claimCheck'] !== undefined;
}
