/** From an envelope of any version to the typed event a consumer declared: find the contract, upcast, validate. */
import type { Envelope, EnvelopeOf } from './envelope.ts';
import { ContractError } from './errors.ts';
import { majorOf } from './event.ts';
import type { AnyEventContract } from './event.ts';
import { describeIssues } from './standard-schema.ts';
import type { SchemaResult } from './standard-schema.ts';

/**
 * What happens to an envelope, given the consumer's contract of the same name:
 *
 * | received major | contract's major | upcaster for it | result                                  |
 * |----------------|------------------|-----------------|-----------------------------------------|
 * | same           | same             | -               | validated; any minor is read            |
 * | other          | -                | declared        | upcast, then validated, version as read |
 * | other          | -                | none            | WAYBILL_EVENT_VERSION_UNSUPPORTED       |
 *
 * @throws ContractError WAYBILL_EVENT_DATA_ELSEWHERE for an envelope whose data is in S3 (D12): fetch it first,
 * WAYBILL_EVENT_TYPE_UNKNOWN when no contract has the event's type,
 * WAYBILL_EVENT_VERSION_UNSUPPORTED, WAYBILL_UPCAST_FAILED, WAYBILL_EVENT_DATA_INVALID
 */
export function decode<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  envelope: Envelope,
): EnvelopeOf<Contract> | Promise<EnvelopeOf<Contract>> {
  const contract = contracts.find((candidate) => candidate.name === envelope.eventType);
  if (contract === undefined) {
    const known = contracts.map((candidate) => candidate.name).join(', ');
    throw new ContractError(
      'WAYBILL_EVENT_TYPE_UNKNOWN',
      `received '${envelope.eventType}', but this consumer declares ${known}: fix the subscription's filter, or add the event to consume()`,
    );
  }
  // What is left in the envelope could pass for the whole where a field is optional.
  if (envelope.metadata['claimCheck'] !== undefined) {
    throw new ContractError(
      'WAYBILL_EVENT_DATA_ELSEWHERE',
      `the data of ${envelope.eventType} ${envelope.eventId} is in a claim check bucket: read it with consume() or poll() and claimCheck: s3ClaimCheck()`,
    );
  }
  const data = upcast(contract, envelope);
  const result = contract.schema['~standard'].validate(data);
  const finish = (settled: SchemaResult<unknown>): EnvelopeOf<Contract> => {
    if (settled.issues !== undefined) {
      throw new ContractError(
        'WAYBILL_EVENT_DATA_INVALID',
        `${envelope.eventType} ${envelope.eventVersion} does not match ${contract.version}: ${describeIssues(settled.issues)}`,
      );
    }
    return (
      settled.value === envelope.data ? envelope : { ...envelope, data: settled.value }
    ) as EnvelopeOf<Contract>;
  };
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function upcast(contract: AnyEventContract, envelope: Envelope): unknown {
  const major = majorOf(envelope.eventVersion);
  if (major === majorOf(contract.version)) return envelope.data;
  const upcaster = contract.upcast[major];
  if (upcaster === undefined) {
    throw new ContractError(
      'WAYBILL_EVENT_VERSION_UNSUPPORTED',
      `${envelope.eventType} ${envelope.eventVersion} was received, this consumer reads ${contract.version}: ` +
        `declare upcast['${major}'] in the event, or consume the other version in its own handler`,
    );
  }
  try {
    return upcaster(envelope.data as never);
  } catch (cause) {
    throw new ContractError(
      'WAYBILL_UPCAST_FAILED',
      `${envelope.eventType} ${envelope.eventVersion}: its upcaster to ${contract.version} threw; the data does not have the shape of version ${envelope.eventVersion}, or the upcaster is wrong`,
      { cause },
    );
  }
}
