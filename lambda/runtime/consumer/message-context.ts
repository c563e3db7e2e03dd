/** What a handler is given beside the event. Its costly parts are made when they are asked for. */
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope, InputOf, ReplayMark } from '../../../lib/contracts/index.ts';
import { RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { childTraceparent } from '../trace.ts';
import type { HandlerContext } from '../types.ts';
import { derivedEventId } from './derived-event-id.ts';
import type { Consumer } from './handle-message.ts';

/** What a context takes from its consumer. */
type ContextConsumer = Pick<Consumer, 'name' | 'logger' | 'publisher'>;

export class MessageContext implements HandlerContext {
  readonly signal: AbortSignal;
  readonly receiveCount: number;
  readonly #event: Envelope;
  readonly #consumer: ContextConsumer;
  #traceparent: string | undefined;
  #logger: Logger | undefined;
  #published: Map<string, number> | undefined;

  constructor(consumer: ContextConsumer, event: Envelope, receiveCount: number, signal: AbortSignal) {
    this.#consumer = consumer;
    this.#event = event;
    this.receiveCount = receiveCount;
    this.signal = signal;
  }

  get consumer(): string {
    return this.#consumer.name;
  }

  get replay(): ReplayMark | undefined {
    return this.#event.metadata.replay;
  }

  get traceparent(): string {
    this.#traceparent ??= childTraceparent(this.#event.metadata.traceparent);
    return this.#traceparent;
  }

  get logger(): Logger {
    this.#logger ??= this.#consumer.logger.with(eventFields(this.#event));
    return this.#logger;
  }

  async publish<Contract extends AnyEventContract>(
    contract: Contract,
    data: InputOf<Contract>,
  ): Promise<void> {
    const event = this.#event;
    const { name, publisher } = this.#consumer;
    if (publisher === undefined) {
      throw new RuntimeError(
        'WAYBILL_PUBLISHER_MISSING',
        `${contract.name} was not published: give consume() a \`publisher\`, for example publisherFromEnvironment([${contract.name}])`,
      );
    }
    this.#published ??= new Map();
    const ordinal = this.#published.get(contract.name) ?? 0;
    this.#published.set(contract.name, ordinal + 1);
    await publisher.publish(
      createEnvelope(contract, {
        tenantId: event.tenantId,
        data,
        causedBy: event,
        traceparent: this.traceparent,
        eventId: derivedEventId(event.eventId, name, contract.name, ordinal),
      }),
    );
  }
}

/** The fields of an event that may be logged: ids, never data. */
function eventFields(event: Envelope): Record<string, string> {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    tenantId: event.tenantId,
    correlationId: event.correlationId,
  };
}
