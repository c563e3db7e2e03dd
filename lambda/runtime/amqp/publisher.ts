/**
 * Publishes messages to exchanges and waits for the broker's word on each: confirmed, refused, or sent back because
 * no queue takes it (D1).
 */
import type { Options } from 'amqplib';
import { fullJitter } from '../backoff.ts';
import { sleep, systemClock } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import type { EntryFailure } from '../transports/call-error.ts';
import { brokerFromEnvironment } from './broker.ts';
import type { AmqpBroker } from './broker.ts';
import { amqpConnection, sharedConnection } from './connection.ts';
import type { AmqpConnection, PublishChannel } from './connection.ts';
import { AmqpError, amqpError } from './errors.ts';

/** A message as this side writes it. All are persistent, and sent back when no queue takes them. */
export interface OutgoingMessage {
  /** The receiver removes doubles by it. */
  readonly messageId: string;
  /** `''` is the default exchange: the routing key is a queue's name. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: string;
  /** @default 'application/json' */
  readonly contentType?: string;
  /** What the receiver knows it by, for example the event type. */
  readonly type?: string;
  /** Who sends it. */
  readonly appId?: string;
  readonly correlationId?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch; goes over the wire in seconds. */
  readonly timestamp?: number;
}

export interface AmqpPublisher {
  /**
   * Publishes one message.
   * @throws AmqpError when it was not confirmed after the attempts
   */
  publish(message: OutgoingMessage): Promise<void>;
  /** One attempt for each message. The answer is by position, undefined where the broker took it. Never rejects. */
  publishAll(messages: readonly OutgoingMessage[]): Promise<(EntryFailure | undefined)[]>;
  close(): Promise<void>;
}

export interface AmqpPublisherProps {
  /** @default - WAYBILL_BROKER_ENDPOINT and WAYBILL_BROKER_SECRET_ARN; one connection per process */
  readonly broker?: AmqpBroker;
  /**
   * Milliseconds within which the broker has to confirm.
   * @default 15000
   */
  readonly confirmTimeout?: number;
  /**
   * How often `publish` tries a message in all.
   * @default 3
   */
  readonly attempts?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

const DEFAULT_CONFIRM_TIMEOUT = 15_000;
const DEFAULT_ATTEMPTS = 3;
/** Milliseconds between attempts. The broker restarts in seconds; who has more patience (SQS, the outbox) comes again. */
const PUBLISH_BACKOFF = { base: 200, cap: 2_000 };

/**
 * @example
 * const publisher = createAmqpPublisher();
 * await publisher.publish({ exchange: 'legacy.orders', routingKey: 'order.confirmed', messageId, body });
 */
export function createAmqpPublisher(props: AmqpPublisherProps = {}): AmqpPublisher {
  const connection = connectionOf(props.broker);
  const clock = props.clock ?? systemClock;
  const publishAll = async (messages: readonly OutgoingMessage[]): Promise<(EntryFailure | undefined)[]> => {
    let open: PublishChannel;
    try {
      open = await connection().publishChannel();
    } catch (error) {
      const failure = failureOf(amqpError(error));
      return messages.map(() => failure);
    }
    const timeout = props.confirmTimeout ?? DEFAULT_CONFIRM_TIMEOUT;
    const results = await Promise.all(messages.map((message) => publishOne(open, message, timeout, clock)));
    return results.map((error) => error && failureOf(error));
  };

  return {
    publishAll,
    async publish(message) {
      const attempts = props.attempts ?? DEFAULT_ATTEMPTS;
      for (let attempt = 1; ; attempt++) {
        const [failure] = await publishAll([message]);
        if (failure === undefined) return;
        if (attempt === attempts || !failure.retryNow) {
          throw new AmqpError(failure.code as AmqpError['code'], failure.message);
        }
        await sleep(clock, fullJitter(PUBLISH_BACKOFF, attempt, props.random ?? Math.random));
      }
    },
    close: () => connection().close(),
  };
}

/** Made at the first use, so that a module with a publisher can be imported without its environment. */
function connectionOf(broker: AmqpBroker | undefined): () => AmqpConnection {
  let made: AmqpConnection | undefined;
  return () =>
    (made ??=
      broker === undefined
        ? sharedConnection(
            `${process.env['WAYBILL_BROKER_ENDPOINT']} ${process.env['WAYBILL_BROKER_SECRET_ARN']}`,
            () => amqpConnection(brokerFromEnvironment()),
          )
        : amqpConnection(broker));
}

function publishOne(
  open: PublishChannel,
  message: OutgoingMessage,
  timeout: number,
  clock: Clock,
): Promise<AmqpError | undefined> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(
      () =>
        resolve(
          new AmqpError(
            'WAYBILL_AMQP_CONFIRM_TIMEOUT',
            `the broker did not confirm within ${timeout} ms: it may have the message; look for an alarm on its memory or disk, which blocks publishers`,
          ),
        ),
      timeout,
    );
    const settled = (error: unknown): void => {
      clock.clearTimeout(timer);
      const back = open.returned.get(message.messageId) ?? 0;
      if (back > 1) open.returned.set(message.messageId, back - 1);
      else open.returned.delete(message.messageId);
      // One turn later, because the client rejects what is pending before it says why the channel was closed.
      if (error) setImmediate(() => resolve(publishError(open, error)));
      else resolve(back > 0 ? unroutable(message) : undefined);
    };
    try {
      open.channel.publish(
        message.exchange,
        message.routingKey,
        Buffer.from(message.body),
        propertiesOf(message),
        settled,
      );
    } catch (error) {
      settled(error);
    }
  });
}

function propertiesOf(message: OutgoingMessage): Options.Publish {
  const { messageId, type, appId, correlationId, headers, timestamp } = message;
  return {
    persistent: true,
    mandatory: true,
    messageId,
    contentType: message.contentType ?? 'application/json',
    contentEncoding: 'utf-8',
    ...(type !== undefined && { type }),
    ...(appId !== undefined && { appId }),
    ...(correlationId !== undefined && { correlationId }),
    ...(timestamp !== undefined && { timestamp: Math.floor(timestamp / 1000) }),
    ...(headers !== undefined && { headers }),
  };
}

function publishError(open: PublishChannel, error: unknown): AmqpError {
  if (error instanceof Error && error.message === 'message nacked') {
    return new AmqpError(
      'WAYBILL_AMQP_NACKED',
      'the broker refused the message: a queue is at its maximum length (reject-publish), or could not store it',
    );
  }
  return amqpError(open.closedBy() ?? error);
}

function unroutable({ exchange, routingKey }: OutgoingMessage): AmqpError {
  return new AmqpError(
    'WAYBILL_AMQP_UNROUTABLE',
    `no queue takes '${routingKey}' from exchange '${exchange}': bind one, see declareTopology()`,
  );
}

/** All but a missing queue may be over in a moment. None is the message's own fault: topology and broker can be repaired. */
function failureOf(error: AmqpError): EntryFailure {
  const final = error.code === 'WAYBILL_AMQP_UNROUTABLE' || error.code === 'WAYBILL_AMQP_NOT_FOUND';
  return { code: error.code, message: error.message, messageAtFault: false, retryNow: !final };
}
