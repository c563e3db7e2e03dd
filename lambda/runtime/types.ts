/** The interfaces of the runtime: what a publisher, a transport, a consumer and a bus promise, whatever carries them. */
import type {
  AnyEventContract,
  EnvelopeOf,
  EventPriority,
  InputOf,
  ReplayMark,
} from '../../lib/contracts/index.ts';
import type { Logger } from './logger.ts';

/** An event as it goes over a wire: what routing needs beside the body, and the body as JSON text. */
export interface EncodedMessage {
  readonly eventId: string;
  readonly eventType: string;
  readonly eventVersion: string;
  readonly source: string;
  readonly tenantId: string;
  /** `tenantId#key` where the contract declares an ordering key, else the tenant (see `orderingKeyOf`). */
  readonly orderingKey: string;
  readonly priority: EventPriority;
  /** The envelope as JSON. Transports pass it on as it is. */
  readonly body: string;
}

export interface PublishFailure {
  readonly eventId: string;
  /** The service's own code, or one that begins with `WAYBILL_`. */
  readonly code: string;
  readonly message: string;
  /** True when the same event may be accepted later, false when the event itself is at fault. */
  readonly retryable: boolean;
}

/** Hands encoded events to one kind of broker. */
export interface Transport {
  /**
   * Sends any number of events: packed into batches, failed entries retried alone. Resolves when each event
   * is accepted or given up. What is not in `failed` was accepted.
   */
  send(messages: readonly EncodedMessage[]): Promise<{ readonly failed: readonly PublishFailure[] }>;
}

export interface PublishResult {
  /** The eventId of each event that was accepted. */
  readonly published: readonly string[];
  readonly failed: readonly PublishFailure[];
}

export interface EventPublisher<Contract extends AnyEventContract = AnyEventContract> extends Transport {
  /**
   * Publishes one event.
   * @throws PublishError with the service's code when it was not accepted
   */
  publish(envelope: EnvelopeOf<Contract>): Promise<void>;
  /** Publishes any number of events. Never throws for a single event: read `failed`. */
  publishBatch(envelopes: readonly EnvelopeOf<Contract>[]): Promise<PublishResult>;
}

/** The part of Lambda's SQS record that is read. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: SqsRecordSystemAttributes;
  readonly messageAttributes?: Readonly<Record<string, SqsRecordAttribute>>;
  readonly eventSourceARN?: string;
}

export interface SqsRecordSystemAttributes {
  readonly ApproximateReceiveCount?: string | undefined;
  readonly MessageGroupId?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly SentTimestamp?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
}

export interface SqsRecordAttribute {
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  readonly binaryValue?: string | undefined;
}

export interface SqsBatch {
  readonly Records: readonly SqsRecord[];
}

export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The part of Lambda's context that is read. Without it there is no time limit. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export interface MessageConsumer {
  /**
   * Handles a batch and reports what has to be delivered again. Fits Lambda's SQS event source with
   * `ReportBatchItemFailures`.
   */
  process(batch: SqsBatch, invocation?: InvocationContext): Promise<SqsBatchResponse>;
}

/** What a handler is given beside the event. */
export interface HandlerContext {
  /** Aborted when the result can no longer count: time limit near, message lost, shutdown overdue. */
  readonly signal: AbortSignal;
  /** Adds the event's ids to every line. */
  readonly logger: Logger;
  /** How often the message was received, this time included. */
  readonly receiveCount: number;
  /** Set when the event is replayed or redriven: look before any side effect that must not be repeated. */
  readonly replay: ReplayMark | undefined;
  /** The consumer's name, the key of its inbox. */
  readonly consumer: string;
  /** W3C trace context of this handling: a child of the event's. Give it to calls and events that follow. */
  readonly traceparent: string;
  /**
   * Publishes an event that follows from this one, through the `publisher` given to `consume`. Its eventId is
   * derived from this event, so that handling it again publishes the same event again. Use the outbox instead
   * where the handler writes to a database.
   * @throws RuntimeError WAYBILL_PUBLISHER_MISSING when no publisher was given
   */
  publish<Contract extends AnyEventContract>(contract: Contract, data: InputOf<Contract>): Promise<void>;
}

export type Handler<Contract extends AnyEventContract> = (
  event: EnvelopeOf<Contract>,
  context: HandlerContext,
) => Promise<void> | void;

/** One contract or several, as `consume`, `poll` and `subscribe` take them. */
export type ContractOrContracts = AnyEventContract | readonly AnyEventContract[];
export type ContractIn<Given extends ContractOrContracts> = Given extends readonly (infer Contract)[]
  ? Extract<Contract, AnyEventContract>
  : Extract<Given, AnyEventContract>;

export interface Subscription extends MessageConsumer {
  /** Ends the subscription after the running handlers finished. */
  close(): Promise<void>;
}

export interface EventBus<Options = unknown> extends EventPublisher {
  /** Handles the events of these contracts. */
  subscribe<const Given extends ContractOrContracts>(
    contracts: Given,
    handler: Handler<ContractIn<Given>>,
    options?: Options,
  ): Subscription;
}
