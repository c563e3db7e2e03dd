/** From a received message to the typed event: parse, compare tenants, fetch, open what is sealed, upcast, validate. */
import { decode, isContractError, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope, EnvelopeOf } from '../../../lib/contracts/index.ts';
import { ClaimCheckError, hasClaim } from '../claim-check/claim.ts';
import type { ClaimCheck } from '../claim-check/claim.ts';
import { SealingError } from '../sealing/index.ts';
import type { Sealer } from '../sealing/index.ts';
import type { SqsRecord } from '../types.ts';

/** A message that no handler can do anything with, and why. */
export class UnreadableMessage extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnreadableMessage';
    this.reason = reason;
  }
}

/**
 * @throws ContractError (not JSON, not an envelope, loop, unknown type, unsupported version, wrong data), or
 * UnreadableMessage TENANT_MISMATCH, ClaimCheckError, SealingError
 */
export function readEvent<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  record: SqsRecord,
  sealer?: Pick<Sealer, 'open'>,
  claimCheck?: Pick<ClaimCheck, 'fetch'>,
): EnvelopeOf<Contract> | Promise<EnvelopeOf<Contract>> {
  const envelope = parseEnvelope(record.body);
  const tenantAttribute = record.messageAttributes?.['tenantId']?.stringValue;
  // D18: the attribute is what filters routed by. A body of another tenant was put there by a mistake or on
  // purpose. A message without the attribute came by a rule, which routes by the body.
  if (tenantAttribute !== undefined && tenantAttribute !== envelope.tenantId) {
    throw new UnreadableMessage(
      'TENANT_MISMATCH',
      `routed to tenant '${tenantAttribute}', but the envelope belongs to '${envelope.tenantId}'`,
    );
  }
  if (hasClaim(envelope)) {
    if (claimCheck === undefined) throw new ClaimCheckError('WAYBILL_CLAIM_CHECK_MISSING', NO_CLAIM_CHECK);
    return claimCheck.fetch(envelope).then((whole) => openAndDecode(contracts, whole, sealer));
  }
  return openAndDecode(contracts, envelope, sealer);
}

const NO_CLAIM_CHECK =
  'the data of this event is in S3: give the consumer claimCheck: s3ClaimCheck(), and grants.fetch() of the bucket';

/** Opened as it was sealed, that is before an upcaster moves a field. */
function openAndDecode<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  envelope: Envelope,
  sealer: Pick<Sealer, 'open'> | undefined,
): EnvelopeOf<Contract> | Promise<EnvelopeOf<Contract>> {
  if (sealer !== undefined) return sealer.open(envelope).then((opened) => decode(contracts, opened));
  return decode(contracts, envelope);
}

/** The reason of a failed read, or undefined for a fault of ours, which is worth a retry. */
export function unreadableReason(error: unknown): { reason: string; detail: string } | undefined {
  if (isContractError(error)) return { reason: error.code, detail: error.message };
  if (error instanceof SealingError && error.code === 'WAYBILL_SEAL_BROKEN') {
    return { reason: error.code, detail: error.message };
  }
  if (error instanceof ClaimCheckError && error.permanent) {
    return { reason: error.code, detail: error.message };
  }
  if (error instanceof UnreadableMessage) return { reason: error.reason, detail: error.message };
  return undefined;
}
