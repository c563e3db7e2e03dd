/** `aggregateStream()`: one result per window of time from the records of a Kinesis stream. */
import { createHash } from 'node:crypto';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, EnvelopeOf, InputOf } from '../../../lib/contracts/index.ts';
import { contractsIn } from '../consumer/consumer-options.ts';
import { invocationDeadline } from '../consumer/deadline.ts';
import type { Deadline } from '../consumer/deadline.ts';
import { derivedEventId } from '../consumer/derived-event-id.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { readEvent, unreadableReason } from '../consumer/read-event.ts';
import { untilReleased } from '../consumer/reader-admission.ts';
import { isPermanentError, RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import type { Logger } from '../logger.ts';
import type { ContractIn, ContractOrContracts, InvocationContext } from '../types.ts';
import { streamRecord } from './kinesis-event.ts';
import type { KinesisBatch, StreamBatchResponse, StreamRecord } from './kinesis-event.ts';
import { deadLetterRecord, streamConsumer, streamMargins } from './stream-options.ts';
import type { StreamOptions } from './stream-options.ts';

export interface StreamWindow {
  readonly start: Date;
  readonly end: Date;
  readonly shardId: string;
  /** Lambda ended the window before its time, because the state grew above 1 MB: the rest of it follows. */
  readonly endedEarly: boolean;
}

export interface AggregateContext {
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export interface EmitContext extends AggregateContext {
  /**
   * Publishes an event through the `publisher` of the options. Its eventId is derived from the shard and the window,
   * so that a window that is emitted again publishes the same event again.
   * @throws RuntimeError WAYBILL_PUBLISHER_MISSING when no publisher was given
   */
  publish<Contract extends AnyEventContract>(
    contract: Contract,
    of: { readonly tenantId: string; readonly data: InputOf<Contract> },
  ): Promise<void>;
}

/** `State` has to survive JSON, and to stay below 1 MB as such (services-kinesis-windows.html). */
export interface Aggregation<Contract extends AnyEventContract, State> {
  /** The state of a window before its first record. */
  readonly initial: () => State;
  /** The state with one event more. It must have no effect elsewhere: after a failure it runs again. */
  readonly add: (
    state: State,
    event: EnvelopeOf<Contract>,
    context: AggregateContext,
  ) => Promise<State> | State;
  /** Takes the result of a window that has ended. When it throws, Lambda ends the window again. */
  readonly emit: (state: State, window: StreamWindow, context: EmitContext) => Promise<void> | void;
}

/**
 * Without `onReplay`, because nothing is replayed into a stream. `controls` stop the reader as a whole, in its place;
 * switches of tenants and load shedding do not count here: a record that is left out would be missing in its window for
 * good.
 */
export type AggregateStreamOptions = Omit<StreamOptions, 'onReplay'>;

/** Lambda's event with `tumblingWindowInSeconds`. */
export interface WindowedBatch extends KinesisBatch {
  readonly window: { readonly start: string; readonly end: string };
  readonly state?: unknown;
  readonly shardId: string;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

export interface WindowResponse extends StreamBatchResponse {
  state: unknown;
}

export type WindowHandler = (batch: WindowedBatch, invocation?: InvocationContext) => Promise<WindowResponse>;

/** What is kept from one invocation of a window to the next. */
interface Kept<State> {
  readonly aggregate: State;
  /** The first record in it: it tells the parts of a window that was ended early from each other. */
  readonly from: string;
}

/**
 * A Lambda handler for a Kinesis event source with `tumblingWindow` and `ReportBatchItemFailures`: a window's state
 * goes with it from invocation to invocation. Windows are of one shard and of the time at which records arrived.
 *
 * - Records are added one after the other. At the first that fails, the state before it and its sequence number are
 *   the answer: Lambda goes on from there, and each record is in the result once.
 * - What can't be read goes to the dead-letter queue with the reason, and the rest flows.
 *
 * @example
 * export const handler = aggregateStream([ProductViewed], {
 *   initial: () => ({ views: 0 }),
 *   add: ({ views }) => ({ views: views + 1 }),
 *   emit: async ({ views }, { start }) => save(start, views),
 * });
 */
export function aggregateStream<const Given extends ContractOrContracts, State>(
  contracts: Given,
  aggregation: Aggregation<ContractIn<Given>, State>,
  options: AggregateStreamOptions = {},
): WindowHandler {
  const contractList = contractsIn(contracts);
  const margins = streamMargins(options);
  let consumer: Consumer<ContractIn<Given>> | undefined;

  return async (batch, invocation) => {
    consumer ??= streamConsumer(contractList, () => undefined, options);
    const deadline = invocationDeadline(invocation, margins, consumer.clock);
    try {
      const [first] = batch.Records;
      if (first !== undefined && !(await untilReleased(consumer, deadline))) {
        return {
          state: batch.state ?? {},
          batchItemFailures: [{ itemIdentifier: first.kinesis.sequenceNumber }],
        };
      }
      const { kept, failed } = await addAll(consumer, aggregation, options, batch, deadline);
      if (batch.isFinalInvokeForWindow && failed === undefined && kept !== undefined) {
        await aggregation.emit(
          kept.aggregate,
          windowOf(batch),
          emitContext(consumer, batch, kept.from, deadline),
        );
      }
      return {
        state: kept ?? {},
        batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }],
      };
    } finally {
      deadline.dispose();
    }
  };
}

/** Adds records until one fails or time runs out. `failed` is the sequence number to go on from. */
async function addAll<Contract extends AnyEventContract, State>(
  consumer: Consumer<Contract>,
  { initial, add }: Aggregation<Contract, State>,
  options: StreamOptions,
  batch: WindowedBatch,
  deadline: Deadline,
): Promise<{ readonly kept: Kept<State> | undefined; readonly failed?: string }> {
  let kept = keptState<State>(batch.state);
  const context: AggregateContext = { signal: deadline.signal, logger: consumer.logger };
  for (const placed of batch.Records.map(streamRecord)) {
    if (deadline.isClosing()) return { kept, failed: placed.sequenceNumber };
    try {
      const event = await readEvent(consumer.contracts, placed.record, consumer.sealer, consumer.claimCheck);
      const aggregate = await add(kept === undefined ? initial() : kept.aggregate, event, context);
      kept = { aggregate, from: kept?.from ?? placed.sequenceNumber };
    } catch (error) {
      if (!(await isDeadLettered(consumer, options, placed, error))) {
        return { kept, failed: placed.sequenceNumber };
      }
    }
  }
  return { kept };
}

async function isDeadLettered(
  consumer: Consumer,
  options: StreamOptions,
  placed: StreamRecord,
  error: unknown,
): Promise<boolean> {
  const letter =
    unreadableReason(error) ??
    (isPermanentError(error) ? { reason: 'PERMANENT_ERROR', detail: error.code } : undefined);
  const dead = letter !== undefined && (await deadLetterRecord(consumer, options, placed, letter));
  const outcome = dead ? 'dead-lettered' : 'failed';
  consumer.logger[dead ? 'error' : 'warn'](`message ${outcome}`, {
    messageId: placed.sequenceNumber,
    outcome,
    reason: letter?.reason ?? 'HANDLER_FAILED',
    detail: letter?.detail ?? describeError(error),
  });
  return dead;
}

/** Lambda begins a window with `{}`. */
function keptState<State>(state: unknown): Kept<State> | undefined {
  const { from } = Object(state) as { readonly from?: unknown };
  return typeof from === 'string' ? (state as Kept<State>) : undefined;
}

const windowOf = ({ window, shardId, isWindowTerminatedEarly }: WindowedBatch): StreamWindow => ({
  start: new Date(window.start),
  end: new Date(window.end),
  shardId,
  endedEarly: isWindowTerminatedEarly,
});

function emitContext(
  { name, publisher, logger }: Consumer,
  { window, shardId }: WindowedBatch,
  from: string,
  { signal }: Deadline,
): EmitContext {
  const cause = causeOf(`${name} ${shardId} ${window.start} ${from}`, new Date(window.start));
  const published = new Map<string, number>();
  return {
    signal,
    logger,
    async publish(contract, { tenantId, data }) {
      if (publisher === undefined) {
        throw new RuntimeError(
          'WAYBILL_PUBLISHER_MISSING',
          `${contract.name} was not published: give aggregateStream() a \`publisher\`, for example publisherFromEnvironment([${contract.name}])`,
        );
      }
      const ordinal = published.get(contract.name) ?? 0;
      published.set(contract.name, ordinal + 1);
      const eventId = derivedEventId(cause, name, contract.name, ordinal);
      await publisher.publish(createEnvelope(contract, { tenantId, data, eventId }));
    },
  };
}

/** A UUIDv7 in the place of the event that caused it: the window's start, and a hash of what makes it the same. */
function causeOf(same: string, start: Date): string {
  const time = start.getTime().toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(same).digest('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}
