/**
 * What consumers of streams and Kafka topics have in common: how their mappings retry, and what they refuse.
 *
 * | what fails | goes |
 * |---|---|
 * | a record that can never be handled | to the consumer's dead letters, put there by the runtime with the reason (D10) |
 * | a record that failed maximumRetryAttempts times, or is too old | to the on-failure destination, put there by Lambda |
 * | an invocation of a batch | in two halves, each by itself, until the record that fails is alone |
 */
import { Duration } from 'aws-cdk-lib';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DEFAULT_TIMEOUT, FUNCTION_RULES } from './event-function.ts';
import type { FunctionProps } from './event-function.ts';
import {
  BATCHING_WINDOW_SECONDS,
  STREAM_BATCH_SIZE,
  STREAM_RECORD_AGE_SECONDS,
  STREAM_RETRY_ATTEMPTS,
} from './limits.ts';
import { numberInRange } from './validation.ts';
import type { Rule } from './validation.ts';

export interface StreamReaderProps extends FunctionProps {
  /**
   * The consumer's name in its inbox, logs and dead letters. Keep it when the construct is renamed: the
   * inbox knows by it what was handled.
   * @default - the construct's id in kebab case
   */
  readonly consumerName?: string;
  /**
   * Records per invocation at most: 1 to 10,000.
   * @default 100
   */
  readonly batchSize?: number;
  /**
   * How long to wait for a batch to fill: to 300 seconds.
   * @default Duration.seconds(1)
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * How often a batch that fails is tried again before it goes to the dead-letter queue: 0 to 10,000. Lambda's own
   * default is for ever, and one bad record would hold up all behind it.
   * @default 5
   */
  readonly maximumRetryAttempts?: number;
  /**
   * A record that is older goes to the dead-letter queue untried: a minute to a week, and less than it is kept.
   * @default Duration.hours(6)
   */
  readonly maximumRecordAge?: Duration;
  /**
   * Encrypts the dead-letter queue.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly deadLetterEncryptionKey?: IKey;
  /**
   * An alarm rises when the reader is behind so far, by the age of what it reads.
   * @default Duration.minutes(15)
   */
  readonly maxAge?: Duration;
}

export interface StreamReaderSettings {
  readonly timeout: Duration;
  readonly batchSize: number;
  readonly maxBatchingWindow: Duration;
  readonly maximumRetryAttempts: number;
  readonly maximumRecordAge: Duration;
  readonly maxAge: Duration;
}

export function streamReaderSettings(props: StreamReaderProps): StreamReaderSettings {
  return {
    timeout: props.timeout ?? DEFAULT_TIMEOUT,
    batchSize: props.batchSize ?? 100,
    maxBatchingWindow: props.maxBatchingWindow ?? Duration.seconds(1),
    maximumRetryAttempts: props.maximumRetryAttempts ?? 5,
    maximumRecordAge: props.maximumRecordAge ?? Duration.hours(6),
    maxAge: props.maxAge ?? Duration.minutes(15),
  };
}

/** In CloudFormation's words. */
export function retryProperties(settings: StreamReaderSettings, deadLetterQueueArn: string) {
  return {
    batchSize: settings.batchSize,
    maximumBatchingWindowInSeconds: settings.maxBatchingWindow.toSeconds(),
    maximumRetryAttempts: settings.maximumRetryAttempts,
    maximumRecordAgeInSeconds: settings.maximumRecordAge.toSeconds(),
    bisectBatchOnFunctionError: true,
    functionResponseTypes: ['ReportBatchItemFailures'],
    destinationConfig: { onFailure: { destination: deadLetterQueueArn } },
  } satisfies Partial<ConstructorParameters<typeof CfnEventSourceMapping>[2]>;
}

export function nameIsKebabCase<Props extends { readonly consumerName?: string }>({
  consumerName,
}: Props): ReturnType<Rule<Props>> {
  if (consumerName === undefined || /^[a-z][a-z0-9-]{0,63}$/.test(consumerName)) return undefined;
  return {
    code: 'WAYBILL_CONSUMER_NAME_INVALID',
    prop: 'consumerName',
    received: `'${consumerName}'`,
    allowed: "lower case letters, digits and '-', at most 64 characters, beginning with a letter",
    fix: 'for example search-index',
  };
}

/** A reader of a stream or a broker parks nothing and counts nothing in the table of controls: it reads the switches. */
export function readingControls<Props extends FunctionProps>(props: Props): Props {
  const { controls } = props;
  if (controls === undefined) return props;
  return {
    ...props,
    controls: { connect: (fn, reader) => controls.connect(fn, { ...reader, consumer: undefined }) },
  };
}

export const STREAM_READER_RULES: readonly Rule<StreamReaderProps>[] = [
  nameIsKebabCase,
  numberInRange('WAYBILL_BATCH_SIZE_OUT_OF_RANGE', 'batchSize', STREAM_BATCH_SIZE, 'give a whole number'),
  numberInRange(
    'WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE',
    'maxBatchingWindow',
    BATCHING_WINDOW_SECONDS,
    'give whole seconds',
  ),
  numberInRange(
    'WAYBILL_RETRIES_OUT_OF_RANGE',
    'maximumRetryAttempts',
    STREAM_RETRY_ATTEMPTS,
    'give a whole number: without an end of retries one bad record holds up all behind it (D15)',
  ),
  numberInRange(
    'WAYBILL_RECORD_AGE_OUT_OF_RANGE',
    'maximumRecordAge',
    STREAM_RECORD_AGE_SECONDS,
    'use a minute to a week',
  ),
  ...FUNCTION_RULES,
];
