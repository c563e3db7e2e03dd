/** One customer managed key for the topics, queues and buses of a system. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { allowKeyUse } from './key-access.ts';

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
 * A key, rotated yearly, that SNS, EventBridge and CloudWatch may use for resources of this account, and
 * whose use by functions is granted by the constructs that take it. It is opt-in: without it queues are
 * encrypted with SQS's own key (SSE-SQS, free) and topics are not encrypted at rest.
 *
 * It is a `Key`: pass it as `encryptionKey`, or to anything else that takes an `IKey`.
 */
export class MessagingKey extends Key {
  constructor(scope: Construct, id: string, props: MessagingKeyProps = {}) {
    super(scope, id, {
      ...(props.alias === undefined ? {} : { alias: props.alias }),
      description: 'Topics, queues and buses',
      enableKeyRotation: true,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    // All at once rather than on demand: the key's stack must not change with what other stacks subscribe.
    allowKeyUse(this, this, 'sns');
    allowKeyUse(this, this, 'events');
    allowKeyUse(this, this, 'cloudwatch');
  }
}
