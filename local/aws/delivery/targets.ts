/**
 * What one service of the embedded AWS does to another on behalf of a resource: put a message into a queue, invoke a
 * function, publish to a topic, put events on a bus. Injected faults apply.
 */
import type { AwsContext, AwsService, Caller } from '../context.ts';
import { callService } from '../dispatch.ts';
import { AwsError } from '../errors.ts';
import { placeOfArn } from '../regions.ts';
import type { SqsService } from '../sqs/index.ts';

/** A message for a queue, in the shape of SendMessage. */
export interface QueueMessage {
  readonly MessageBody: string;
  readonly MessageAttributes?: Readonly<Record<string, QueueMessageAttribute>>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** `BinaryValue` is base64. */
export interface QueueMessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

/** Puts a message into the queue with this ARN. Throws what SQS answers. */
export function sendToQueue(
  context: AwsContext,
  queueArn: string,
  message: QueueMessage,
  caller: Caller,
): void {
  const sqs: SqsService | undefined = placeOfArn(context, queueArn).services.find('sqs');
  if (!sqs) throw notRunning('sqs');
  const result = sqs.deliverToQueue(
    queueArn,
    {
      body: message.MessageBody,
      ...(message.MessageAttributes && { messageAttributes: message.MessageAttributes }),
      ...(message.MessageGroupId !== undefined && { messageGroupId: message.MessageGroupId }),
      ...(message.MessageDeduplicationId !== undefined && {
        messageDeduplicationId: message.MessageDeduplicationId,
      }),
    },
    caller,
  );
  if (!result.delivered) throw result.error;
}

/** Hands an event to a function to run later; the function's own retries are Lambda's affair. */
export async function invokeFunction(
  context: AwsContext,
  functionArn: string,
  event: string,
  caller: Caller,
): Promise<void> {
  const input = { FunctionName: functionArn, InvocationType: 'Event', Payload: event };
  await call(context, 'lambda', 'Invoke', input, caller);
}

/** Calls an action of a service by its name; `ServiceNotRunning`, a refusal for good, when it does not run here. */
export async function call(
  context: AwsContext,
  serviceName: string,
  action: string,
  input: Record<string, unknown>,
  caller: Caller,
): Promise<unknown> {
  return callService(context, runningService(context, serviceName), action, input, caller);
}

function runningService(context: AwsContext, name: string): AwsService {
  const service = context.services.all().find((one) => one.name === name);
  if (!service) throw notRunning(name);
  return service;
}

export function notRunning(name: string): AwsError {
  return new AwsError('ServiceNotRunning', `No ${name} runs in this embedded AWS`, 400);
}
