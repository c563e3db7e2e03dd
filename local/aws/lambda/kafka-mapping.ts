/** The settings that only mappings of Kafka topics have, and AWS's limits to them. */
import type { StartPosition } from '../../kafka/client/group-consumer.ts';
import { AwsError } from '../errors.ts';
import type { ReadFrom } from '../polling/index.ts';
import type { MappingInput } from './event-source-mapping.ts';
import type { StreamSettings } from './stream-mapping.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html */
const GROUP_ID = /^[a-zA-Z0-9-/*:_+=.@]{1,200}$/;
const DEFAULT_WINDOW_SECONDS = 0.5;
/** "infinite retries and an on-failure destination": lambda/latest/dg/kafka-retry-configurations.html */
const RETRIES_WITH_DESTINATION = 10;
/** https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html, for Kafka. */
const POLLERS = { minimum: 1, maximum: 2000, maximumDefault: 200 };

export interface KafkaSettings {
  readonly topic: string;
  readonly groupId: string;
  readonly start: StartPosition;
  readonly batchingWindowSeconds: number;
  readonly maximumRetryAttempts: number;
  readonly minimumPollers: number;
  /** Infinity without provisioned pollers: as many as there are partitions. */
  readonly maximumPollers: number;
}

/** @param stream what Kafka shares with other streams: start, retries, destination */
export function kafkaSettings(input: MappingInput, stream: StreamSettings, uuid: string): KafkaSettings {
  const [topic, ...more] = input.Topics ?? [];
  if (topic === undefined || topic === '') throw invalid('Topics are required for this event source.');
  if (more.length > 0) throw invalid('Only one topic is supported for an event source mapping.');
  for (const member of ['ParallelizationFactor', 'TumblingWindowInSeconds'] as const) {
    if (input[member] !== undefined && input[member] !== null) {
      throw invalid(`${member} is not supported for Kafka event sources.`);
    }
  }
  const groupId = input.AmazonManagedKafkaEventSourceConfig?.ConsumerGroupId ?? uuid;
  if (!GROUP_ID.test(groupId)) throw invalid(`${groupId} is not a valid ConsumerGroupId.`);
  const isEndless = stream.maximumRetryAttempts === Infinity && stream.onFailure !== undefined;
  return {
    topic,
    groupId,
    start: startOf(stream.start),
    batchingWindowSeconds: input.MaximumBatchingWindowInSeconds ?? DEFAULT_WINDOW_SECONDS,
    maximumRetryAttempts: isEndless ? RETRIES_WITH_DESTINATION : stream.maximumRetryAttempts,
    ...pollersOf(input),
  };
}

function startOf(from: ReadFrom): StartPosition {
  if (from.type === 'AT_TIMESTAMP') return { timestamp: from.timestamp };
  return from.type === 'LATEST' ? 'latest' : 'earliest';
}

function pollersOf({ ProvisionedPollerConfig: pollers }: MappingInput): {
  readonly minimumPollers: number;
  readonly maximumPollers: number;
} {
  if (pollers === undefined || Object.keys(pollers).length === 0) {
    return { minimumPollers: 1, maximumPollers: Infinity };
  }
  const minimumPollers = pollers.MinimumPollers ?? POLLERS.minimum;
  const maximumPollers = pollers.MaximumPollers ?? Math.max(POLLERS.maximumDefault, minimumPollers);
  const isRight =
    minimumPollers >= POLLERS.minimum &&
    maximumPollers <= POLLERS.maximum &&
    minimumPollers <= maximumPollers;
  if (isRight) return { minimumPollers, maximumPollers };
  throw invalid(
    `MinimumPollers and MaximumPollers must be between ${POLLERS.minimum} and ${POLLERS.maximum}, and MinimumPollers not above MaximumPollers.`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
