/** The options that AMQP consumers have, in Lambda or outside, and the consumer made of them. */
import type { Clock } from '../clock.ts';
import type { ConsumerAdmission } from '../consumer/admission.ts';
import { consumerFrom as sharedConsumer } from '../consumer/consumer-options.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { readerAdmission } from '../consumer/reader-admission.ts';
import { positiveNumberVariable } from '../environment.ts';
import type { Logger } from '../logger.ts';
import type { Sealer } from '../sealing/index.ts';
import type { EventPublisher, Handler } from '../types.ts';
import type { AmqpBroker } from './broker.ts';
import type { AmqpPublisher } from './publisher.ts';
import { contractsOf } from './read-message.ts';
import type { Readable, ReadableContract } from './read-message.ts';

export interface AmqpConsumerOptions {
  /**
   * Name of the consumer, in logs, dead letters and the inbox.
   * @default - WAYBILL_CONSUMER
   */
  readonly consumer?: string;
  /**
   * What becomes of an event that is replayed or redriven.
   * @default 'handle'
   */
  readonly onReplay?: 'handle' | 'skip';
  /**
   * Deliveries after which a message whose handler throws is dead-lettered with the reason. Not above the queue's
   * delivery limit: then the broker would be first, and knows no reason.
   * @default - WAYBILL_BROKER_DELIVERY_LIMIT, else 5
   */
  readonly maxReceiveCount?: number;
  /**
   * An SQS queue for what can't be read and what is given up.
   * @default - WAYBILL_DEAD_LETTER_QUEUE_URL, else `deadLetterExchange`
   */
  readonly deadLetterQueueUrl?: string;
  /**
   * A direct exchange; the routing key is the queue's name.
   * @default 'dead-letters' - as declareTopology() makes it
   */
  readonly deadLetterExchange?: string;
  /** @default - WAYBILL_BROKER_ENDPOINT and WAYBILL_BROKER_SECRET_ARN */
  readonly broker?: AmqpBroker;
  /** For `context.publish`. */
  readonly publisher?: EventPublisher;
  /**
   * Opens sealed personal data for the handler: `createSealer()`. Only where the handler needs it.
   * @default - sealed fields stay sealed
   */
  readonly sealer?: Pick<Sealer, 'open'>;
  /**
   * Kill switches and breakers: `createControls()`. The reader waits in its place; messages of a tenant that is off are
   * set aside in the dead letters.
   * @default - nothing can be switched off
   */
  readonly controls?: ConsumerAdmission;
  /** @default - JSON lines on standard output, level from WAYBILL_LOG_LEVEL */
  readonly logger?: Logger;
  /** @default - one made for the broker */
  readonly deadLetterPublisher?: AmqpPublisher;
  /** For tests. */
  readonly clock?: Clock;
}

const MAX_RECEIVE_COUNT = 5;

export function consumerFrom<Given extends Readable>(
  given: Given,
  handler: Handler<ReadableContract<Given>>,
  options: AmqpConsumerOptions,
): Consumer<ReadableContract<Given>> {
  const { consumer, onReplay, publisher, sealer, controls, logger, clock } = options;
  return sharedConsumer(contractsOf(given), handler, {
    ...(consumer !== undefined && { consumer }),
    ...(onReplay !== undefined && { onReplay }),
    ...(publisher !== undefined && { publisher }),
    ...(sealer !== undefined && { sealer }),
    ...(controls !== undefined && { controls: readerAdmission(controls) }),
    ...(logger !== undefined && { logger }),
    ...(clock !== undefined && { clock }),
    maxReceiveCount:
      options.maxReceiveCount ??
      positiveNumberVariable(process.env, 'WAYBILL_BROKER_DELIVERY_LIMIT') ??
      MAX_RECEIVE_COUNT,
  });
}
