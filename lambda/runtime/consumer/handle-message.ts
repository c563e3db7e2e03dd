/** One message, from its text to its outcome. Never throws. */
import type { AnyEventContract, Envelope, EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { ClaimCheck } from '../claim-check/claim.ts';
import type { Clock } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import { isPermanentError } from '../errors.ts';
import type { Sealer } from '../sealing/index.ts';
import type { EventPublisher, Handler, SqsRecord } from '../types.ts';
import { postpone, postponementOf, retryAfterOf } from './admission.ts';
import type { ConsumerAdmission } from './admission.ts';
import { MessageContext } from './message-context.ts';
import { belongsInDeadLetterQueue, isAcknowledged } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { PutBack } from './put-back.ts';
import { readEvent, unreadableReason } from './read-event.ts';

/** A consumer as data: nothing of it changes from message to message (D5). */
export interface Consumer<Contract extends AnyEventContract = AnyEventContract> {
  readonly name: string;
  readonly contracts: readonly Contract[];
  readonly handler: Handler<Contract>;
  readonly onReplay: 'handle' | 'skip';
  readonly maxReceiveCount: number | undefined;
  readonly publisher: EventPublisher | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly controls: ConsumerAdmission | undefined;
  readonly sealer: Pick<Sealer, 'open'> | undefined;
  readonly claimCheck: Pick<ClaimCheck, 'fetch'> | undefined;
  readonly putBack?: PutBack | undefined;
}

export interface DeadLetter {
  readonly reason: string;
  /** At most 256 characters, without personal data. */
  readonly detail: string;
}

/** What a message needs of the batch it came in. */
export interface MessageRun {
  readonly signal: AbortSignal;
  /** True when the batch was given up: whatever a late handler does counts no more. */
  isOver(): boolean;
  /** Resolves true when the copy with its reason is safe; false leaves the message to SQS's own redrive. */
  deadLetter(record: SqsRecord, letter: DeadLetter): Promise<boolean>;
}

export async function handleMessage<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  record: SqsRecord,
  run: MessageRun,
): Promise<Outcome> {
  const startedAt = consumer.clock.now();
  const receiveCount = receiveCountOf(record);
  let event: EnvelopeOf<Contract> | undefined;
  try {
    const read = readEvent(consumer.contracts, record, consumer.sealer, consumer.claimCheck);
    event = read instanceof Promise ? await read : read;
    const replay = event.metadata.replay;
    if (replay !== undefined && consumer.onReplay === 'skip') {
      log(consumer, record, event, 'skipped', startedAt, { replay });
      return settled(consumer, record, 'skipped');
    }
    if (consumer.controls !== undefined) {
      const kept = await keptFromHandler(consumer, consumer.controls, record, run, { event, startedAt });
      if (kept !== undefined) return kept;
    }
    const context = new MessageContext(consumer, event, receiveCount, run.signal);
    await consumer.handler(event, context);
    log(consumer, record, event, 'handled', startedAt, undefined);
    return settled(consumer, record, 'handled');
  } catch (error) {
    if (run.isOver()) return 'abandoned';
    const retryAfter = retryAfterOf(error, receiveCount);
    if (retryAfter !== undefined) {
      const why = { detail: describeError(error), retryAfter };
      return wait(consumer, record, run, { event, receiveCount, startedAt, seconds: retryAfter, why });
    }
    return afterFailure(consumer, record, run, { error, event, receiveCount, startedAt });
  }
}

/** The outcome of a message that is not to be handled now; undefined for one that is. */
async function keptFromHandler<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  controls: ConsumerAdmission,
  record: SqsRecord,
  run: MessageRun,
  { event, startedAt }: { readonly event: Envelope; readonly startedAt: number },
): Promise<Outcome | undefined> {
  const { name, logger, maxReceiveCount } = consumer;
  const contract = consumer.contracts.find((one) => one.name === event.eventType);
  const verdict = await controls.admit({ event, contract, record, consumer: name, maxReceiveCount, logger });
  if (verdict.kind === 'handle') return undefined;
  if (verdict.kind === 'dead-letter') {
    const { letter } = verdict;
    const outcome = (await run.deadLetter(record, letter))
      ? 'dead-lettered'
      : postpone(record, UNNOTED_SECONDS);
    log(consumer, record, event, outcome, startedAt, { ...letter });
    return settled(consumer, record, outcome);
  }
  const why = { reason: verdict.reason };
  if (verdict.kind === 'postpone') {
    const { seconds } = verdict;
    return wait(consumer, record, run, {
      event,
      receiveCount: receiveCountOf(record),
      startedAt,
      seconds,
      why,
    });
  }
  log(consumer, record, event, 'parked', startedAt, why);
  return 'parked';
}

interface Waiting extends Omit<FailedHandling, 'error'> {
  readonly seconds: number;
  /** For its line in the log. */
  readonly why: Readonly<Record<string, unknown>>;
}

/** Hidden, or put back where the consumer does that. What can not be put back has failed, as anything that a handler throws. */
async function wait<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  record: SqsRecord,
  run: MessageRun,
  waiting: Waiting,
): Promise<Outcome> {
  const { event, startedAt, seconds, why } = waiting;
  const postponed = postpone(record, seconds);
  let putBack: Outcome | undefined;
  try {
    putBack = event && (await consumer.putBack?.send(record, event, postponementOf(record)));
  } catch (error) {
    return afterFailure(consumer, record, run, { ...waiting, error });
  }
  const outcome = putBack ?? postponed;
  log(consumer, record, event, outcome, startedAt, why);
  // For the controls it is not done with: the copy is what they know of it.
  await settled(consumer, record, postponed);
  return outcome;
}

/** Tells the controls of the outcome. Where they cannot note that a message is done with, it comes back. */
function settled<Contract extends AnyEventContract>(
  { controls, name }: Consumer<Contract>,
  record: SqsRecord,
  outcome: Outcome,
): Promise<Outcome> | Outcome {
  if (controls === undefined) return outcome;
  return controls
    .settled(record, outcome, name)
    .then((noted) => (noted || !isAcknowledged(outcome) ? outcome : postpone(record, UNNOTED_SECONDS)));
}

/** Seconds until a message comes back whose end could not be noted. */
const UNNOTED_SECONDS = 5;

interface FailedHandling {
  readonly error: unknown;
  /** Undefined when it could not be read. */
  readonly event: Envelope | undefined;
  readonly receiveCount: number;
  readonly startedAt: number;
}

async function afterFailure<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  record: SqsRecord,
  run: MessageRun,
  { error, event, receiveCount, startedAt }: FailedHandling,
): Promise<Outcome> {
  const unreadable = event === undefined ? unreadableReason(error) : undefined;
  const permanent = unreadable !== undefined || isPermanentError(error);
  const letter: DeadLetter = unreadable ?? {
    reason: isPermanentError(error) ? 'PERMANENT_ERROR' : 'HANDLER_FAILED',
    detail: isPermanentError(error) ? error.code : describeError(error),
  };
  const { maxReceiveCount, controls } = consumer;
  const failures =
    controls === undefined || permanent ? receiveCount : await controls.countFailure(record, consumer.name);
  const dead =
    belongsInDeadLetterQueue({ permanent, receiveCount: failures, maxReceiveCount }) &&
    (await run.deadLetter(record, letter));
  const outcome = dead ? 'dead-lettered' : 'failed';
  log(consumer, record, event, outcome, startedAt, { reason: letter.reason, detail: letter.detail });
  return settled(consumer, record, outcome);
}

/** One line per message, so that whoever counts lines counts messages. Ids and outcome, never data. */
function log<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  record: SqsRecord,
  event: Envelope | undefined,
  outcome: Outcome,
  startedAt: number,
  more: Readonly<Record<string, unknown>> | undefined,
): void {
  const level =
    outcome === 'failed' || outcome === 'postponed' ? 'warn' : outcome === 'dead-lettered' ? 'error' : 'info';
  if (consumer.logger.isEnabled?.(level) === false) return;
  consumer.logger[level](`message ${outcome}`, {
    eventId: event?.eventId,
    eventType: event?.eventType,
    tenantId: event?.tenantId,
    correlationId: event?.correlationId,
    messageId: record.messageId,
    receiveCount: receiveCountOf(record),
    outcome,
    durationMs: consumer.clock.now() - startedAt,
    ...more,
  });
}

export function receiveCountOf(record: SqsRecord): number {
  return Number(record.attributes.ApproximateReceiveCount ?? 1);
}
