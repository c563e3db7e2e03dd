/** What the two consumers of a Kinesis stream have in common: options, the consumer, its dead letters. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { readerAdmission } from '../consumer/reader-admission.ts';
import { consumerFrom, deadLetterOrLeave } from '../consumer/consumer-options.ts';
import type { ConsumerOptions } from '../consumer/consumer-options.ts';
import type { DeadlineMargins } from '../consumer/deadline.ts';
import type { Consumer, DeadLetter } from '../consumer/handle-message.ts';
import { SQS_LIMITS } from '../transports/limits.ts';
import type { Handler } from '../types.ts';
import type { StreamRecord } from './kinesis-event.ts';

export interface StreamOptions extends Omit<ConsumerOptions, 'maxReceiveCount' | 'backoff' | 'random'> {
  /**
   * Milliseconds before the time limit at which `context.signal` is aborted.
   * @default 1000
   */
  readonly abortMargin?: number;
  /**
   * Milliseconds before the time limit from which no record is started. Set it to about what your handler takes.
   * @default - twice the abort margin
   */
  readonly startMargin?: number;
}

const DEFAULT_ABORT_MARGIN = 1_000;

export function streamMargins(options: StreamOptions): DeadlineMargins {
  const abort = options.abortMargin ?? DEFAULT_ABORT_MARGIN;
  return { abort, start: options.startMargin ?? 2 * abort };
}

/** Retries are the mapping's affair: it alone knows how often a batch was tried. */
export function streamConsumer<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  handler: Handler<Contract>,
  options: StreamOptions,
): Consumer<Contract> {
  const consumer = consumerFrom(contracts, handler, options);
  const { controls } = consumer;
  return { ...consumer, controls: controls && readerAdmission(controls), maxReceiveCount: undefined };
}

/** Room for the attributes beside the body of a dead letter. */
const ATTRIBUTE_BYTES = 8 * 1024;

/**
 * Puts a record into the dead-letter queue; false when it has to stay. A record can be ten times as large as an SQS
 * message: of one that does not fit the letter tells where it is in the stream.
 */
export function deadLetterRecord(
  consumer: Pick<Consumer, 'name' | 'logger'>,
  options: StreamOptions,
  { record, sequenceNumber }: StreamRecord,
  letter: DeadLetter,
): Promise<boolean> {
  const bytes = Buffer.byteLength(record.body);
  const fits = bytes <= SQS_LIMITS.bytes - ATTRIBUTE_BYTES;
  const place = { streamArn: record.eventSourceARN, sequenceNumber, bytes };
  return deadLetterOrLeave(
    consumer,
    options,
    fits ? record : { ...record, body: JSON.stringify(place) },
    letter,
  );
}
