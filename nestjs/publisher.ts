/** An injectable publisher: `constructor(private readonly events: WaybillPublisher)`. */
import { createEnvelope } from '../lib/contracts/index.ts';
import type { AnyEventContract, Envelope, EnvelopeOf, NewEvent } from '../lib/contracts/index.ts';
import { RuntimeError } from '../lambda/runtime/errors.ts';
import { createPublisher } from '../lambda/runtime/publisher.ts';
import { publisherFromEnvironment } from '../lambda/runtime/routes.ts';
import type { EventPublisher, PublishResult } from '../lambda/runtime/types.ts';
import type { WaybillModuleOptions } from './options.ts';

export class WaybillPublisher {
  readonly #publisher: EventPublisher | undefined;

  /** @internal Nest makes it. */
  constructor(publisher: EventPublisher | undefined) {
    this.#publisher = publisher;
  }

  /**
   * Makes the event and publishes it. Where the request writes to a database, use the outbox instead: nothing
   * is published then that was not stored, and nothing stored that is not published.
   *
   * @returns the event as it was sent
   * @throws ContractError when the data fails the schema; PublishError when it was not accepted
   */
  async publish<Contract extends AnyEventContract>(
    contract: Contract,
    event: NewEvent<Contract>,
  ): Promise<EnvelopeOf<Contract>> {
    const publisher = this.#given(contract.name);
    const envelope = createEnvelope(contract, event);
    await publisher.publish(envelope as Envelope as EnvelopeOf<AnyEventContract>);
    return envelope as Envelope as EnvelopeOf<Contract>;
  }

  /** Publishes envelopes that exist. Never throws for a single event: read `failed`. */
  async publishBatch(envelopes: readonly Envelope[]): Promise<PublishResult> {
    if (envelopes.length === 0) return { published: [], failed: [] };
    const publisher = this.#given(envelopes[0]!.eventType);
    return publisher.publishBatch(envelopes as readonly EnvelopeOf<AnyEventContract>[]);
  }

  #given(event: string): EventPublisher {
    if (this.#publisher !== undefined) return this.#publisher;
    throw new RuntimeError(
      'WAYBILL_PUBLISHER_MISSING',
      `${event} was not published: give WaybillModule.forRoot() \`publishes: [${event}]\`, with a \`transport\` where WAYBILL_PUBLISH_ROUTES is not set`,
    );
  }
}

/** @throws RuntimeError as publisherFromEnvironment() */
export function publisherOf(options: WaybillModuleOptions): EventPublisher | undefined {
  const { publisher, publishes, transport } = options;
  if (publisher !== undefined || publishes === undefined) return publisher;
  return transport === undefined
    ? publisherFromEnvironment(publishes)
    : createPublisher({ contracts: publishes, transport });
}
