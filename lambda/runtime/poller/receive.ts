/** One long poll: received messages in the form in which Lambda hands them over, so that one core handles both. */
import type { Message } from '@aws-sdk/client-sqs';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import { isFifo } from '../transports/group-id.ts';
import type { SqsRecord, SqsRecordAttribute } from '../types.ts';

/** Seconds. The longest that SQS allows: it costs the least and answers as fast. Source: SQS API, ReceiveMessage. */
const LONG_POLL_SECONDS = 20;

export interface ReceiveProps {
  readonly queueUrl: string;
  /** 1 to 10. */
  readonly maximum: number;
  readonly visibilityTimeoutSeconds: number;
  readonly client?: SqsSender | undefined;
  /** Aborting ends a parked poll at once. */
  readonly signal: AbortSignal;
}

export async function receive(props: ReceiveProps): Promise<SqsRecord[]> {
  const { api, client } = await sqs(props.client);
  const answer = await client.send(
    new api.ReceiveMessageCommand({
      QueueUrl: props.queueUrl,
      MaxNumberOfMessages: props.maximum,
      WaitTimeSeconds: LONG_POLL_SECONDS,
      VisibilityTimeout: props.visibilityTimeoutSeconds,
      MessageSystemAttributeNames: [
        'ApproximateReceiveCount',
        'MessageDeduplicationId',
        'MessageGroupId',
        'SentTimestamp',
      ],
      MessageAttributeNames: ['All'],
      // A retry of the client after a broken connection then gets the messages that the lost answer held,
      // instead of leaving their groups blocked. Source: SQS API, ReceiveMessage.
      ...(isFifo(props.queueUrl) && { ReceiveRequestAttemptId: uuidv7() }),
    }),
    { abortSignal: props.signal },
  );
  return (answer.Messages ?? []).map(recordOf);
}

function recordOf(message: Message): SqsRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, value]): [string, SqsRecordAttribute] => [
      name,
      {
        dataType: value.DataType ?? 'String',
        stringValue: value.StringValue,
        ...(value.BinaryValue !== undefined && {
          binaryValue: Buffer.from(value.BinaryValue).toString('base64'),
        }),
      },
    ],
  );
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
  };
}
