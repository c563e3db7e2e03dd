/** A customer managed key for the topics, queues and buses of a system, or of the tenants of one tier. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

export interface MessagingKeyProps {
  /**
   * The alias to find it by, without `alias/`.
   * @default - no alias
   */
  readonly alias?: string;
  /**
   * What happens to the key when it leaves the stack. Messages under a deleted key are lost.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A key, rotated yearly. Who may use it, service or role, is granted by the constructs that take it, as far as
 * their edges need it. It is opt-in: without it queues are encrypted with SQS's own key (SSE-SQS, free) and
 * topics are not encrypted at rest.
 *
 * It is a `Key`: pass it as `encryptionKey`, or to anything else that takes an `IKey`. One per system is
 * usual; a tier of tenants that pays for its own gets one of its own, with consumers of its own.
 *
 * @example
 * const premium = new MessagingKey(this, 'PremiumKey');
 * new QueueConsumer(this, 'PremiumFulfilment', {
 *   subscribesTo: [orders.event(OrderPlaced, { tenants: ['acme'] })],
 *   encryptionKey: premium,
 *   entry: 'lambda/handlers/fulfilment.ts',
 * });
 */
export class MessagingKey extends Key {
  constructor(scope: Construct, id: string, props: MessagingKeyProps = {}) {
    super(scope, id, {
      ...(props.alias === undefined ? {} : { alias: props.alias }),
      description: 'Topics, queues and buses',
      enableKeyRotation: true,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }
}
