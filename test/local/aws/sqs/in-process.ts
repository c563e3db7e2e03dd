/** SQS in this process with a clock that stands still: what most tests of SQS start from. */
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext, rootCaller, type AwsContext } from '../../../../local/aws/context.ts';
import { asAwsError } from '../../../../local/aws/errors.ts';
import { createSqsService, type Message } from '../../../../local/aws/sqs/index.ts';

type Input = Record<string, unknown>;

export function sqsInProcess() {
  const clock = manualClock();
  return { clock, ...sqsOn(createAwsContext({ clock })) };
}

/** A new SQS on this context. */
export function sqsOn(context: AwsContext) {
  const sqs = createSqsService(context);
  context.services.register(sqs);
  const call = async <Output = Record<string, unknown>>(action: string, input: Input, signal?: AbortSignal) =>
    (await sqs.handle(action, input, rootCaller(context), signal)) as Output;

  /** The code of the error an action ends in; fails the test when it succeeds. */
  const refusal = async (action: string, input: Input): Promise<string> => {
    try {
      await call(action, input);
    } catch (error) {
      return asAwsError(error).queryCode;
    }
    throw new Error(`${action} was not refused`);
  };

  return {
    context,
    sqs,
    call,
    refusal,
    queue: (name: string, attributes: Input = {}) => queue(name, attributes),
    /** The queue that another SQS of the same state made. */
    reopen: (name: string) => queue(name, {}),
  };

  async function queue(name: string, attributes: Input) {
    const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const { QueueUrl } = await call<{ QueueUrl: string }>('CreateQueue', {
      QueueName: name,
      Attributes: { ...fifo, ...attributes },
    });
    const arn = `arn:aws:sqs:us-east-1:000000000000:${name}`;
    let sent = 0;
    return {
      url: QueueUrl,
      arn,
      call: <Output = Record<string, unknown>>(action: string, input: Input = {}) =>
        call<Output>(action, { QueueUrl, ...input }),
      refusal: (action: string, input: Input = {}) => refusal(action, { QueueUrl, ...input }),
      send: (body: string, input: Input = {}) =>
        call<{ MessageId: string; SequenceNumber?: string }>('SendMessage', {
          QueueUrl,
          MessageBody: body,
          ...input,
        }),
      /** Sends to a group of a FIFO queue with a fresh deduplication id. */
      sendTo: (group: string, body: string, input: Input = {}) =>
        call<{ MessageId: string; SequenceNumber: string }>('SendMessage', {
          QueueUrl,
          MessageBody: body,
          MessageGroupId: group,
          MessageDeduplicationId: `${name} ${sent++}`.replaceAll(' ', '-'),
          ...input,
        }),
      receive: async (input: Input = {}, signal?: AbortSignal): Promise<readonly Message[]> => {
        const output = await call<{ Messages?: Message[] }>(
          'ReceiveMessage',
          { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], ...input },
          signal,
        );
        return output.Messages ?? [];
      },
      delete: (message: Message | undefined) =>
        call('DeleteMessage', { QueueUrl, ReceiptHandle: message?.ReceiptHandle }),
      visibility: (message: Message | undefined, seconds: number) =>
        call('ChangeMessageVisibility', {
          QueueUrl,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout: seconds,
        }),
      counts: () => sqs.counts(arn),
    };
  }
}

export function bodies(messages: readonly Message[]): string[] {
  return messages.map((message) => message.Body);
}

export function redriveTo(arn: string, maxReceiveCount: number): Record<string, string> {
  return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount }) };
}
