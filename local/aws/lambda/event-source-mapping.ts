/** An event source mapping as data: its settings, AWS's limits to them, and its shape in the API. */
import { createMappingFilter } from '../matching/index.ts';
import type { MappingFilter } from '../matching/index.ts';
import { AwsError } from '../errors.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const BATCH_SIZE = { standard: 10_000, fifo: 10, default: 10, withoutWindow: 10 };
const MAXIMUM_WINDOW_SECONDS = 300;
const MAXIMUM_CONCURRENCY = { minimum: 2, maximum: 1000 };
/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: "starts reading five concurrent batches". */
const INITIAL_CONCURRENCY = 5;

export interface MappingConfiguration {
  readonly uuid: string;
  readonly eventSourceArn: string;
  readonly functionName: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  /** How many batches may be with the function at once. */
  readonly maximumConcurrency: number;
  readonly declaredMaximumConcurrency: number | undefined;
  readonly reportBatchItemFailures: boolean;
  readonly filterPatterns: readonly string[];
  readonly filter: MappingFilter;
  readonly fifo: boolean;
}

/** The members of `CreateEventSourceMapping` that are honoured for SQS. */
export interface MappingInput {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly Enabled?: boolean | undefined;
  readonly BatchSize?: number | undefined;
  readonly MaximumBatchingWindowInSeconds?: number | undefined;
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number } | undefined;
  readonly FunctionResponseTypes?: readonly string[] | undefined;
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern?: string }[] } | undefined;
}

/** @throws AwsError `InvalidParameterValueException` for what AWS refuses. */
export function configureMapping(input: MappingInput, uuid: string): MappingConfiguration {
  const { EventSourceArn: eventSourceArn } = input;
  if (eventSourceArn.split(':')[2] !== 'sqs') {
    throw invalid(`Event source mappings of ${eventSourceArn} do not run here: only SQS queues do`);
  }
  const fifo = eventSourceArn.endsWith('.fifo');
  const batchSize = input.BatchSize ?? BATCH_SIZE.default;
  const batchingWindowSeconds = input.MaximumBatchingWindowInSeconds ?? 0;
  const maximum = fifo ? BATCH_SIZE.fifo : BATCH_SIZE.standard;
  if (!(batchSize >= 1 && batchSize <= maximum)) {
    throw invalid(`Batch size must be between 1 and ${maximum} for this event source; got ${batchSize}`);
  }
  if (batchSize > BATCH_SIZE.withoutWindow && batchingWindowSeconds < 1) {
    throw invalid(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (!(batchingWindowSeconds >= 0 && batchingWindowSeconds <= MAXIMUM_WINDOW_SECONDS)) {
    throw invalid(`MaximumBatchingWindowInSeconds must be between 0 and ${MAXIMUM_WINDOW_SECONDS}`);
  }
  if (fifo && batchingWindowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues');

  const declared = input.ScalingConfig?.MaximumConcurrency;
  if (
    declared !== undefined &&
    !(declared >= MAXIMUM_CONCURRENCY.minimum && declared <= MAXIMUM_CONCURRENCY.maximum)
  ) {
    throw invalid(
      `MaximumConcurrency must be between ${MAXIMUM_CONCURRENCY.minimum} and ${MAXIMUM_CONCURRENCY.maximum}; got ${declared}`,
    );
  }
  const filterPatterns = (input.FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? []);
  return {
    uuid,
    eventSourceArn,
    functionName: input.FunctionName,
    enabled: input.Enabled ?? true,
    batchSize,
    batchingWindowSeconds,
    maximumConcurrency: declared ?? INITIAL_CONCURRENCY,
    declaredMaximumConcurrency: declared,
    reportBatchItemFailures: input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    filterPatterns,
    filter: readFilter(filterPatterns),
    fifo,
  };
}

/** The mapping as `GetEventSourceMapping` answers it. */
export function describeMapping(mapping: MappingConfiguration, functionArn: string): Record<string, unknown> {
  return {
    UUID: mapping.uuid,
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: functionArn,
    State: mapping.enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    FunctionResponseTypes: mapping.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(mapping.declaredMaximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: mapping.declaredMaximumConcurrency } }),
    ...(mapping.filterPatterns.length === 0
      ? {}
      : { FilterCriteria: { Filters: mapping.filterPatterns.map((Pattern) => ({ Pattern })) } }),
  };
}

function readFilter(patterns: readonly string[]): MappingFilter {
  try {
    return createMappingFilter(patterns);
  } catch (cause) {
    throw invalid(
      `Invalid filter pattern definition: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
