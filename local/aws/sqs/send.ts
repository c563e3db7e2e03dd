/** From a SendMessage request, or one entry of a batch, to a stored message and its answer. */
import { hash } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { bodyMd5 } from './digest.ts';
import { faultError } from '../dispatch.ts';
import type { FaultEffect } from '../faults.ts';
import {
  invalidMessageContents,
  invalidParameter,
  invalidValue,
  messageTooLong,
  missingParameter,
} from './errors.ts';
import { checkedId, optionalText, structureMap, wholeNumber, type Input } from './input.ts';
import { MAXIMUM_DELAY_SECONDS } from './limits.ts';
import type { MessageAttributes, NewMessage } from './message.ts';
import { newMessageId } from './message-id.ts';
import {
  attributeBytes,
  attributesMd5,
  checkMessageAttributes,
  hasInvalidCharacters,
} from './message-attributes.ts';
import type { Queue } from './queue.ts';

export interface SendMessageOutput {
  readonly MessageId: string;
  readonly MD5OfMessageBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly MD5OfMessageSystemAttributes?: string;
  readonly SequenceNumber?: string;
}

/** Checks and stores one message as {@link storeMessage} does, and answers as the API does. */
export function sendMessage(
  context: AwsContext,
  queue: Queue,
  input: Input,
  senderId: string,
): SendMessageOutput {
  const { message, messageId, sequenceNumber } = storeMessage(context, queue, input, senderId);
  const attributes = attributesMd5(message.attributes);
  const trace =
    message.traceHeader === undefined ? undefined : attributesMd5(traceAttribute(message.traceHeader));
  return {
    MessageId: messageId,
    MD5OfMessageBody: bodyMd5(message.body),
    ...(attributes !== undefined && { MD5OfMessageAttributes: attributes }),
    ...(trace !== undefined && { MD5OfMessageSystemAttributes: trace }),
    ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
  };
}

interface Stored {
  readonly messageId: string;
  readonly sequenceNumber?: string | undefined;
}

/**
 * Checks and stores one message. The caller calls `queue.notify()` when the whole batch is in. Throws an
 * AwsError; then nothing was stored. A repetition has the ids of the first.
 */
export function storeMessage(
  context: AwsContext,
  queue: Queue,
  input: Input,
  senderId: string,
): Stored & { readonly message: NewMessage } {
  const message = checkMessage(queue, input, senderId);
  return { ...storeWithFaults(context, queue, message), message };
}

/** Bytes that count against the limits of a message and of a batch: body and attributes. */
export function messageBytes(input: Input): number {
  const body = typeof input['MessageBody'] === 'string' ? input['MessageBody'] : '';
  let bytes = Buffer.byteLength(body);
  try {
    bytes += attributeBytes(checkMessageAttributes(input));
  } catch {
    // The entry will fail for its attributes; here only its body counts.
  }
  return bytes;
}

function checkMessage(queue: Queue, input: Input, senderId: string): NewMessage {
  const body = optionalText(input, 'MessageBody');
  if (body === undefined || body === '') throw missingParameter('MessageBody');
  const attributes = checkMessageAttributes(input);
  const { maximumMessageBytes } = queue.settings;
  const bytes = Buffer.byteLength(body) + attributeBytes(attributes);
  if (bytes > maximumMessageBytes) {
    throw messageTooLong(maximumMessageBytes);
  }
  if (hasInvalidCharacters(body)) throw invalidMessageContents();
  return {
    messageId: newMessageId(),
    body,
    bytes,
    attributes,
    traceHeader: traceHeader(input),
    senderId,
    ...(queue.fifo ? checkFifo(queue, input, body) : checkStandard(input)),
  };
}

function checkStandard(input: Input): Pick<NewMessage, 'groupId' | 'delaySeconds'> {
  const deduplicationId = optionalText(input, 'MessageDeduplicationId');
  if (deduplicationId !== undefined) {
    const reason = 'The request include parameter that is not valid for this queue type';
    throw invalidValue('MessageDeduplicationId', deduplicationId, reason);
  }
  return {
    groupId: checkedId(input, 'MessageGroupId'),
    delaySeconds: wholeNumber(input, 'DelaySeconds', 0, MAXIMUM_DELAY_SECONDS, undefined),
  };
}

function checkFifo(
  queue: Queue,
  input: Input,
  body: string,
): Pick<NewMessage, 'groupId' | 'deduplicationId'> {
  const groupId = checkedId(input, 'MessageGroupId');
  if (groupId === undefined) throw missingParameter('MessageGroupId');
  const delay = wholeNumber(input, 'DelaySeconds', 0, MAXIMUM_DELAY_SECONDS, 0);
  if (delay !== 0) {
    const reason = 'The request include parameter that is not valid for this queue type.';
    throw invalidValue('DelaySeconds', delay, reason);
  }
  const given = checkedId(input, 'MessageDeduplicationId');
  if (given === undefined && !queue.settings.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  // The body alone is hashed, not the attributes.
  const deduplicationId = given ?? hash('sha256', body, 'hex');
  return { groupId, deduplicationId };
}

function traceHeader(input: Input): string | undefined {
  if (input['MessageSystemAttributes'] === undefined) return undefined;
  const given = structureMap(input, 'MessageSystemAttributes');
  let header: string | undefined;
  for (const [name, value] of Object.entries(given)) {
    if (name !== 'AWSTraceHeader') {
      throw invalidParameter(
        `Message system attribute name '${name}' is invalid. The only one is AWSTraceHeader.`,
      );
    }
    const { DataType: type, StringValue: text } = value;
    if (type !== 'String' || typeof text !== 'string' || text === '') {
      throw invalidParameter(
        `The message system attribute '${name}' must contain a non-empty value of type 'String'.`,
      );
    }
    header = text;
  }
  return header;
}

function traceAttribute(header: string): MessageAttributes {
  return { AWSTraceHeader: { DataType: 'String', StringValue: header } };
}

function storeWithFaults(context: AwsContext, queue: Queue, message: NewMessage): Stored {
  const fault = context.faults.next({
    service: 'sqs',
    action: 'Deliver',
    input: { QueueArn: queue.arn, MessageId: message.messageId },
  });
  if (fault) {
    const error = faultError(fault);
    if (error) throw error;
    if (fault.kind === 'drop') return { messageId: message.messageId };
    if (fault.kind === 'duplicate' && !queue.fifo) queue.send(message);
  }
  const late = queue.fifo ? 0 : lateSeconds(fault);
  const delaySeconds = (message.delaySeconds ?? queue.settings.delaySeconds) + late;
  return queue.send({ ...message, delaySeconds });
}

function lateSeconds(fault: FaultEffect | undefined): number {
  if (fault?.kind === 'reorder') return 1;
  return fault?.kind === 'delay' ? fault.milliseconds / 1000 : 0;
}
