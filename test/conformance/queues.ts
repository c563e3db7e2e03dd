/** A queue under test, with the calls that nearly every behaviour makes. */
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  type ReceiveMessageCommandInput,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import type { Conformance } from './harness.ts';

/** Milliseconds to wait for messages that must come. */
const PATIENCE_MILLISECONDS = 60_000;
/** Seconds a receive waits on a foreign endpoint before "nothing came" is believed. */
const DOUBT_SECONDS = 1;

type ReceiveOptions = Omit<ReceiveMessageCommandInput, 'QueueUrl'>;

export interface TestQueue {
  readonly url: string;
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  send(body: string, input?: Partial<SendMessageCommandInput>): Promise<SendMessageCommandOutput>;
  /** Sends to a group of a FIFO queue, with a deduplication id of its own. */
  sendTo(
    group: string,
    body: string,
    input?: Partial<SendMessageCommandInput>,
  ): Promise<SendMessageCommandOutput>;
  /**
   * Receives until `count` messages came, all attributes included; gives what came after a few seconds, so
   * that the caller's expectation shows what is missing.
   */
  receive(count: number, options?: ReceiveOptions): Promise<Message[]>;
  /** Receives `count` messages one receive after the other, deleting what came: for their order alone. */
  drain(count: number): Promise<Message[]>;
  /** One ReceiveMessage, with all attributes; on a foreign endpoint it waits a second for what may come late. */
  receiveOnce(options?: ReceiveOptions): Promise<Message[]>;
  delete(message: Message | undefined): Promise<unknown>;
  visibility(message: Message | undefined, seconds: number): Promise<unknown>;
  attributes(...names: readonly QueueAttributeName[]): Promise<Readonly<Record<string, string>>>;
  setAttributes(attributes: Readonly<Record<string, string>>): Promise<void>;
}

export async function createTestQueue(
  aws: Conformance,
  attributes: Readonly<Record<string, string>> = {},
): Promise<TestQueue> {
  const fifo = attributes['FifoQueue'] === 'true';
  const name = aws.uniqueName('queue') + (fifo ? '.fifo' : '');
  const { QueueUrl = '' } = await aws.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
  );
  aws.cleanup(() => aws.sqs.send(new DeleteQueueCommand({ QueueUrl })));
  return openTestQueue(aws, QueueUrl);
}

/** A queue that exists, by its URL. It is not deleted afterwards. */
export async function openTestQueue(aws: Conformance, QueueUrl: string): Promise<TestQueue> {
  const { sqs } = aws;
  const described = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const arn = described.Attributes?.['QueueArn'] ?? '';
  const name = arn.split(':').at(-1) ?? '';
  let sent = 0;

  const receive = async (options: ReceiveOptions): Promise<Message[]> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
        ...options,
      }),
    );
    return Messages;
  };

  const queue: TestQueue = {
    url: QueueUrl,
    arn,
    name,
    fifo: name.endsWith('.fifo'),
    send: (body, input = {}) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...input })),
    sendTo: (group, body, input = {}) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageGroupId: group,
          MessageDeduplicationId: `${name}-${++sent}`,
          ...input,
        }),
      ),
    async receive(count, options = {}) {
      const end = Date.now() + PATIENCE_MILLISECONDS;
      const received: Message[] = [];
      while (received.length < count && Date.now() < end) {
        const missing = Math.min(10, count - received.length);
        received.push(...(await receive({ WaitTimeSeconds: 1, MaxNumberOfMessages: missing, ...options })));
      }
      return received;
    },
    async drain(count) {
      const end = Date.now() + PATIENCE_MILLISECONDS;
      const received: Message[] = [];
      while (received.length < count && Date.now() < end) {
        for (const message of await receive({ WaitTimeSeconds: 1 })) {
          received.push(message);
          await queue.delete(message);
        }
      }
      return received;
    },
    receiveOnce: (options = {}) => receive({ WaitTimeSeconds: aws.embedded ? 0 : DOUBT_SECONDS, ...options }),
    delete: (message) =>
      sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle })),
    visibility: (message, seconds) =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout: seconds,
        }),
      ),
    async attributes(...names) {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names.length > 0 ? [...names] : ['All'] }),
      );
      return Attributes;
    },
    async setAttributes(changed) {
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: changed }));
    },
  };
  return queue;
}
