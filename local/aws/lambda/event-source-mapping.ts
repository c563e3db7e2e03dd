/**
 * An event source mapping as data: its settings, AWS's limits to them, and its shape in the API.
 *
 * https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
import { AwsError } from '../errors.ts';
import { createMappingFilter } from '../../../lib/matching/index.ts';
import type { MappingFilter } from '../../../lib/matching/index.ts';
import type { ReadFrom } from '../polling/index.ts';
import { kafkaSettings, type KafkaSettings } from './kafka-mapping.ts';
import { rabbitmqSettings, type RabbitmqMappingInput, type RabbitmqSettings } from './rabbitmq-mapping.ts';
import { streamSettings, type StreamSettings } from './stream-mapping.ts';

const BATCH_SIZE = { standard: 10_000, fifo: 10, stream: 10_000, queueDefault: 10, streamDefault: 100 };
/** A larger batch needs a window. */
const BATCH_SIZE_WITHOUT_WINDOW = 10;
const MAXIMUM_WINDOW_SECONDS = 300;
const MAXIMUM_CONCURRENCY = { minimum: 2, maximum: 1000 };
const POLLERS = { minimum: 2, maximum: 10_000, minimumDefault: 2, maximumDefault: 200 };

export type SourceKind = 'sqs' | 'kinesis' | 'dynamodb' | 'kafka' | 'mq';

export interface MappingConfiguration {
  readonly uuid: string;
  readonly eventSourceArn: string;
  readonly sourceKind: SourceKind;
  /** As it was given: with or without a qualifier. */
  readonly functionName: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly maximumConcurrency: number | undefined;
  readonly minimumPollers: number | undefined;
  readonly maximumPollers: number | undefined;
  readonly reportBatchItemFailures: boolean;
  readonly filterPatterns: readonly string[];
  readonly filter: MappingFilter;
  readonly fifo: boolean;
  /** `EventCount` publishes the mapping's metrics. */
  readonly metrics: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined for queues. */
  readonly stream: StreamSettings | undefined;
  /** Of a queue of a RabbitMQ broker. */
  readonly rabbitmq: RabbitmqSettings | undefined;
  /** Set for topics of MSK, beside `stream`. */
  readonly kafka: KafkaSettings | undefined;
  /** What it was made from, for the next update and for the state directory. */
  readonly input: MappingInput;
}

/** The members of `CreateEventSourceMapping` that are honoured. */
export interface MappingInput extends RabbitmqMappingInput {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly Enabled?: boolean | undefined;
  readonly BatchSize?: number | undefined;
  readonly MaximumBatchingWindowInSeconds?: number | undefined;
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number | undefined } | undefined;
  readonly ProvisionedPollerConfig?:
    | {
        readonly MinimumPollers?: number | undefined;
        readonly MaximumPollers?: number | undefined;
        readonly PollerGroupName?: string | undefined;
      }
    | undefined;
  readonly Topics?: readonly string[] | undefined;
  readonly AmazonManagedKafkaEventSourceConfig?:
    | { readonly ConsumerGroupId?: string | undefined }
    | undefined;
  readonly FunctionResponseTypes?: readonly string[] | undefined;
  readonly FilterCriteria?:
    | { readonly Filters?: readonly { readonly Pattern?: string | undefined }[] | undefined }
    | undefined;
  readonly MetricsConfig?: { readonly Metrics?: readonly string[] | undefined } | undefined;
  readonly Tags?: Readonly<Record<string, string>> | undefined;
  readonly StartingPosition?: string | undefined;
  /** Seconds since the epoch, or a Date from a caller in this process. */
  readonly StartingPositionTimestamp?: number | Date | undefined;
  readonly ParallelizationFactor?: number | undefined;
  readonly BisectBatchOnFunctionError?: boolean | undefined;
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumRecordAgeInSeconds?: number | undefined;
  readonly TumblingWindowInSeconds?: number | undefined;
  readonly DestinationConfig?:
    | { readonly OnFailure?: { readonly Destination?: string | undefined } | undefined }
    | undefined;
}

/** @throws AwsError `InvalidParameterValueException` for what AWS refuses. */
export function configureMapping(input: MappingInput, uuid: string, now: number): MappingConfiguration {
  const { EventSourceArn: eventSourceArn } = input;
  const sourceKind = sourceKindOf(eventSourceArn);
  const fifo = sourceKind === 'sqs' && eventSourceArn.endsWith('.fifo');
  const rabbitmq = sourceKind === 'mq' ? rabbitmqSettings(input) : undefined;
  const stream =
    sourceKind === 'sqs' || sourceKind === 'mq' ? undefined : streamSettings(input, sourceKind, now);
  const kafka = sourceKind === 'kafka' && stream ? kafkaSettings(input, stream, uuid) : undefined;
  if (!stream) refuseStreamMembers(input, rabbitmq ? 'Amazon MQ' : 'SQS');
  if (sourceKind !== 'sqs') refuseQueueMembers(input, sourceKind);

  const batchSize =
    input.BatchSize ?? (sourceKind === 'sqs' ? BATCH_SIZE.queueDefault : BATCH_SIZE.streamDefault);
  const batchingWindowSeconds = input.MaximumBatchingWindowInSeconds ?? 0;
  const maximum = stream ? BATCH_SIZE.stream : fifo ? BATCH_SIZE.fifo : BATCH_SIZE.standard;
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= maximum)) {
    throw invalid(`Batch size must be between 1 and ${maximum} for this event source; got ${batchSize}`);
  }
  if (sourceKind === 'sqs' && batchSize > BATCH_SIZE_WITHOUT_WINDOW && batchingWindowSeconds < 1) {
    throw invalid(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (!(batchingWindowSeconds >= 0 && batchingWindowSeconds <= MAXIMUM_WINDOW_SECONDS)) {
    throw invalid(`MaximumBatchingWindowInSeconds must be between 0 and ${MAXIMUM_WINDOW_SECONDS}`);
  }
  if (fifo && batchingWindowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues');

  const filterPatterns = (input.FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? []);
  return {
    uuid,
    eventSourceArn,
    sourceKind,
    functionName: input.FunctionName,
    enabled: input.Enabled ?? true,
    batchSize,
    batchingWindowSeconds,
    ...(kafka ? { ...kafka, maximumConcurrency: undefined, batchingWindowSeconds } : concurrencyOf(input)),
    reportBatchItemFailures: input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    filterPatterns,
    filter: readFilter(filterPatterns, sourceKind),
    fifo,
    metrics: input.MetricsConfig?.Metrics ?? [],
    tags: input.Tags ?? {},
    stream,
    rabbitmq,
    kafka,
    input,
  };
}

function concurrencyOf(
  input: MappingInput,
): Pick<MappingConfiguration, 'maximumConcurrency' | 'minimumPollers' | 'maximumPollers'> {
  const maximumConcurrency = input.ScalingConfig?.MaximumConcurrency;
  if (
    maximumConcurrency !== undefined &&
    !(maximumConcurrency >= MAXIMUM_CONCURRENCY.minimum && maximumConcurrency <= MAXIMUM_CONCURRENCY.maximum)
  ) {
    throw invalid(
      `MaximumConcurrency must be between ${MAXIMUM_CONCURRENCY.minimum} and ${MAXIMUM_CONCURRENCY.maximum}; got ${maximumConcurrency}`,
    );
  }
  const { ProvisionedPollerConfig: pollers } = input;
  if (pollers === undefined || Object.keys(pollers).length === 0) {
    return { maximumConcurrency, minimumPollers: undefined, maximumPollers: undefined };
  }
  if (maximumConcurrency !== undefined) {
    throw invalid('MaximumConcurrency and ProvisionedPollerConfig cannot be given together.');
  }
  const minimumPollers = pollers.MinimumPollers ?? POLLERS.minimumDefault;
  const maximumPollers = pollers.MaximumPollers ?? Math.max(POLLERS.maximumDefault, minimumPollers);
  if (
    minimumPollers < POLLERS.minimum ||
    maximumPollers > POLLERS.maximum ||
    minimumPollers > maximumPollers
  ) {
    throw invalid(
      `MinimumPollers and MaximumPollers must be between ${POLLERS.minimum} and ${POLLERS.maximum}, and MinimumPollers not above MaximumPollers.`,
    );
  }
  return { maximumConcurrency, minimumPollers, maximumPollers };
}

/** The mapping as `GetEventSourceMapping` answers it. */
export function describeMapping(
  mapping: MappingConfiguration,
  names: { readonly functionArn: string; readonly mappingArn: string },
): Record<string, unknown> {
  const { input, stream, kafka } = mapping;
  return {
    UUID: mapping.uuid,
    EventSourceMappingArn: names.mappingArn,
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: names.functionArn,
    State: mapping.enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    FunctionResponseTypes: mapping.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(mapping.maximumConcurrency !== undefined && {
      ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
    }),
    ...(input.ProvisionedPollerConfig !== undefined && {
      ProvisionedPollerConfig: {
        ...input.ProvisionedPollerConfig,
        MinimumPollers: mapping.minimumPollers,
        MaximumPollers: mapping.maximumPollers,
      },
    }),
    ...(mapping.filterPatterns.length > 0 && {
      FilterCriteria: { Filters: mapping.filterPatterns.map((Pattern) => ({ Pattern })) },
    }),
    ...(mapping.metrics.length > 0 && { MetricsConfig: { Metrics: mapping.metrics } }),
    ...(mapping.rabbitmq && {
      Queues: input.Queues,
      SourceAccessConfigurations: input.SourceAccessConfigurations,
    }),
    ...(stream && {
      StartingPosition: input.StartingPosition,
      ...(stream.start.type === 'AT_TIMESTAMP' && {
        StartingPositionTimestamp: timestampOf(stream.start) / 1000,
      }),
      ...(!kafka && {
        ParallelizationFactor: stream.parallelizationFactor,
        TumblingWindowInSeconds: stream.tumblingWindowSeconds,
      }),
      BisectBatchOnFunctionError: stream.bisect,
      MaximumRetryAttempts: finiteOr(stream.maximumRetryAttempts),
      MaximumRecordAgeInSeconds: finiteOr(stream.maximumRecordAgeSeconds),
      DestinationConfig: {
        OnFailure: stream.onFailure === undefined ? {} : { Destination: stream.onFailure },
      },
    }),
    ...(kafka && {
      Topics: [kafka.topic],
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: kafka.groupId },
    }),
  };
}

function timestampOf(from: ReadFrom): number {
  return from.type === 'AT_TIMESTAMP' ? from.timestamp : 0;
}

/** -1 is AWS's word for no limit. */
function finiteOr(value: number): number {
  return Number.isFinite(value) ? value : -1;
}

function sourceKindOf(eventSourceArn: string): SourceKind {
  const [, , service = '', , , resource = ''] = eventSourceArn.split(':');
  if (service === 'sqs' || service === 'kinesis' || service === 'mq') return service;
  if (service === 'kafka' && resource.startsWith('cluster/')) return service;
  if (service === 'dynamodb' && resource.includes('/stream/')) return service;
  if (service === 'dynamodb') {
    throw invalid(`Unrecognized event source, must be the ARN of a stream of the table. ${eventSourceArn}`);
  }
  throw invalid(
    `Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source: ${eventSourceArn}`,
  );
}

function refuseStreamMembers(input: MappingInput, source: string): void {
  const members = [
    'StartingPosition',
    'StartingPositionTimestamp',
    'ParallelizationFactor',
    'BisectBatchOnFunctionError',
    'MaximumRetryAttempts',
    'MaximumRecordAgeInSeconds',
    'TumblingWindowInSeconds',
  ] as const;
  for (const member of members) {
    if (input[member] !== undefined && input[member] !== null) {
      throw invalid(`${member} is not supported for ${source} event sources.`);
    }
  }
  if (input.DestinationConfig?.OnFailure?.Destination !== undefined) {
    throw invalid('Unsupported DestinationConfig parameter for given event source mapping type.');
  }
}

function refuseQueueMembers(input: MappingInput, kind: SourceKind): void {
  if (input.ScalingConfig?.MaximumConcurrency !== undefined) {
    throw invalid('ScalingConfig is only supported for SQS event sources.');
  }
  if (kind !== 'kafka' && input.ProvisionedPollerConfig !== undefined) {
    throw invalid('ProvisionedPollerConfig is not supported for this event source.');
  }
}

/** The member whose text a pattern may look into as JSON. */
const FILTERED_TEXT = { sqs: 'body', mq: 'data', kinesis: 'data', dynamodb: 'data', kafka: 'value' } as const;

function readFilter(patterns: readonly string[], kind: SourceKind): MappingFilter {
  try {
    return createMappingFilter(patterns, FILTERED_TEXT[kind]);
  } catch (cause) {
    throw invalid(
      `Invalid filter pattern definition: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
