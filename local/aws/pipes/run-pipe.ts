/** A running pipe: reads its source, has batches enriched and transformed, and hands them to its target. */
import type { AwsContext } from '../context.ts';
import { call, sendToQueue } from '../delivery/index.ts';
import { asAwsError } from '../errors.ts';
import { actingRole } from '../iam/role-caller.ts';
import { createMappingFilter } from '../../../lib/matching/index.ts';
import {
  createShardReader,
  startSqsPoller,
  startStreamPoller,
  type BatchOutcome,
  type CheckpointStore,
  type DiscardedBatch,
  type Poller,
  type ReadFrom,
  type StreamRecord,
} from '../polling/index.ts';
import type { Pipe } from './model.ts';
import { filterPatterns, serviceOf, streamParameters } from './read-pipe.ts';
import { deliverToTarget, invokeWith, listOf, type Outgoing } from './target.ts';
import { fillTemplate, type PipeEvent, type PipeVariables } from './template.ts';

const QUEUE_BATCH_SIZE = 10;
const STREAM_BATCH_SIZE = 100;
/** Milliseconds until another batch of a queue is fetched beside a slow one. */
const SCALE_OUT_MILLISECONDS = 50;

interface Incoming {
  readonly identifier: string;
  readonly event: PipeEvent;
}

/** Resolves when reading has begun. */
export async function runPipe(
  context: AwsContext,
  pipe: Pipe,
  checkpoints: CheckpointStore,
): Promise<Poller> {
  const caller = actingRole('pipes.amazonaws.com', pipe.RoleArn, pipe.Name, pipe.Arn);
  const fromQueue = serviceOf(pipe.Source) === 'sqs';
  const filter = createMappingFilter(filterPatterns(pipe), fromQueue ? 'body' : 'data');
  const measure = (name: string, value = 1, unit = 'Count'): void =>
    context.metrics.put({
      namespace: 'AWS/EventBridge/Pipes',
      name,
      dimensions: { PipeName: pipe.Name },
      value,
      unit,
    });

  /** Enriched events; the same list when there is no enrichment, none when it answered nothing. */
  const enrich = async (
    batch: readonly Incoming[],
    variables: PipeVariables,
  ): Promise<readonly Omit<Outgoing, 'text'>[]> => {
    if (pipe.Enrichment === undefined) return batch;
    const texts = batch.map(({ event }) =>
      fillTemplate(pipe.EnrichmentParameters.InputTemplate, event, variables),
    );
    const answer = await invokeWith(context, pipe.Enrichment, listOf(texts), 'REQUEST_RESPONSE', caller);
    const events = eventsOf(answer);
    // A list of the same length is taken to answer item by item, so that single items can fail at the target.
    const matched = events.length === batch.length;
    return events.map((event, index) => ({
      event,
      identifier: matched ? batch[index]?.identifier : undefined,
    }));
  };

  const deliver = async (batch: readonly Incoming[]): Promise<BatchOutcome> => {
    const started = context.clock.now();
    const variables = variablesOf(pipe, started);
    measure('Invocations');
    measure('EventCount', batch.length);
    try {
      const enriched = await enrich(batch, variables);
      if (enriched.length === 0) return { kind: 'succeeded' };
      const outgoing = enriched.map((each) => ({
        ...each,
        text: fillTemplate(pipe.TargetParameters.InputTemplate, each.event, variables),
      }));
      const outcome = await deliverToTarget(context, pipe, outgoing, caller);
      if (outcome.kind === 'partial' && outcome.failed.size > 0) measure('ExecutionPartiallyFailed');
      if (outcome.kind === 'failed') measure('ExecutionFailed');
      return outcome;
    } catch (thrown) {
      const error = asAwsError(thrown);
      if (error.code === 'TooManyRequestsException' || error.code === 'ThrottlingException') {
        measure('ExecutionThrottled');
        return { kind: 'throttled' };
      }
      measure('ExecutionFailed');
      context.events.emit({
        kind: 'delivery-failed',
        service: 'pipes',
        resourceArn: pipe.Arn,
        detail: { reason: error.code, to: pipe.Target },
      });
      return { kind: 'failed', reason: error.message };
    } finally {
      measure('Duration', context.clock.now() - started, 'Milliseconds');
    }
  };

  const common = {
    matches: (record: Readonly<Record<string, unknown>>) => filter.matches(record),
    count: () => undefined,
    service: 'pipes',
  };
  if (fromQueue) {
    const { BatchSize, MaximumBatchingWindowInSeconds } = pipe.SourceParameters.SqsQueueParameters ?? {};
    return startSqsPoller(context, {
      ...common,
      queueArn: pipe.Source,
      batchSize: BatchSize ?? QUEUE_BATCH_SIZE,
      batchingWindowSeconds: MaximumBatchingWindowInSeconds ?? 0,
      limits: {},
      caller,
      scaleOutDelay: () => SCALE_OUT_MILLISECONDS,
      deliver: (records) =>
        deliver(records.map((record) => ({ identifier: record.messageId, event: { ...record } }))),
    });
  }

  const parameters = streamParameters(pipe);
  const poller = startStreamPoller(context, {
    ...common,
    reader: createShardReader(context, {
      streamArn: pipe.Source,
      caller,
      invokeIdentityArn: pipe.RoleArn,
    }),
    start: startOf(parameters),
    batchSize: parameters.BatchSize ?? STREAM_BATCH_SIZE,
    batchingWindowSeconds: parameters.MaximumBatchingWindowInSeconds ?? 0,
    parallelizationFactor: parameters.ParallelizationFactor ?? 1,
    maximumRetryAttempts: unlimited(parameters.MaximumRetryAttempts),
    maximumRecordAgeSeconds: unlimited(parameters.MaximumRecordAgeInSeconds),
    bisect: parameters.OnPartialBatchItemFailure === 'AUTOMATIC_BISECT',
    tumblingWindowSeconds: 0,
    deliver: ({ records }) =>
      deliver(records.map((record) => ({ identifier: record.sequenceNumber, event: flat(record) }))),
    async discard(batch) {
      const target = parameters.DeadLetterConfig?.Arn;
      if (target === undefined) return;
      const body = discardedRecord(pipe, batch, context.clock.now());
      if (serviceOf(target) === 'sns') {
        await call(context, 'sns', 'Publish', { TopicArn: target, Message: body }, caller);
      } else sendToQueue(context, target, { MessageBody: body }, caller);
    },
    checkpoints: checkpoints.of(pipe.Arn),
  });
  await poller.ready;
  return poller;
}

/** The events of an enrichment's answer: "an empty response ... the target is not invoked". */
function eventsOf(answer: string | undefined): readonly unknown[] {
  const parsed: unknown = JSON.parse(answer === undefined || answer === '' ? 'null' : answer);
  if (Array.isArray(parsed)) return parsed as unknown[];
  if (parsed === null || parsed === '') return [];
  if (typeof parsed === 'object' && Object.keys(parsed).length === 0) return [];
  return [parsed];
}

/** The members of a Kinesis record stand beside the others in a pipe, not below `kinesis` as in a function. */
function flat({ event }: StreamRecord): PipeEvent {
  const { kinesis, ...rest } = event;
  return typeof kinesis === 'object' && kinesis !== null ? { ...kinesis, ...rest } : event;
}

function startOf(parameters: ReturnType<typeof streamParameters>): ReadFrom {
  const { StartingPosition, StartingPositionTimestamp: given } = parameters;
  if (StartingPosition === 'AT_TIMESTAMP' && given !== undefined) {
    return { type: 'AT_TIMESTAMP', timestamp: given instanceof Date ? given.getTime() : given * 1000 };
  }
  return { type: StartingPosition === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON' };
}

function unlimited(value: number | undefined): number {
  return value === undefined || value === -1 ? Infinity : value;
}

function variablesOf(pipe: Pipe, now: number): PipeVariables {
  return {
    'aws.pipes.pipe-arn': pipe.Arn,
    'aws.pipes.pipe-name': pipe.Name,
    'aws.pipes.source-arn': pipe.Source,
    'aws.pipes.enrichment-arn': pipe.Enrichment,
    'aws.pipes.target-arn': pipe.Target,
    'aws.pipes.event.ingestion-time': new Date(now).toISOString(),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html: where the records are. */
function discardedRecord(pipe: Pipe, batch: DiscardedBatch, now: number): string {
  const { records, shardId, condition, invokeCount } = batch;
  const [first, last] = [records[0], records.at(-1)];
  const time = (record: StreamRecord | undefined) => record && new Date(record.arrivedAt).toISOString();
  return JSON.stringify({
    context: {
      partnerResourceArn: pipe.Arn,
      condition,
      approximateInvokeCount: invokeCount,
    },
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    [serviceOf(pipe.Source) === 'kinesis' ? 'KinesisBatchInfo' : 'DDBStreamBatchInfo']: {
      shardId,
      startSequenceNumber: first?.sequenceNumber,
      endSequenceNumber: last?.sequenceNumber,
      approximateArrivalOfFirstRecord: time(first),
      approximateArrivalOfLastRecord: time(last),
      batchSize: records.length,
      streamArn: pipe.Source,
    },
  });
}
