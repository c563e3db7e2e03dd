/** The queue where messages of one failing hop end. */
import { Duration, Names, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { CfnQueue, QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { allowKeyUse, regionPartOf } from './key-access.ts';
import { rulesOf, topicsIn } from './key-sources.ts';
import type { KeyUseSource } from './key-sources.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import type { EdgeEnd } from './topology-recorder.ts';
import type { DeadLetterHop } from '../topology/index.ts';

/**
 * The longest that SQS keeps a message. On a standard queue the clock runs from the first send, not from
 * the move, so a dead-letter queue must keep messages longer than its source does.
 */
const DEAD_LETTER_RETENTION = Duration.days(14);

/**
 * How long SQS uses a data key before it asks KMS for another. A month has 2,592,000 s / period x (2 x senders +
 * receivers) calls of KMS per queue (SQSDeveloperGuide/sqs-key-management.html): with one of each 25,920 at SQS's
 * default of five minutes, 2,160 at an hour. A key that is disabled is out of use after at most this long.
 */
export const DEFAULT_DATA_KEY_REUSE = Duration.hours(1);

/** Encryption of a queue in CDK's words: the given key, else SQS's own, said explicitly. */
export function queueEncryption(
  key: IKey | undefined,
  dataKeyReuse: Duration = DEFAULT_DATA_KEY_REUSE,
): Pick<QueueProps, 'encryption' | 'encryptionMasterKey' | 'dataKeyReuse'> {
  return key === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse };
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
  readonly dataKeyReuse?: Duration | undefined;
  readonly owner?: string | undefined;
  /**
   * The name of the queue whose redrive policy may name it. A name, because the two queues' ARNs would
   * depend on each other.
   * @default - none: it takes the messages of a subscription, rule or schedule, which redrive policies do not govern
   */
  readonly sourceQueueName?: string;
  /** @default - made up by CloudFormation */
  readonly queueName?: string | undefined;
}

/** Makes the queue. Who may send to it is said by allowDeliveryFrom, or by a redrive policy. */
export function createDeadLetterQueue(scope: Construct, id: string, options: DeadLetterQueueOptions): Queue {
  const queue = new Queue(scope, id, {
    ...(options.queueName === undefined ? {} : { queueName: options.queueName }),
    ...queueEncryption(options.encryptionKey, options.dataKeyReuse),
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

/** Where the topics, rules or buses are, in terms of a policy. */
export interface DeliverySource {
  /** @default - the service's, for example `sns.amazonaws.com` */
  readonly principal?: string;
  /** @default - all topics or rules of the queue's own account and Region */
  readonly keySources?: readonly KeyUseSource[];
}

/** Lets a service put messages of these topics, rules or buses on the queue, and use its key. */
export function allowDeliveryFrom(
  queue: Queue,
  service: 'sns' | 'events',
  sourceArns: readonly string[],
  source: DeliverySource = {},
): void {
  const principal = source.principal ?? `${service}.amazonaws.com`;
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: `DeliverFrom${service === 'sns' ? 'Topics' : 'Buses'}${regionPartOf(principal)}`,
      principals: [new ServicePrincipal(principal)],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': sourceArns.length === 1 ? sourceArns[0] : sourceArns } },
    }),
  );
  const here = Stack.of(queue);
  const keySources = source.keySources ?? [
    service === 'sns' ? topicsIn(queue, here) : rulesOf(queue, here, '*'),
  ];
  const use = service === 'sns' ? 'deliverFromTopics' : 'deliverFromBuses';
  for (const keySource of keySources) {
    allowKeyUse(queue, queue.encryptionMasterKey, use, { ...keySource, principal });
  }
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
