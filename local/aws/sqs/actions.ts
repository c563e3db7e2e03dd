/**
 * Every action of SQS, by name, over the account's queues. Both protocols and service-to-service calls end here.
 */
import type { AwsContext, Caller } from '../context.ts';
import { batchEntries, runEntries, type BatchOutput } from './batch.ts';
import { batchTooLong, invalidAttributeName, missingParameter, purgeQueueInProgress } from './errors.ts';
import { optionalText, requiredText, textList, textMap, wholeNumber, type Input } from './input.ts';
import { MAXIMUM_MESSAGE_BYTES, MAXIMUM_VISIBILITY_SECONDS, PURGE_INTERVAL_MILLISECONDS } from './limits.ts';
import type { MoveTasks } from './move-tasks.ts';
import { policyWithoutPermission, policyWithPermission } from './permissions.ts';
import { queueDoesNotExist } from './errors.ts';
import { isAttributeName } from './queue-attributes.ts';
import { pageOfQueueUrls, requestedQueue, senderIdOf, shownAttributes, type Queues } from './queues.ts';
import type { Queue } from './queue.ts';
import { receiveMessages } from './receive.ts';
import { messageBytes, sendMessage } from './send.ts';
import { checkedTags } from './tags.ts';

export type Action = (input: Input, caller: Caller, signal?: AbortSignal) => unknown;

export function createActions(
  context: AwsContext,
  queues: Queues,
  moveTasks: MoveTasks,
): Readonly<Record<string, Action>> {
  const record = (input: Input) => requestedQueue(queues, input);
  const queueOf = (input: Input) => record(input).queue;

  return {
    CreateQueue(input) {
      const tags = { ...textMap(input, 'tags'), ...textMap(input, 'Tags') };
      const name = requiredText(input, 'QueueName');
      const created = queues.create(name, textMap(input, 'Attributes'), checkedTags(tags, name));
      return { QueueUrl: created.url };
    },
    DeleteQueue(input) {
      queues.delete(record(input));
    },
    GetQueueUrl(input) {
      const owner = optionalText(input, 'QueueOwnerAWSAccountId');
      if (owner !== undefined && owner !== context.accountId) throw queueDoesNotExist();
      return { QueueUrl: queues.byName(requiredText(input, 'QueueName')).url };
    },
    ListQueues(input) {
      const prefix = optionalText(input, 'QueueNamePrefix') ?? '';
      const found = queues.all().filter(({ queue }) => queue.name.startsWith(prefix));
      const { urls, nextToken } = pageOfQueueUrls(found, input);
      return {
        ...(urls.length > 0 && { QueueUrls: urls }),
        ...(nextToken !== undefined && { NextToken: nextToken }),
      };
    },
    ListDeadLetterSourceQueues(input) {
      const { urls, nextToken } = pageOfQueueUrls(queues.sourcesOf(queueOf(input).arn), input);
      return { queueUrls: urls, ...(nextToken !== undefined && { NextToken: nextToken }) };
    },
    GetQueueAttributes(input) {
      const names = textList(input, 'AttributeNames');
      for (const name of names)
        if (name !== 'All' && !isAttributeName(name)) throw invalidAttributeName(name);
      const attributes = shownAttributes(record(input), names);
      return Object.keys(attributes).length > 0 ? { Attributes: attributes } : {};
    },
    SetQueueAttributes(input) {
      if (input['Attributes'] === undefined) throw missingParameter('Attributes');
      queues.setAttributes(record(input), textMap(input, 'Attributes'));
    },
    PurgeQueue(input) {
      const purged = record(input);
      const now = context.clock.now();
      if (purged.purgedAt !== undefined && now - purged.purgedAt < PURGE_INTERVAL_MILLISECONDS) {
        throw purgeQueueInProgress(purged.queue.name);
      }
      purged.purgedAt = now;
      purged.queue.purge();
      queues.keep(purged);
    },

    SendMessage(input, caller) {
      const queue = queueOf(input);
      const output = sendMessage(context, queue, input, senderIdOf(caller.arn));
      queue.notify();
      return output;
    },
    SendMessageBatch(input, caller) {
      const queue = queueOf(input);
      const entries = batchEntries(input, 'SendMessageBatchRequestEntry');
      const bytes = entries.reduce((sum, entry) => sum + messageBytes(entry), 0);
      if (bytes > MAXIMUM_MESSAGE_BYTES) throw batchTooLong(bytes);
      const senderId = senderIdOf(caller.arn);
      const output = runEntries(entries, (entry) => sendMessage(context, queue, entry, senderId));
      queue.notify();
      return output;
    },
    async ReceiveMessage(input, _caller, signal) {
      const messages = await receiveMessages(queueOf(input), input, signal);
      return messages.length > 0 ? { Messages: messages } : {};
    },
    DeleteMessage(input) {
      queueOf(input).delete(requiredText(input, 'ReceiptHandle'));
    },
    DeleteMessageBatch(input) {
      const queue = queueOf(input);
      return runEntries(batchEntries(input, 'DeleteMessageBatchRequestEntry'), (entry) => {
        queue.delete(requiredText(entry, 'ReceiptHandle'));
        return {};
      });
    },
    ChangeMessageVisibility(input) {
      changeVisibility(queueOf(input), input);
    },
    ChangeMessageVisibilityBatch(input): BatchOutput {
      const queue = queueOf(input);
      return runEntries(batchEntries(input, 'ChangeMessageVisibilityBatchRequestEntry'), (entry) => {
        changeVisibility(queue, entry);
        return {};
      });
    },

    TagQueue(input) {
      const tagged = record(input);
      const added = textMap(input, 'Tags');
      if (Object.keys(added).length === 0) throw missingParameter('Tags');
      tagged.tags = checkedTags({ ...tagged.tags, ...added }, tagged.queue.name);
      queues.keep(tagged);
    },
    UntagQueue(input) {
      const untagged = record(input);
      const removed = textList(input, 'TagKeys');
      if (removed.length === 0) throw missingParameter('TagKeys');
      const left = Object.entries(untagged.tags).filter(([key]) => !removed.includes(key));
      untagged.tags = Object.fromEntries(left);
      queues.keep(untagged);
    },
    ListQueueTags(input) {
      const { tags } = record(input);
      return Object.keys(tags).length > 0 ? { Tags: tags } : {};
    },
    AddPermission(input) {
      const shared = record(input);
      const policy = policyWithPermission(shared.attributes, shared.queue.arn, input);
      queues.setAttributes(shared, { Policy: policy });
    },
    RemovePermission(input) {
      const shared = record(input);
      const policy = policyWithoutPermission(shared.attributes, shared.queue.arn, input);
      queues.setAttributes(shared, { Policy: policy });
    },

    StartMessageMoveTask: (input) => moveTasks.start(input),
    CancelMessageMoveTask: (input) => moveTasks.cancel(input),
    ListMessageMoveTasks: (input) => moveTasks.list(input),
  };
}

function changeVisibility(queue: Queue, input: Input): void {
  const handle = requiredText(input, 'ReceiptHandle');
  const seconds = wholeNumber(input, 'VisibilityTimeout', 0, MAXIMUM_VISIBILITY_SECONDS, undefined);
  if (seconds === undefined) throw missingParameter('VisibilityTimeout');
  queue.changeVisibility(handle, seconds);
}
