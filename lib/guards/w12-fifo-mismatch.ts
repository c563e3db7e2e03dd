/**
 * W12: what is FIFO and what is standard fit each other along a hop.
 *
 * | from | to | |
 * |---|---|---|
 * | standard topic | FIFO queue | found: SNS refuses it |
 * | FIFO topic | standard queue | allowed: order and deduplication end there, which is a choice |
 * | FIFO topic | anything but a queue | found: SNS refuses it |
 * | rule, schedule | FIFO queue without content-based deduplication | found: nothing gives a deduplication id, every delivery fails |
 * | rule, schedule | FIFO topic | found: not supported |
 * | bucket | FIFO queue or topic | found: not supported |
 * | pipe, subscriber | FIFO queue without a group id, or without a deduplication id of either kind | found |
 * | function | FIFO queue or topic as destination of asynchronous invocations | found: Lambda refuses it |
 * | any hop | dead-letter queue of the other kind than the hop takes, see failing-hops.ts | found |
 * | anything | queue or topic outside the assembly | not known |
 *
 * sns/latest/dg/sns-fifo-topics.html; sns/latest/dg/sns-dead-letter-queues.html;
 * eventbridge/latest/userguide/eb-rule-dlq.html; lambda/latest/dg/invocation-async-retain-records.html
 */
import { deliveriesOf } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import type { Messaging, Queue, Resource, Topic } from '../assembly/index.ts';
import { failingHops } from './failing-hops.ts';
import type { Finding, Guard } from './guard.ts';

export const fifoMismatch: Guard = {
  id: 'W12',
  title: 'FIFO and standard do not fit each other on this hop',
  explanation:
    'The service refuses the hop at the deployment, or, where it only sees the target when it delivers, loses every message of it.',
  source: 'sns/latest/dg/sns-fifo-topics.html',
  level: 'error',
  check: (messaging) => [
    ...subscriptions(messaging),
    ...deliveriesOf(messaging).flatMap((delivery) => ofDelivery(messaging, delivery)),
    ...withParameters(messaging),
    ...deadLetterQueues(messaging),
  ],
};

function subscriptions(messaging: Messaging): Finding[] {
  return messaging.subscriptions.flatMap(({ resource, topicArn, protocol, endpoint }) => {
    const topic = messaging.topic(topicArn);
    if (topic === undefined) return [];
    if (topic.fifo && protocol !== 'sqs') {
      return [
        {
          resource,
          property: 'Protocol',
          received: `${protocol} of the FIFO topic ${topic.resource.constructPath}`,
          allowed: 'sqs: a FIFO topic delivers to queues only',
          fix: 'subscribe a queue, and let it feed the endpoint',
        },
      ];
    }
    const queue = protocol === 'sqs' ? messaging.queue(endpoint) : undefined;
    if (queue?.fifo !== true || topic.fifo) return [];
    return [
      {
        resource,
        property: 'Endpoint',
        received: `the FIFO queue ${queue.resource.constructPath} for the standard topic ${topic.resource.constructPath}`,
        allowed: 'a standard queue: SNS refuses the other',
        fix: 'make the topic FIFO where order matters, else the queue standard',
      },
    ];
  });
}

/** Kinds of hops that give no deduplication id of their own. */
const WITHOUT_DEDUPLICATION: ReadonlySet<Delivery['kind']> = new Set(['rule', 'schedule']);
const NO_FIFO_TOPIC: ReadonlySet<Delivery['kind']> = new Set([
  'rule',
  'schedule',
  'notification',
  'asyncInvocation',
]);
const NO_FIFO_QUEUE: ReadonlySet<Delivery['kind']> = new Set(['notification', 'asyncInvocation']);

function ofDelivery(messaging: Messaging, { kind, hop, toArn, purpose }: Delivery): Finding[] {
  if (purpose !== 'message') return [];
  const topic = messaging.topic(toArn);
  if (topic?.fifo === true && NO_FIFO_TOPIC.has(kind)) return [refused(kind, hop, 'topic', topic)];
  const queue = messaging.queue(toArn);
  if (queue?.fifo !== true) return [];
  if (NO_FIFO_QUEUE.has(kind)) return [refused(kind, hop, 'queue', queue)];
  if (!WITHOUT_DEDUPLICATION.has(kind) || queue.contentBasedDeduplication) return [];
  return [withoutDeduplication(queue, `the ${kind} ${hop.constructPath} gives none`)];
}

const HOP_NAMES: Partial<Readonly<Record<Delivery['kind'], string>>> = {
  asyncInvocation: 'an asynchronous invocation',
  notification: 'a notification of a bucket',
};

function refused(
  kind: Delivery['kind'],
  resource: Resource,
  what: 'queue' | 'topic',
  to: Queue | Topic,
): Finding {
  const hop = HOP_NAMES[kind] ?? `a ${kind}`;
  return {
    resource,
    property: 'target',
    received: `the FIFO ${what} ${to.resource.constructPath} for ${hop}`,
    allowed: `a standard ${what}: ${hop} cannot deliver to a FIFO one`,
    fix: `deliver to a standard ${what}, or send to the FIFO one from a function`,
  };
}

function withoutDeduplication(queue: Queue, because: string): Finding {
  return {
    resource: queue.resource,
    property: 'ContentBasedDeduplication',
    received: `false, and no deduplication id: ${because}`,
    allowed: 'true, or a deduplication id on the hop',
    fix: 'switch ContentBasedDeduplication on: without a deduplication id SQS takes no message into a FIFO queue',
  };
}

/** Hops that carry group and deduplication ids in parameters of their own. */
function withParameters(messaging: Messaging): Finding[] {
  const ofPipes = messaging.pipes.map(({ resource, targetArn, targetParameters }) => {
    const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = (targetParameters[
      'SqsQueueParameters'
    ] ?? {}) as Record<string, unknown>;
    return { resource, targetArn, groupId, deduplicationId, property: 'TargetParameters.SqsQueueParameters' };
  });
  const ofSubscribers = messaging.subscribers.map(
    ({ resource, targetArn, messageGroupId, messageDeduplicationId }) => ({
      resource,
      targetArn,
      groupId: messageGroupId,
      deduplicationId: messageDeduplicationId,
      property: 'InvokeConfiguration.SqsParameters',
    }),
  );
  return [...ofPipes, ...ofSubscribers].flatMap(
    ({ resource, targetArn, groupId, deduplicationId, property }) => {
      const queue = messaging.queue(targetArn);
      if (queue?.fifo !== true) return [];
      const findings: Finding[] = [];
      if (groupId === undefined) {
        findings.push({
          resource,
          property,
          received: `no MessageGroupId for the FIFO queue ${queue.resource.constructPath}`,
          allowed: 'a MessageGroupId',
          fix: 'name the field that keeps messages in order, for example $.detail.orderId',
        });
      }
      if (deduplicationId === undefined && !queue.contentBasedDeduplication) {
        findings.push(withoutDeduplication(queue, `${resource.constructPath} gives none`));
      }
      return findings;
    },
  );
}

function deadLetterQueues(messaging: Messaging): Finding[] {
  return failingHops(messaging).flatMap(({ kind, resource, property, deadLetterArn, deadLetterFifo }) => {
    const queue = messaging.queue(deadLetterArn);
    if (queue === undefined || deadLetterFifo === 'either' || queue.fifo === (deadLetterFifo === 'always'))
      return [];
    const [is, has] = queue.fifo ? ['FIFO', 'standard'] : ['standard', 'FIFO'];
    return [
      {
        resource,
        property,
        received: `the ${is} queue ${queue.resource.constructPath}`,
        allowed: `a ${has} queue, as dead-letter queue of this ${kind}`,
        fix: `make the dead-letter queue ${has}`,
      },
    ];
  });
}
