/** The options that every consumer has, in Lambda or outside, and the consumer made of them. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import type { Backoff } from '../backoff.ts';
import type { ClaimCheck } from '../claim-check/claim.ts';
import type { SqsSender } from '../clients.ts';
import { systemClock } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import { positiveNumberVariable, requiredVariable } from '../environment.ts';
import { createLogger, describeError } from '../logger.ts';
import type { Logger } from '../logger.ts';
import type { ContractIn, ContractOrContracts, EventPublisher, Handler, SqsRecord } from '../types.ts';
import type { ConsumerAdmission } from './admission.ts';
import type { Sealer } from '../sealing/index.ts';
import { sendDeadLetter } from './dead-letter.ts';
import type { Consumer, DeadLetter } from './handle-message.ts';
import type { PutBack } from './put-back.ts';

export interface ConsumerOptions {
  /**
   * Name of the consumer, in logs, dead letters and the inbox.
   * @default - WAYBILL_CONSUMER
   */
  readonly consumer?: string;
  /**
   * What becomes of an event that is replayed or redriven: handled, with `context.replay` set, or
   * acknowledged without being handled.
   * @default 'handle'
   */
  readonly onReplay?: 'handle' | 'skip';
  /**
   * Receives after which a message whose handler throws is dead-lettered. The queue's own maxReceiveCount.
   * With `controls` failures count, not receives.
   * @default - WAYBILL_MAX_FAILURES, else WAYBILL_MAX_RECEIVE_COUNT, else SQS alone decides
   */
  readonly maxReceiveCount?: number;
  /**
   * Where unreadable and given-up messages go, with the reason.
   * @default - WAYBILL_DEAD_LETTER_QUEUE_URL, else SQS moves them after their last receive, without a reason
   */
  readonly deadLetterQueueUrl?: string;
  /**
   * Seconds a failed message waits: full jitter below `base * 2^(receiveCount - 1)`, at most `cap`.
   * @default { base: 2, cap: 900 }
   */
  readonly backoff?: Backoff;
  /**
   * For `context.publish`.
   * @default - context.publish throws
   */
  readonly publisher?: EventPublisher;
  /**
   * Kill switches, circuit breakers and load shedding: `consumerControls()`.
   * @default - every message is handled when it comes
   */
  readonly controls?: ConsumerAdmission;
  /**
   * Opens sealed personal data for the handler: `createSealer()`. Only where the handler needs it.
   * @default - sealed fields stay sealed
   */
  readonly sealer?: Pick<Sealer, 'open'>;
  /**
   * Fetches the data of large events, before anything else reads it (D12): `s3ClaimCheck()`.
   * @default - such an event is refused: it fails with WAYBILL_CLAIM_CHECK_MISSING
   */
  readonly claimCheck?: Pick<ClaimCheck, 'fetch'>;
  /**
   * What waits goes back to its queue as a copy, so that waiting uses up no receives: `putBackCopies()`. Standard queues
   * alone; the construct's `putsBack` grants it. A handler may get an event twice by it.
   * @default - it is hidden for as long, and has been received once more when it comes back
   */
  readonly putBack?: PutBack;
  /** @default - JSON lines on standard output, level from WAYBILL_LOG_LEVEL */
  readonly logger?: Logger;
  /** @default - one client per process, see clients.ts */
  readonly client?: SqsSender;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly random?: Random;
}

export function consumerFrom<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  handler: Handler<Contract>,
  options: ConsumerOptions,
): Consumer<Contract> {
  const name = options.consumer ?? requiredVariable(process.env, 'WAYBILL_CONSUMER');
  return {
    name,
    contracts,
    handler,
    onReplay: options.onReplay ?? 'handle',
    maxReceiveCount:
      options.maxReceiveCount ??
      positiveNumberVariable(process.env, 'WAYBILL_MAX_FAILURES') ??
      positiveNumberVariable(process.env, 'WAYBILL_MAX_RECEIVE_COUNT'),
    publisher: options.publisher,
    logger: (options.logger ?? createLogger()).with({ consumer: name }),
    clock: options.clock ?? systemClock,
    controls: options.controls,
    sealer: options.sealer,
    claimCheck: options.claimCheck,
    putBack: options.putBack,
  };
}

/** Resolves false when the message has to stay in its queue. */
export async function deadLetterOrLeave(
  consumer: Pick<Consumer, 'name' | 'logger'>,
  options: ConsumerOptions,
  record: SqsRecord,
  letter: DeadLetter,
): Promise<boolean> {
  const queueUrl = options.deadLetterQueueUrl ?? process.env['WAYBILL_DEAD_LETTER_QUEUE_URL'];
  if (queueUrl === undefined || queueUrl === '') return false;
  try {
    await sendDeadLetter({ queueUrl, consumer: consumer.name, client: options.client }, record, letter);
    return true;
  } catch (error) {
    consumer.logger.error('dead letter not written; SQS moves the message after its last receive', {
      messageId: record.messageId,
      detail: describeError(error),
    });
    return false;
  }
}

export function contractsIn<Given extends ContractOrContracts>(given: Given): readonly ContractIn<Given>[] {
  return (Array.isArray(given) ? given : [given]) as readonly ContractIn<Given>[];
}
