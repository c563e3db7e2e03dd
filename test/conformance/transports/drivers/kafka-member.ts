/** A member of a consumer group of Kafka, as the suite starts one. */
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import { pollKafka } from '../../../../lambda/runtime/kafka/poll-kafka.ts';
import type { AnyEventContract } from '../../../../lib/contracts/index.ts';
import { MAX_RECEIVES } from '../driver.ts';

/** Milliseconds: the least that brokers take by default. */
export const KAFKA_SESSION = 6_000;
const DELAY_SECONDS = 1;

export interface KafkaAddress {
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly group: string;
  readonly hasRetryTopics: boolean;
}

/** Of a group: a retry topic for each delivery after the first. */
export const retryTopicsOf = ({ topic, group }: Pick<KafkaAddress, 'topic' | 'group'>): string[] =>
  Array.from({ length: MAX_RECEIVES - 1 }, (_, index) => `${topic}.${group}.retry-${index + 1}`);

export const deadTopicOf = ({ topic, group }: Pick<KafkaAddress, 'topic' | 'group'>): string =>
  `${topic}.${group}.dead`;

export function joinKafka(address: KafkaAddress, consumer: SqsHandler, concurrency: number) {
  const { contracts, handler, options } = declarationOf(consumer);
  const { consumer: name, logger } = options;
  return pollKafka<readonly AnyEventContract[]>(contracts, handler, {
    ...(name !== undefined && { consumer: name }),
    ...(logger !== undefined && { logger }),
    bootstrapServers: address.bootstrapServers,
    topics: [address.topic],
    groupId: `${address.topic}.${address.group}`,
    concurrency,
    sessionTimeout: KAFKA_SESSION,
    retryTopics: address.hasRetryTopics
      ? retryTopicsOf(address).map((topic) => ({ topic, delaySeconds: DELAY_SECONDS }))
      : [],
    deadLetterTopic: deadTopicOf(address),
  });
}
