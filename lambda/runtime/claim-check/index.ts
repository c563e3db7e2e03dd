/** Public surface of the claim check. */
export { claimCheckWith, s3ClaimCheck } from './claim-check.ts';
export { CLAIM_CHECK_BYTES, ClaimCheckError, claimKey } from './claim.ts';
export type { Claim, ClaimCheck, ClaimCheckErrorCode, ClaimStore } from './claim.ts';
export { memoryClaimStore } from './memory-claim-store.ts';
export type { MemoryClaimStore } from './memory-claim-store.ts';
