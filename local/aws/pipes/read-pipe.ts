/** Reads what CreatePipe and UpdatePipe are given, and refuses what Pipes refuses. */
import { createMappingFilter } from '../../../lib/matching/index.ts';
import { validation } from './errors.ts';
import type { BatchParameters, Pipe, StreamParameters } from './model.ts';

type Input = Readonly<Record<string, unknown>>;

/** https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html */
const NAME = /^[.\-_A-Za-z0-9]{1,64}$/;
const SOURCES = ['sqs', 'kinesis', 'dynamodb'];
const TARGETS = ['sqs', 'sns', 'events', 'lambda', 'kinesis', 'states', 'logs'];
const ENRICHMENTS = ['lambda', 'states'];
/** API_PipeSourceSqsQueueParameters.html and the pages of the streams' parameters. */
const BATCH_SIZE = { sqs: 10_000, fifo: 10, stream: 10_000 };
const WINDOW_SECONDS = 300;
const PARALLELIZATION = 10;
const RETRY_ATTEMPTS = 10_000;
const RECORD_AGE_SECONDS = 604_800;
const TEMPLATE_CHARACTERS = 8192;

export function readPipe(
  input: Input,
  before: Pipe | undefined,
  place: { readonly region: string; readonly accountId: string; readonly now: number },
): Pipe {
  const name = text(input, 'Name') ?? '';
  if (!NAME.test(name)) {
    throw validation(
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+`,
    );
  }
  const state = text(input, 'DesiredState') ?? before?.DesiredState ?? 'RUNNING';
  if (state !== 'RUNNING' && state !== 'STOPPED') {
    throw validation(
      `1 validation error detected: Value '${state}' at 'desiredState' failed to satisfy constraint: Member must satisfy enum value set: [RUNNING, STOPPED]`,
    );
  }
  const pipe: Pipe = {
    Name: name,
    Arn: `arn:aws:pipes:${place.region}:${place.accountId}:pipe/${name}`,
    Description: text(input, 'Description') ?? '',
    DesiredState: state,
    Source: before?.Source ?? required(input, 'Source'),
    SourceParameters: { ...before?.SourceParameters, ...object(input, 'SourceParameters') },
    Enrichment: text(input, 'Enrichment') || undefined,
    EnrichmentParameters: object(input, 'EnrichmentParameters'),
    Target: text(input, 'Target') ?? before?.Target ?? required(input, 'Target'),
    TargetParameters: object(input, 'TargetParameters'),
    RoleArn: required(input, 'RoleArn'),
    Tags: before?.Tags ?? (object(input, 'Tags') as Record<string, string>),
    LogConfiguration: input['LogConfiguration'],
    createdAt: before?.createdAt ?? place.now,
    modifiedAt: place.now,
  };
  check(pipe);
  return pipe;
}

/** The parameters of the source's own kind. */
export function streamParameters({ Source, SourceParameters }: Pipe): StreamParameters {
  return (
    (serviceOf(Source) === 'kinesis'
      ? SourceParameters.KinesisStreamParameters
      : SourceParameters.DynamoDBStreamParameters) ?? {}
  );
}

export function serviceOf(arn: string): string {
  return arn.split(':')[2] ?? '';
}

export function filterPatterns({ SourceParameters }: Pipe): readonly string[] {
  return (SourceParameters.FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? []);
}

function check(pipe: Pipe): void {
  const source = serviceOf(pipe.Source);
  if (!SOURCES.includes(source)) {
    throw validation(`The source ${pipe.Source} is not supported here: ${SOURCES.join(', ')} are.`);
  }
  const target = serviceOf(pipe.Target);
  if (!TARGETS.includes(target)) {
    throw validation(`The target ${pipe.Target} is not supported here: ${TARGETS.join(', ')} are.`);
  }
  if (pipe.Enrichment !== undefined && !ENRICHMENTS.includes(serviceOf(pipe.Enrichment))) {
    throw validation(
      `The enrichment ${pipe.Enrichment} is not supported here: ${ENRICHMENTS.join(', ')} are.`,
    );
  }
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(pipe.RoleArn)) {
    throw validation(`The role ${pipe.RoleArn} is not the ARN of a role.`);
  }
  if (source === 'sqs') checkBatch(pipe.SourceParameters.SqsQueueParameters ?? {}, pipe.Source);
  else checkStream(pipe);
  if (target === 'kinesis' && pipe.TargetParameters.KinesisStreamParameters?.PartitionKey === undefined) {
    throw validation('KinesisStreamParameters.PartitionKey is required for a target that is a stream.');
  }
  if (
    target === 'sqs' &&
    pipe.Target.endsWith('.fifo') &&
    pipe.TargetParameters.SqsQueueParameters?.MessageGroupId === undefined
  ) {
    throw validation('SqsQueueParameters.MessageGroupId is required for a target that is a FIFO queue.');
  }
  for (const { InputTemplate = '' } of [pipe.TargetParameters, pipe.EnrichmentParameters]) {
    if (InputTemplate.length > TEMPLATE_CHARACTERS) {
      throw validation(`InputTemplate must have at most ${TEMPLATE_CHARACTERS} characters.`);
    }
  }
  try {
    createMappingFilter(filterPatterns(pipe), source === 'sqs' ? 'body' : 'data');
  } catch (error) {
    throw validation(`Invalid filter pattern: ${(error as Error).message}`);
  }
}

function checkBatch({ BatchSize, MaximumBatchingWindowInSeconds }: BatchParameters, source: string): void {
  const fifo = source.endsWith('.fifo');
  within('BatchSize', BatchSize, 1, fifo ? BATCH_SIZE.fifo : BATCH_SIZE.sqs);
  within('MaximumBatchingWindowInSeconds', MaximumBatchingWindowInSeconds, 0, WINDOW_SECONDS);
  if (fifo && MaximumBatchingWindowInSeconds) {
    throw validation('MaximumBatchingWindowInSeconds is not supported for FIFO queues.');
  }
  if (serviceOf(source) === 'sqs' && (BatchSize ?? 0) > BATCH_SIZE.fifo && !MaximumBatchingWindowInSeconds) {
    throw validation(
      'MaximumBatchingWindowInSeconds must be greater than 0 if BatchSize is greater than 10.',
    );
  }
}

function checkStream(pipe: Pipe): void {
  const parameters = streamParameters(pipe);
  checkBatch(parameters, pipe.Source);
  const position = parameters.StartingPosition;
  const positions = ['TRIM_HORIZON', 'LATEST'];
  if (serviceOf(pipe.Source) === 'kinesis') positions.push('AT_TIMESTAMP');
  if (position === undefined || !positions.includes(position)) {
    throw validation(
      `StartingPosition must be one of ${positions.join(', ')}; got ${position ?? 'nothing'}.`,
    );
  }
  if (position === 'AT_TIMESTAMP' && parameters.StartingPositionTimestamp === undefined) {
    throw validation('StartingPositionTimestamp is required when StartingPosition is AT_TIMESTAMP.');
  }
  within('ParallelizationFactor', parameters.ParallelizationFactor, 1, PARALLELIZATION);
  within('MaximumRetryAttempts', parameters.MaximumRetryAttempts, -1, RETRY_ATTEMPTS);
  within('MaximumRecordAgeInSeconds', parameters.MaximumRecordAgeInSeconds, -1, RECORD_AGE_SECONDS);
  const deadLetter = parameters.DeadLetterConfig?.Arn;
  if (deadLetter !== undefined && !/^arn:aws[\w-]*:(?:sqs|sns):/.test(deadLetter)) {
    throw validation(`DeadLetterConfig.Arn must be a queue or a topic; got ${deadLetter}.`);
  }
}

function within(name: string, value: number | undefined, minimum: number, maximum: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= minimum && value <= maximum)) return;
  throw validation(`${name} must be between ${minimum} and ${maximum}; got ${value}.`);
}

function required(input: Input, name: string): string {
  const value = text(input, name);
  if (value !== undefined && value !== '') return value;
  throw validation(
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}

function text(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

function object(input: Input, name: string): Record<string, unknown> {
  const value = input[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
