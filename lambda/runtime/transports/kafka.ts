/** Publishes to one topic of Kafka, in the order of each key. */
import { kafkaTopicArn } from '../aws/msk.ts';
import type { KafkaCluster } from '../kafka/cluster.ts';
import { kafkaFailure } from '../kafka/kafka-error.ts';
import { recordProducer } from '../kafka/producers.ts';
import { sendRecords } from '../kafka/send-records.ts';
import type { RecordToSend } from '../kafka/send-records.ts';
import type { TransportKind } from '../routes.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';
import { DEFAULT_MESSAGE_BYTES } from './limits.ts';

export interface KafkaTransportProps extends KafkaCluster {
  readonly topic: string;
  /**
   * Bytes of a batch, and of a record: the topic's `max.message.bytes`, less a little.
   * @default 1000000
   */
  readonly maximumMessageBytes?: number;
}

/**
 * The key is the ordering key, the value the envelope, the headers what a consumer may route by. The producer is
 * idempotent and waits for all replicas in sync. Needs the package `@platformatic/kafka`.
 *
 * @example
 * const transport = kafkaTransport({ clusterArn, topic: 'commerce-analytics' });
 */
export function kafkaTransport(props: KafkaTransportProps): Transport {
  const maximumBytes = props.maximumMessageBytes ?? DEFAULT_MESSAGE_BYTES;
  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      try {
        const producer = await recordProducer(props);
        const failed = await sendRecords(producer, props.topic, messages.map(recordOf), maximumBytes);
        return {
          failed: failed.map(({ eventId, code, message, messageAtFault }) => ({
            eventId,
            code,
            message,
            retryable: !messageAtFault,
          })),
        };
      } catch (error) {
        return { failed: messages.map(({ eventId }) => unreachable(eventId, error)) };
      }
    },
  };
}

/** For `publisherFromEnvironment`: routes to Kafka topics of MSK, by their ARN. */
export const kafkaTopics: TransportKind = (target) => {
  const topic = kafkaTopicArn(target);
  return topic === undefined ? undefined : kafkaTransport(topic);
};

function recordOf(message: EncodedMessage): RecordToSend {
  return {
    eventId: message.eventId,
    key: message.orderingKey,
    value: message.body,
    headers: {
      eventId: message.eventId,
      eventType: message.eventType,
      eventVersion: message.eventVersion,
      tenantId: message.tenantId,
      priority: message.priority,
    },
  };
}

/** MSK did not say where the brokers are, or the client is not installed. */
function unreachable(eventId: string, error: unknown): PublishFailure {
  const { code, message } = kafkaFailure(error);
  return { eventId, code, message, retryable: true };
}
