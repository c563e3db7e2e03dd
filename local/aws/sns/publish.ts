/**
 * Publish and PublishBatch: what is refused, what a FIFO topic has seen before, and the message that goes on to
 * delivery.
 */
import { createHash, randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import type { MessageAttribute } from '../../../lib/matching/index.ts';
import { batchError, invalidParameter } from './errors.ts';
import { type Input, list, optionalText, record } from './input.ts';
import {
  DEDUPLICATION_WINDOW_MS,
  MAX_BATCH_ENTRIES,
  MAX_BATCH_ENTRY_ID_LENGTH,
  MAX_SUBJECT_LENGTH,
} from './limits.ts';
import { attributesSize, readMessageAttributes } from './message-attributes.ts';
import type { Message, Topic } from './model.ts';
import { readPhoneNumber } from './sms.ts';
import type { SnsState } from './state.ts';
import { isContentBasedDeduplication, isGroupScope, maximumMessageSize } from './topic-attributes.ts';
import { findTopic } from './topics.ts';

/** What Publish answers. */
export interface PublishOutput {
  readonly MessageId: string;
  /** FIFO topics only. */
  readonly SequenceNumber?: string;
}

export interface PublishBatchOutput {
  readonly Successful: readonly (PublishOutput & { readonly Id: string })[];
  readonly Failed: readonly {
    readonly Id: string;
    readonly Code: string;
    readonly Message: string;
    readonly SenderFault: boolean;
  }[];
}

/** An accepted message; `message` is undefined when a FIFO topic has delivered it before. */
export interface Accepted {
  readonly output: PublishOutput;
  readonly message: Message | undefined;
}

/** Group and deduplication ids: sns/latest/api/API_Publish.html */
const ID = /^[!-~]{1,128}$/;
const BATCH_ENTRY_ID = /^[a-zA-Z0-9_-]+$/;

/** Where a Publish goes: to a topic's subscriptions, or straight to one receiver. */
export type Published =
  | { readonly topic: Topic; readonly accepted: Accepted }
  | { readonly topic: undefined; readonly direct: DirectMessage; readonly accepted: Accepted };

/** A text message to a number, or a push to a device. */
export interface DirectMessage {
  readonly protocol: 'sms' | 'application';
  readonly to: string;
  readonly body: string;
  readonly subject: string | undefined;
}

/** Checks and accepts one message. */
export function publish(context: AwsContext, state: SnsState, input: Input): Published {
  const destinations = ['TopicArn', 'TargetArn', 'PhoneNumber'].filter(
    (name) => optionalText(input, name) !== undefined,
  );
  if (destinations.length > 1) {
    throw invalidParameter(`${destinations.join(', ')} Reason: only one of them can be given`);
  }
  const targetArn = optionalText(input, 'TargetArn');
  if (destinations[0] === 'PhoneNumber') {
    return publishDirect(input, { protocol: 'sms', to: readPhoneNumber(input, 'PhoneNumber') });
  }
  if (targetArn?.includes(':endpoint/')) {
    return publishDirect(input, { protocol: 'application', to: targetArn });
  }
  const topicArn = optionalText(input, 'TopicArn') ?? targetArn;
  if (topicArn === undefined) {
    throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
  }
  const topic = findTopic(context, state, topicArn);
  return { topic, accepted: accept(context, state, topic, input, 'messageAttributes') };
}

function publishDirect(input: Input, to: Pick<DirectMessage, 'protocol' | 'to'>): Published {
  const text = optionalText(input, 'Message') ?? '';
  if (text === '') throw invalidParameter('Empty message');
  readMessageAttributes(input);
  const bodies = readBodies(input, text);
  const platform = to.to.split('/')[1] ?? '';
  const body = bodies?.[to.protocol === 'sms' ? 'sms' : platform] ?? bodies?.['default'] ?? text;
  const direct = { ...to, body, subject: readSubject(input) };
  return { topic: undefined, direct, accepted: { output: { MessageId: randomUUID() }, message: undefined } };
}

/** Checks the batch as a whole, then each entry by itself. */
export function publishBatch(
  context: AwsContext,
  state: SnsState,
  input: Input,
): { readonly topic: Topic; readonly accepted: readonly Accepted[]; readonly output: PublishBatchOutput } {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  const entries = list(input, 'PublishBatchRequestEntries').map((entry) => record(entry));
  checkBatch(topic, entries);

  const accepted: Accepted[] = [];
  const output = { Successful: [], Failed: [] } as { Successful: unknown[]; Failed: unknown[] };
  for (const [index, entry] of entries.entries()) {
    const id = optionalText(entry, 'Id') ?? '';
    try {
      const where = `publishBatchRequestEntries.${index + 1}.member.messageAttributes`;
      const one = accept(context, state, topic, entry, where);
      accepted.push(one);
      output.Successful.push({ Id: id, ...one.output });
    } catch (thrown) {
      const { queryCode, message, senderFault } = asAwsError(thrown);
      output.Failed.push({ Id: id, Code: queryCode, Message: message, SenderFault: senderFault });
    }
  }
  return { topic, accepted, output: output as unknown as PublishBatchOutput };
}

function checkBatch(topic: Topic, entries: readonly Input[]): void {
  if (entries.length === 0) {
    throw batchError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (entries.length > MAX_BATCH_ENTRIES) {
    throw batchError(
      'TooManyEntriesInBatchRequest',
      'The batch request contains more entries than permissible.',
    );
  }
  const ids = entries.map((entry) => optionalText(entry, 'Id') ?? '');
  for (const id of ids) {
    if (id.length > MAX_BATCH_ENTRY_ID_LENGTH) {
      throw batchError(
        'InvalidBatchEntryId',
        `The Id of a batch entry in the batch request is too long: ${id}`,
      );
    }
    if (!BATCH_ENTRY_ID.test(id)) {
      throw batchError(
        'InvalidBatchEntryId',
        `The Id of a batch entry in the batch request contains an impermissible character: ${id}`,
      );
    }
  }
  if (new Set(ids).size < ids.length) {
    throw batchError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  }
  const size = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
  if (size > maximumMessageSize(topic)) {
    throw batchError(
      'BatchRequestTooLong',
      'The length of all the messages put together is more than the limit.',
    );
  }
  for (const entry of entries) checkFifoParameters(topic, entry);
}

/** The size an entry counts with, before its attributes have been checked. */
function entrySize(entry: Input): number {
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, value] of Object.entries(record(entry['MessageAttributes']))) {
    const { DataType: dataType, StringValue: text, BinaryValue: binary } = record(value);
    attributes[name] = {
      DataType: typeof dataType === 'string' ? dataType : '',
      ...(typeof text === 'string' ? { StringValue: text } : {}),
      ...(binary instanceof Uint8Array || typeof binary === 'string' ? { BinaryValue: binary } : {}),
    };
  }
  return Buffer.byteLength(optionalText(entry, 'Message') ?? '') + attributesSize(attributes);
}

function accept(context: AwsContext, state: SnsState, topic: Topic, entry: Input, where: string): Accepted {
  const body = optionalText(entry, 'Message') ?? '';
  if (body === '') throw invalidParameter('Empty message');
  const subject = readSubject(entry);
  const bodies = readBodies(entry, body);
  const attributes = readMessageAttributes(entry, where);
  if (Buffer.byteLength(body) + attributesSize(attributes) > maximumMessageSize(topic)) {
    throw invalidParameter('Message too long');
  }
  checkFifoParameters(topic, entry);

  const messageGroupId = optionalText(entry, 'MessageGroupId');
  const messageDeduplicationId = deduplicationId(topic, entry, body);
  const draft = { body, bodies, subject, attributes, messageGroupId, messageDeduplicationId };
  const messageId = randomUUID();
  const timestamp = new Date(context.clock.now()).toISOString();
  if (!topic.fifo || messageDeduplicationId === undefined) {
    const message = { ...draft, messageId, topicArn: topic.arn, sequenceNumber: undefined, timestamp };
    return { output: { MessageId: messageId }, message };
  }

  const key = isGroupScope(topic) ? `${messageGroupId}\n${messageDeduplicationId}` : messageDeduplicationId;
  const before = findPublished(state, topic, key, context.clock.now());
  if (before) {
    context.events.emit({
      kind: 'deduplicated',
      service: 'sns',
      resourceArn: topic.arn,
      messageId: before.messageId,
    });
    const output = { MessageId: before.messageId, SequenceNumber: before.sequenceNumber };
    return { output, message: undefined };
  }
  const sequenceNumber = nextSequenceNumber(topic);
  const published = { at: context.clock.now(), messageId, sequenceNumber };
  topic.published.set(key, published);
  state.savePublished(topic, key, published);
  const message = { ...draft, messageId, topicArn: topic.arn, sequenceNumber, timestamp };
  return { output: { MessageId: messageId, SequenceNumber: sequenceNumber }, message };
}

/** Forgets what is older than the window, then looks. The map is in order of time. */
function findPublished(state: SnsState, topic: Topic, key: string, now: number) {
  for (const [old, { at }] of topic.published) {
    if (at + DEDUPLICATION_WINDOW_MS > now) break;
    topic.published.delete(old);
    state.forgetPublished(topic, old);
  }
  return topic.published.get(key);
}

/** Twenty digits, rising within the topic, as SQS has them. */
function nextSequenceNumber(topic: Topic): string {
  topic.lastSequence += 1n;
  return (10_000_000_000_000_000_000n + topic.lastSequence * 1_000n).toString();
}

function deduplicationId(topic: Topic, entry: Input, body: string): string | undefined {
  if (!topic.fifo) return undefined;
  return optionalText(entry, 'MessageDeduplicationId') ?? createHash('sha256').update(body).digest('hex');
}

function checkFifoParameters(topic: Topic, entry: Input): void {
  const group = optionalText(entry, 'MessageGroupId');
  const deduplication = optionalText(entry, 'MessageDeduplicationId');
  if (topic.fifo && group === undefined) {
    throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
  }
  if (topic.fifo && deduplication === undefined && !isContentBasedDeduplication(topic)) {
    throw invalidParameter(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  if (!topic.fifo && deduplication !== undefined) {
    throw invalidParameter(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  for (const [name, value] of [
    ['MessageGroupId', group],
    ['MessageDeduplicationId', deduplication],
  ] as const) {
    if (value !== undefined && !ID.test(value)) {
      throw invalidParameter(
        `${name} Reason: it must be 1 to 128 characters long and hold only letters, digits and punctuation`,
      );
    }
  }
}

function readSubject(entry: Input): string | undefined {
  const subject = optionalText(entry, 'Subject');
  if (subject === undefined) return undefined;
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const odd = /[\u0000-\u001f\u007f]/.test(subject);
  if (subject === '' || subject.length > MAX_SUBJECT_LENGTH || odd) throw invalidParameter('Subject');
  return subject;
}

/** With `MessageStructure: json` the message is an object of texts, one per protocol and a `default`. */
function readBodies(entry: Input, body: string): Readonly<Record<string, string>> | undefined {
  const structure = optionalText(entry, 'MessageStructure');
  if (structure === undefined || structure === '') return undefined;
  if (structure !== 'json') throw invalidParameter('MessageStructure');
  const unreadable = invalidParameter('Message Structure - JSON message body failed to parse');
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw unreadable;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable;
  const texts = Object.entries(parsed).filter((one): one is [string, string] => typeof one[1] === 'string');
  const bodies = Object.fromEntries(texts);
  if (bodies['default'] === undefined) {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return bodies;
}
