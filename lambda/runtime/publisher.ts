/** `createPublisher()`: events as envelopes in, encoded messages out to a transport. */
import type { AnyEventContract, Envelope, EnvelopeOf } from '../../lib/contracts/index.ts';
import type { ClaimCheck } from './claim-check/claim.ts';
import { encode } from './encode.ts';
import { PublishError } from './errors.ts';
import type { Sealer } from './sealing/index.ts';
import type { EncodedMessage, EventPublisher, PublishFailure, PublishResult, Transport } from './types.ts';

export interface PublisherProps<Contract extends AnyEventContract> {
  /** The events it publishes. Their contracts know the ordering key and the priority, which the envelope does not. */
  readonly contracts: readonly Contract[];
  readonly transport: Transport;
  /**
   * Seals personal data: `createSealer()`. Needed where a contract declares `pii`.
   * @default - personal data goes out as it is
   */
  readonly sealer?: Sealer;
  /**
   * Moves the data of an event whose body is above CLAIM_CHECK_BYTES to S3 before it is sent (D12), sealed where it is:
   * `s3ClaimCheck()`.
   * @default - a large event goes out whole, or is refused by what it is sent to
   */
  readonly claimCheck?: Pick<ClaimCheck, 'storing'>;
}

/**
 * @example
 * const publisher = createPublisher({
 *   contracts: [OrderPlaced],
 *   transport: snsTransport({ topicArn: process.env.TOPIC_ARN }),
 * });
 * await publisher.publish(createEnvelope(OrderPlaced, { tenantId, data }));
 */
export function createPublisher<const Contract extends AnyEventContract>(
  props: PublisherProps<Contract>,
): EventPublisher<Contract> {
  const transport = props.claimCheck?.storing(props.transport) ?? props.transport;
  const byName = new Map<string, Contract>(props.contracts.map((contract) => [contract.name, contract]));

  const publishBatch = async (envelopes: readonly EnvelopeOf<Contract>[]): Promise<PublishResult> => {
    const undeclared: PublishFailure[] = [];
    const messages: EncodedMessage[] = [];
    for (const envelope of envelopes as readonly Envelope[]) {
      const contract = byName.get(envelope.eventType);
      if (contract === undefined) undeclared.push(notDeclared(envelope, byName));
      else messages.push(encode(contract, (await props.sealer?.seal(contract, envelope)) ?? envelope));
    }
    const sent = messages.length === 0 ? { failed: [] } : await transport.send(messages);
    const failed = [...undeclared, ...sent.failed];
    const failedIds = new Set(failed.map(({ eventId }) => eventId));
    const published = messages.map(({ eventId }) => eventId).filter((eventId) => !failedIds.has(eventId));
    return { published, failed };
  };

  return {
    publishBatch,
    async publish(envelope) {
      const { failed } = await publishBatch([envelope]);
      if (failed[0] !== undefined) throw new PublishError(failed[0]);
    },
    send: (messages) => transport.send(messages),
  };
}

function notDeclared(
  { eventId, eventType }: Envelope,
  declared: ReadonlyMap<string, unknown>,
): PublishFailure {
  const names = [...declared.keys()].join(', ') || 'nothing';
  return {
    eventId,
    code: 'WAYBILL_EVENT_NOT_DECLARED',
    message: `this publisher declares ${names}: add ${eventType} to the contracts of createPublisher()`,
    retryable: false,
  };
}
