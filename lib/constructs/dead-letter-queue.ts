/** The queue where messages of one failing hop end. */
import { Duration, Names, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { CfnQueue, QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { allowKeyUse } from './key-access.ts';
import type { KeyUser } from './key-access.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import type { EdgeEnd } from './topology-recorder.ts';
import type { DeadLetterHop } from '../topology/index.ts';

/**
 * The longest that SQS keeps a message. On a standard queue the clock runs from the first send, not from
 * the move, so a dead-letter queue must keep messages longer than its source does.
 */
const DEAD_LETTER_RETENTION = Duration.days(14);

/** Encryption of a queue in CDK's words: the given key, else SQS's own, said explicitly. */
export function queueEncryption(
  key: IKey | undefined,
): Pick<QueueProps, 'encryption' | 'encryptionMasterKey'> {
  return key === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: key };
}

/** FIFO with a lane per message group, which is what lifts its throughput limit. Nothing for a standard queue. */
export function fifoProps(fifo: boolean): Partial<QueueProps> {
  if (!fifo) return {};
  return {
    fifo: true,
    contentBasedDeduplication: false,
    deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
    fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
  };
}

/** SQSDeveloperGuide/quotas-queues.html. */
const MAX_QUEUE_NAME_LENGTH = 80;
const FIFO_SUFFIX = '.fifo';

/** The name of a queue that has a dead-letter queue: made here, because the latter has to name it. */
export function sourceQueueName(scope: Construct, fifo: boolean): string {
  const name = Names.uniqueResourceName(scope, {
    maxLength: MAX_QUEUE_NAME_LENGTH - FIFO_SUFFIX.length,
    separator: '-',
    allowedSpecialCharacters: '-_',
  });
  return fifo ? `${name}${FIFO_SUFFIX}` : name;
}

export interface DeadLetterQueueOptions {
  readonly fifo?: boolean;
  readonly encryptionKey?: IKey | undefined;
  readonly owner?: string | undefined;
  /**
   * The name of the queue whose redrive policy may name it. A name, because the two queues' ARNs would
   * depend on each other.
   * @default - none: it takes the messages of a subscription, rule or schedule, which redrive policies do not govern
   */
  readonly sourceQueueName?: string;
}

/** Makes the queue. Who may send to it is said by allowDeliveryFrom, or by a redrive policy. */
export function createDeadLetterQueue(scope: Construct, id: string, options: DeadLetterQueueOptions): Queue {
  const queue = new Queue(scope, id, {
    ...queueEncryption(options.encryptionKey),
    ...fifoProps(options.fifo ?? false),
    enforceSSL: true,
    retentionPeriod: DEAD_LETTER_RETENTION,
  });
  (queue.node.defaultChild as CfnQueue).redriveAllowPolicy =
    options.sourceQueueName === undefined
      ? { redrivePermission: 'denyAll' }
      : {
          redrivePermission: 'byQueue',
          sourceQueueArns: [Stack.of(scope).formatArn({ service: 'sqs', resource: options.sourceQueueName })],
        };
  if (options.sourceQueueName === undefined) {
    acknowledge(
      queue,
      'AwsSolutions-SQS3',
      'It is a dead-letter queue itself, of a subscription, rule, bus or schedule, which this rule does not look at',
    );
  }
  recordNode(queue, {
    kind: 'deadLetterQueue',
    resource: queue,
    owner: options.owner,
    fifo: options.fifo ?? false,
  });
  return queue;
}

/** Lets a service put messages of these topics, rules or buses on the queue, and use its key. */
export function allowDeliveryFrom(queue: Queue, user: KeyUser, sourceArns: readonly string[]): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: `DeliverFrom${user === 'sns' ? 'Topics' : 'Buses'}`,
      principals: [new ServicePrincipal(`${user}.amazonaws.com`)],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': sourceArns.length === 1 ? sourceArns[0] : sourceArns } },
    }),
  );
  allowKeyUse(queue, queue.encryptionMasterKey, user);
}

export function recordDeadLetters(
  scope: IConstruct,
  hop: DeadLetterHop,
  from: EdgeEnd,
  to: EdgeEnd,
  attempts: number | null,
): void {
  recordEdge(scope, { kind: 'deadLetters', hop, from, to, attempts });
}
