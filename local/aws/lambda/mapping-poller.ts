/** Starts what reads a mapping's source and runs its function. */
import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import {
  createShardReader,
  kafkaEvent,
  kafkaItem,
  readBatchResponse,
  startKafkaPoller,
  startSqsPoller,
  startStreamPoller,
  type BatchOutcome,
  type CheckpointStore,
  type DiscardedBatch,
  type PollCount,
  type Poller,
  type StreamBatch,
} from '../polling/index.ts';
import { startRabbitmqPoller } from '../polling/rabbitmq-poller.ts';
import { sendToDestination } from './destinations.ts';
import { discardedBatchRecord, type DiscardedKafkaBatch } from './discarded-batch.ts';
import type { MappingConfiguration } from './event-source-mapping.ts';
import { publishMetric } from './metrics.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { RunResult } from './function-runner.ts';
import { rabbitmqAddress } from './rabbitmq-mapping.ts';
import type { StreamSettings } from './stream-mapping.ts';

/** Milliseconds. lambda/latest/dg/services-mq-params.html, MaximumBatchingWindowInSeconds. */
const DEFAULT_BROKER_WINDOW = 500;

export interface MappingDependencies {
  readonly context: AwsContext;
  readonly checkpoints: CheckpointStore;
  readonly run: (functionName: string, payload: string) => Promise<RunResult>;
  readonly configurationOf: (functionName: string) => FunctionConfiguration;
  /** Milliseconds that a batch may run before the next one is fetched beside it. */
  readonly scaleOutDelay: (functionName: string) => number;
  /** What became of the last batch, for `LastProcessingResult`. */
  readonly processed: (result: string) => void;
}

/** Resolves when reading has begun: what comes into the source from then on is read. */
export async function startMappingPoller(
  mapping: MappingConfiguration,
  dependencies: MappingDependencies,
): Promise<Poller> {
  const { context, run, configurationOf, processed } = dependencies;
  const configuration = configurationOf(mapping.functionName);
  const caller = roleCaller(configuration.roleArn, configuration.functionName);

  const deliver = async (payload: unknown, identifiers: readonly string[]): Promise<BatchOutcome> => {
    const outcome = await invoke(payload, identifiers);
    processed(outcome.kind === 'succeeded' ? 'OK' : `PROBLEM: ${reasonOf(outcome)}`);
    return outcome;
  };

  const invoke = async (payload: unknown, identifiers: readonly string[]): Promise<BatchOutcome> => {
    let result: RunResult;
    try {
      result = await run(mapping.functionName, JSON.stringify(payload));
    } catch (thrown) {
      const error = asAwsError(thrown);
      if (error.code === 'TooManyRequestsException') return { kind: 'throttled' };
      return { kind: 'failed', reason: error.message };
    }
    if (result.error !== undefined) {
      const failure = { requestId: result.requestId, statusCode: 200, functionError: 'Unhandled' };
      return { kind: 'failed', reason: result.error.errorMessage, failure };
    }
    const answer = result.payload;
    if (!mapping.reportBatchItemFailures) return { kind: 'succeeded', answer };
    const outcome = readBatchResponse(answer, identifiers, mapping.kafka && kafkaItemOf);
    return outcome.kind === 'failed' ? outcome : { ...outcome, answer };
  };

  /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics */
  const count = (name: PollCount, value: number): void => {
    if (!mapping.metrics.includes('EventCount')) return;
    const dimensions = { EventSourceMappingUUID: mapping.uuid };
    context.metrics.put({ namespace: 'AWS/Lambda', name, dimensions, value });
  };

  const matches = (record: Readonly<Record<string, unknown>>): boolean => mapping.filter.matches(record);

  const { rabbitmq } = mapping;
  if (rabbitmq) {
    return startRabbitmqPoller(context, {
      ...rabbitmq,
      brokerArn: mapping.eventSourceArn,
      batchSize: mapping.batchSize,
      batchingWindowMilliseconds:
        mapping.batchingWindowSeconds === 0 ? DEFAULT_BROKER_WINDOW : mapping.batchingWindowSeconds * 1000,
      address: () => rabbitmqAddress(context, mapping.eventSourceArn, rabbitmq, caller),
      matches,
      deliver,
      problem: (reason) => processed(`PROBLEM: ${reason}`),
      count,
    });
  }

  if (!mapping.stream) {
    return startSqsPoller(context, {
      queueArn: mapping.eventSourceArn,
      batchSize: mapping.batchSize,
      batchingWindowSeconds: mapping.batchingWindowSeconds,
      limits: mapping,
      caller,
      matches,
      deliver: (records) =>
        deliver(
          { Records: records },
          records.map(({ messageId }) => messageId),
        ),
      count,
      service: 'lambda',
      scaleOutDelay: () => dependencies.scaleOutDelay(mapping.functionName),
    });
  }

  const { stream, uuid, kafka } = mapping;
  const discard = async (batch: DiscardedBatch, ofKafka?: DiscardedKafkaBatch): Promise<void> => {
    if (stream.onFailure === undefined) return;
    const now = context.clock.now();
    const record = discardedBatchRecord(mapping, configuration.functionArn, batch, now, ofKafka);
    // The mapping writes to its destination in the function's role, to a bucket as to a queue.
    await sendToDestination(context, stream.onFailure, record, caller);
    count('OnFailureDestinationDeliveredEventCount', batch.records.length);
  };

  if (kafka) {
    const brokers = async (): Promise<string> =>
      (await context.services.get('kafka').broker(mapping.eventSourceArn)).bootstrapServers;
    const event = async (records: StreamBatch['records']): Promise<Record<string, unknown>> =>
      kafkaEvent(mapping.eventSourceArn, await brokers(), records);
    const topicPoller = startKafkaPoller(context, {
      ...stream,
      ...kafka,
      clusterArn: mapping.eventSourceArn,
      bootstrapServers: brokers,
      batchSize: mapping.batchSize,
      matches,
      deliver: async ({ records }) =>
        deliver(
          await event(records),
          records.map(({ sequenceNumber }) => sequenceNumber),
        ),
      async discard(batch) {
        const payload = JSON.stringify(await event(batch.records));
        await discard(batch, { bootstrapServers: await brokers(), payload });
      },
      lagging(lags) {
        const largest = Math.max(0, ...lags);
        publishMetric(context, configuration.functionName, 'OffsetLag', largest);
        if (!mapping.metrics.includes('KafkaMetrics')) return;
        const dimensions = { EventSourceMappingUUID: uuid };
        const sum = lags.reduce((total, lag) => total + lag, 0);
        context.metrics.put({ namespace: 'AWS/Lambda', name: 'MaxOffsetLag', dimensions, value: largest });
        context.metrics.put({ namespace: 'AWS/Lambda', name: 'SumOffsetLag', dimensions, value: sum });
      },
      count,
      service: 'lambda',
    });
    await topicPoller.ready;
    return topicPoller;
  }

  const poller = startStreamPoller(context, {
    reader: createShardReader(context, {
      streamArn: mapping.eventSourceArn,
      caller,
      invokeIdentityArn: configuration.roleArn,
    }),
    ...stream,
    batchSize: mapping.batchSize,
    batchingWindowSeconds: mapping.batchingWindowSeconds,
    matches,
    deliver(batch) {
      const last = batch.records.at(-1);
      if (last) {
        const age = context.clock.now() - last.arrivedAt;
        publishMetric(context, configuration.functionName, 'IteratorAge', Math.max(0, age));
      }
      return deliver(
        streamEvent(mapping, stream, batch),
        batch.records.map(({ sequenceNumber }) => sequenceNumber),
      );
    },
    discard,
    checkpoints: dependencies.checkpoints.of(uuid),
    count,
    service: 'lambda',
  });
  await poller.ready;
  return poller;
}

/** The event of a batch; with tumbling windows also their state. lambda/latest/dg/services-kinesis-windows.html */
function streamEvent(
  mapping: MappingConfiguration,
  { tumblingWindowSeconds }: StreamSettings,
  { records, shardId, window }: StreamBatch,
): Record<string, unknown> {
  const Records = records.map(({ event }) => event);
  if (tumblingWindowSeconds === 0 || !window) return { Records };
  return {
    Records,
    shardId,
    eventSourceARN: mapping.eventSourceArn,
    window: { start: wholeSeconds(window.start), end: wholeSeconds(window.end) },
    state: window.state,
    isFinalInvokeForWindow: window.isFinalInvokeForWindow,
    isWindowTerminatedEarly: window.isWindowTerminatedEarly,
  };
}

/** Kafka's items are named by partition and offset. lambda/latest/dg/kafka-retry-configurations.html */
function kafkaItemOf(itemIdentifier: unknown): unknown {
  if (typeof itemIdentifier !== 'object' || itemIdentifier === null) return undefined;
  const { partition, offset } = itemIdentifier as { readonly partition?: unknown; readonly offset?: unknown };
  return kafkaItem(partition, offset);
}

function wholeSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000', '');
}

function reasonOf(outcome: BatchOutcome): string {
  if (outcome.kind === 'failed') return outcome.reason;
  return outcome.kind === 'throttled' ? 'Function call throttled' : 'Function call failed for some items';
}
