/** What the two consumers of Kafka topics have in common: options, and where a record goes that fails. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { kafkaTopicArn } from '../aws/msk.ts';
import { consumerFrom } from '../consumer/consumer-options.ts';
import type { ConsumerOptions } from '../consumer/consumer-options.ts';
import type { ConsumerAdmission } from '../consumer/admission.ts';
import { readerAdmission } from '../consumer/reader-admission.ts';
import { receiveCountOf } from '../consumer/handle-message.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import type { Environment } from '../environment.ts';
import { RuntimeError } from '../errors.ts';
import type { Handler } from '../types.ts';
import type { KafkaCluster } from './cluster.ts';

/** A topic in which records wait that failed. */
export interface RetryTopic {
  /** Its name, or its ARN. */
  readonly topic: string;
  readonly delaySeconds: number;
}

export interface KafkaConsumerOptions
  extends
    Omit<ConsumerOptions, 'maxReceiveCount' | 'deadLetterQueueUrl' | 'client' | 'backoff'>,
    KafkaCluster {
  /**
   * Where a record goes that failed: to the first for the first time, to the next for the next.
   * @default - WAYBILL_KAFKA_RETRY_TOPICS; without any, a record that failed is tried where it is, and its key waits
   */
  readonly retryTopics?: readonly RetryTopic[];
  /**
   * Name or ARN of the topic of what can't be read, and of what failed in the last retry topic.
   * @default - WAYBILL_KAFKA_DEAD_LETTER_TOPIC, else such a record stays where it is
   */
  readonly deadLetterTopic?: string;
}

/** Where records go that fail. */
export interface RetryPolicy {
  /** Names. */
  readonly retryTopics: readonly RetryTopic[];
  readonly deadLetterTopic: string | undefined;
  /** Of the topics above, where an ARN told. */
  readonly clusterArn: string | undefined;
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_INVALID */
export function retryPolicy(options: KafkaConsumerOptions, environment: Environment): RetryPolicy {
  const retries = options.retryTopics ?? retryTopicsFrom(environment);
  const dead = options.deadLetterTopic ?? (environment['WAYBILL_KAFKA_DEAD_LETTER_TOPIC'] || undefined);
  const arns = [...retries.map(({ topic }) => topic), ...(dead === undefined ? [] : [dead])].map(
    kafkaTopicArn,
  );
  return {
    retryTopics: retries.map(({ topic, delaySeconds }) => ({ topic: nameOf(topic), delaySeconds })),
    deadLetterTopic: dead === undefined ? undefined : nameOf(dead),
    clusterArn: arns.find((arn) => arn !== undefined)?.clusterArn,
  };
}

const nameOf = (topic: string): string => kafkaTopicArn(topic)?.topic ?? topic;

function retryTopicsFrom(environment: Environment): RetryTopic[] {
  const text = environment['WAYBILL_KAFKA_RETRY_TOPICS'];
  if (text === undefined || text === '') return [];
  let topics: unknown;
  try {
    topics = JSON.parse(text);
  } catch {
    topics = undefined;
  }
  if (!Array.isArray(topics) || !topics.every(isRetryTarget)) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      'environment variable WAYBILL_KAFKA_RETRY_TOPICS must be JSON such as [{"target":"arn:aws:kafka:...:topic/...","delaySeconds":60}]',
    );
  }
  return topics.map(({ target, delaySeconds }) => ({ topic: target, delaySeconds }));
}

function isRetryTarget(value: unknown): value is { target: string; delaySeconds: number } {
  const { target, delaySeconds } = Object(value) as {
    readonly target?: unknown;
    readonly delaySeconds?: unknown;
  };
  return typeof target === 'string' && typeof delaySeconds === 'number' && delaySeconds >= 0;
}

/**
 * With retry topics a record is tried once in its own topic and once in each of them. That count is in its headers:
 * the controls would count by its place, which is another one in each topic, and it would never end.
 */
export function kafkaConsumer<Contract extends AnyEventContract>(
  contracts: readonly Contract[],
  handler: Handler<Contract>,
  options: KafkaConsumerOptions,
  { retryTopics }: RetryPolicy,
): Consumer<Contract> {
  const consumer = consumerFrom(contracts, handler, options);
  const { controls } = consumer;
  return {
    ...consumer,
    controls: controls && (retryTopics.length === 0 ? readerAdmission(controls) : countedInHeaders(controls)),
    maxReceiveCount: retryTopics.length === 0 ? undefined : retryTopics.length + 1,
  };
}

function countedInHeaders(controls: ConsumerAdmission): ConsumerAdmission {
  return {
    admit: (message) => controls.admit(message),
    settled: (record, outcome, consumer) => controls.settled(record, outcome, consumer),
    countFailure: async (record) => receiveCountOf(record),
    holdReceives: (consumer, cause) => controls.holdReceives(consumer, cause),
  };
}
