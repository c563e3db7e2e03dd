/** What a handler is given beside the event. Its costly parts are made when they are asked for. */
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope, InputOf, ReplayMark } from '../../../lib/contracts/index.ts';
import { RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { childTraceparent } from '../trace.ts';
import type { EventPublisher, HandlerContext } from '../types.ts';
import { derivedEventId } from './derived-event-id.ts';

interface MessageContextProps {
  readonly event: Envelope;
  readonly receiveCount: number;
  readonly consumer: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly publisher: EventPublisher | undefined;
}

export class MessageContext implements HandlerContext {
  readonly signal: AbortSignal;
  readonly receiveCount: number;
  readonly replay: ReplayMark | undefined;
  readonly consumer: string;
  readonly #props: MessageContextProps;
  #traceparent: string | undefined;
  #logger: Logger | undefined;
  #published: Map<string, number> | undefined;

  constructor(props: MessageContextProps) {
    this.#props = props;
    this.signal = props.signal;
    this.receiveCount = props.receiveCount;
    this.consumer = props.consumer;
    this.replay = props.event.metadata.replay;
  }

  get traceparent(): string {
    this.#traceparent ??= childTraceparent(this.#props.event.metadata.traceparent);
    return this.#traceparent;
  }

  get logger(): Logger {
    this.#logger ??= this.#props.logger.with(eventFields(this.#props.event));
    return this.#logger;
  }

  async publish<Contract extends AnyEventContract>(
    contract: Contract,
    data: InputOf<Contract>,
  ): Promise<void> {
    const { event, consumer, publisher } = this.#props;
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
        eventId: derivedEventId(event.eventId, consumer, contract.name, ordinal),
      }),
    );
  }
}

/** The fields of an event that may be logged: ids, never data. */
export function eventFields(event: Envelope): Record<string, string> {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    tenantId: event.tenantId,
    correlationId: event.correlationId,
  };
}
