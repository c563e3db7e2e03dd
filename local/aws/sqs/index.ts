/** SQS: standard and FIFO queues in this process, spoken to over the wire or by the methods below. */
import { actionNamed } from '../actions.ts';
import { rootCaller, type AwsContext, type AwsService, type Caller } from '../context.ts';
import { asAwsError, type AwsError } from '../errors.ts';
import { createActions } from './actions.ts';
import { queueRequests, sqsAuthorization } from './authorization.ts';
import { queueDoesNotExist } from './errors.ts';
import type { MessageAttributes, MessageState } from './message.ts';
import { createMoveTasks } from './move-tasks.ts';
import type { AllGauges, QueueCounts } from './queue.ts';
import { createQueues, senderIdOf, shownAttributes } from './queues.ts';
import { receiveMessages, type Message } from './receive.ts';
import { storeMessage } from './send.ts';
import type { Traffic } from './traffic.ts';
import { SQS_PROTOCOLS } from './wire.ts';

export type { MessageAttributes, MessageAttributeValue, MessageState } from './message.ts';
export type { AllGauges, QueueCounts } from './queue.ts';
export type { Traffic } from './traffic.ts';
export type { Message } from './receive.ts';
export type { SendMessageOutput } from './send.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly sqs: SqsService;
  }
}

/** A message that another service delivers into a queue. */
export interface Delivery {
  readonly body: string;
  readonly messageAttributes?: MessageAttributes;
  /** Required for FIFO queues; names the tenant on standard queues. */
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
  /** Seconds; the queue's own delay when absent. */
  readonly delaySeconds?: number;
  readonly traceHeader?: string;
}

/** What became of a {@link Delivery}. A refusal is an answer here, not an exception: the deliverer decides. */
export type DeliveryResult =
  | { readonly delivered: true; readonly messageId: string; readonly sequenceNumber?: string }
  | { readonly delivered: false; readonly error: AwsError };

/** A message as {@link SqsService.messages} shows it. */
export interface MessageView {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  readonly state: MessageState;
  readonly receiveCount: number;
  readonly messageGroupId: string | undefined;
  readonly messageDeduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly deadLetterQueueSourceArn: string | undefined;
}

/** The in-process face of SQS. Queues are named by ARN; an unknown one is `QueueDoesNotExist`. */
export interface SqsService extends AwsService {
  readonly name: 'sqs';
  /** Puts a message into a queue for another service. */
  deliverToQueue(queueArn: string, delivery: Delivery, caller?: Caller): DeliveryResult;
  /**
   * ReceiveMessage without HTTP: same input members (QueueUrl not needed), same rules. Waits up to
   * `WaitTimeSeconds` without polling; resolves empty when the wait is over or `signal` aborts.
   */
  receiveMessage(
    queueArn: string,
    input: ReceiveMessageInput,
    signal?: AbortSignal,
  ): Promise<readonly Message[]>;
  /** Deletes one received message. Throws an AwsError for a handle that is not valid. */
  deleteMessage(queueArn: string, receiptHandle: string): void;
  /** Seconds from now until the message is visible again; 0 returns it at once. */
  changeMessageVisibility(queueArn: string, receiptHandle: string, seconds: number): void;
  /** The queue URL clients use. */
  queueUrl(queueArn: string): string;
  queueArns(): readonly string[];
  /** The attributes of a queue in AWS's words, live counts included. */
  attributes(queueArn: string): Readonly<Record<string, string>>;
  /** What is in the queue, in order of arrival. Consumes nothing. */
  messages(queueArn: string): readonly MessageView[];
  counts(queueArn: string): QueueCounts;
  /** Milliseconds since the oldest message came into the queue; undefined when the queue is empty. */
  oldestAge(queueArn: string): number | undefined;
  /** What was counted of a queue since the last call; CloudWatch calls it. */
  takeTraffic(queueArn: string): Traffic;
  /** What is measured of a queue now, for its metrics. */
  gauges(queueArn: string): AllGauges;
  /** Message groups: noisy ones (standard queues) and ones with messages in flight. */
  groupCounts(queueArn: string): { readonly noisy: number; readonly inFlight: number };
}

/** The optional members of a ReceiveMessage request. */
export interface ReceiveMessageInput {
  readonly MaxNumberOfMessages?: number;
  readonly WaitTimeSeconds?: number;
  readonly VisibilityTimeout?: number;
  readonly MessageAttributeNames?: readonly string[];
  readonly MessageSystemAttributeNames?: readonly string[];
  readonly ReceiveRequestAttemptId?: string;
}

/** SQS without queues. Register it in the context to make it reachable. */
export function createSqsService(context: AwsContext): SqsService {
  const queues = createQueues(context);
  const moveTasks = createMoveTasks(context, queues);
  const actions = createActions(context, queues, moveTasks);

  const existing = (queueArn: string) => {
    const record = queues.byArn(queueArn);
    if (!record) throw queueDoesNotExist();
    return record;
  };

  return {
    name: 'sqs',
    protocols: SQS_PROTOCOLS,
    authorization: (action, input) => sqsAuthorization(context, queues, action, input),
    async handle(action, input, caller, signal) {
      return (await actionNamed(actions, 'SQS', action)(input, caller, signal)) ?? {};
    },
    deliverToQueue(queueArn, delivery, caller = rootCaller(context)) {
      try {
        const { queue } = existing(queueArn);
        const needed = queueRequests(context, queues, 'SendMessage', queueArn);
        context.authorizer?.authorize('sqs', caller, needed);
        const input = {
          MessageBody: delivery.body,
          MessageAttributes: delivery.messageAttributes,
          MessageGroupId: delivery.messageGroupId,
          MessageDeduplicationId: delivery.messageDeduplicationId,
          DelaySeconds: delivery.delaySeconds,
          ...(delivery.traceHeader !== undefined && {
            MessageSystemAttributes: {
              AWSTraceHeader: { DataType: 'String', StringValue: delivery.traceHeader },
            },
          }),
        };
        const senderId = senderIdOf(caller.arn);
        const { messageId, sequenceNumber } = storeMessage(context, queue, input, senderId);
        queue.notifySoon();
        return { delivered: true, messageId, ...(sequenceNumber !== undefined && { sequenceNumber }) };
      } catch (thrown) {
        return { delivered: false, error: asAwsError(thrown) };
      }
    },
    receiveMessage: async (queueArn, input, signal) =>
      receiveMessages(existing(queueArn).queue, { ...input }, signal),
    deleteMessage(queueArn, receiptHandle) {
      existing(queueArn).queue.delete(receiptHandle);
    },
    changeMessageVisibility(queueArn, receiptHandle, seconds) {
      existing(queueArn).queue.changeVisibility(receiptHandle, seconds);
    },
    queueUrl: (queueArn) => existing(queueArn).url,
    queueArns: () => queues.all().map(({ queue }) => queue.arn),
    attributes: (queueArn) => shownAttributes(existing(queueArn), ['All']),
    messages: (queueArn) =>
      existing(queueArn)
        .queue.messages()
        .map((message) => ({
          messageId: message.messageId,
          body: message.body,
          messageAttributes: message.attributes,
          state: message.state,
          receiveCount: message.receiveCount,
          messageGroupId: message.groupId,
          messageDeduplicationId: message.deduplicationId,
          sequenceNumber: message.sequenceNumber,
          sentAt: message.sentAt,
          deadLetterQueueSourceArn: message.sourceQueueArn,
        })),
    counts: (queueArn) => existing(queueArn).queue.counts(),
    oldestAge: (queueArn) => existing(queueArn).queue.oldestAge(),
    takeTraffic: (queueArn) => existing(queueArn).queue.takeTraffic(),
    gauges: (queueArn) => existing(queueArn).queue.gauges(),
    groupCounts: (queueArn) => existing(queueArn).queue.groupCounts(),
    close() {
      moveTasks.close();
      for (const { queue } of queues.all()) queue.close();
    },
  };
}
