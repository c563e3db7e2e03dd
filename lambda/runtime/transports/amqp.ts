/** Sends to an exchange of a RabbitMQ broker over AMQP 0-9-1. The body is the envelope. */
import { createAmqpPublisher } from '../amqp/publisher.ts';
import type { AmqpPublisherProps, OutgoingMessage } from '../amqp/publisher.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface AmqpTransportProps extends Omit<AmqpPublisherProps, 'attempts'> {
  readonly exchange: string;
  /** @default - the event type */
  readonly routingKey?: (message: EncodedMessage) => string;
  readonly tuning?: SendTuning;
}

/**
 * Messages that wait for their confirmation at a time, and bytes. Ours: the protocol knows no batches. The broker's own
 * limit for a message is far above what an envelope may have.
 * Source: RabbitMQ, "max_message_size" (16 MiB since 4.0), rabbitmq.com/docs/configure.
 */
export const AMQP_LIMITS = { entries: 100, bytes: 16 * 1024 * 1024 };

/**
 * Events with an ordering key are confirmed one by one within the key, so that a refused one holds what follows.
 *
 * @example
 * const transport = amqpTransport({ exchange: 'legacy.orders' });
 */
export function amqpTransport(props: AmqpTransportProps): Transport {
  const publisher = createAmqpPublisher(props);
  const routingKey = props.routingKey ?? (({ eventType }) => eventType);
  return {
    async send(messages) {
      const failed = await sendInBatches(messages, {
        limits: AMQP_LIMITS,
        sizeOf: ({ body }) => Buffer.byteLength(body),
        laneOf: ({ eventId, orderingKey, tenantId }) => (orderingKey === tenantId ? eventId : orderingKey),
        call: (batch) =>
          publisher.publishAll(
            batch.map((message) => outgoing(message, props.exchange, routingKey(message))),
          ),
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}

/** Headers carry what routing needs, and nothing personal: as the message attributes do on SNS and SQS. */
export function outgoing(message: EncodedMessage, exchange: string, routingKey: string): OutgoingMessage {
  const { eventId, eventType, eventVersion, source, tenantId, priority, body } = message;
  return {
    exchange,
    routingKey,
    messageId: eventId,
    type: eventType,
    appId: source,
    body,
    headers: { eventType, eventVersion, tenantId, priority },
  };
}
