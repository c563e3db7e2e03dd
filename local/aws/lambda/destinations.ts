/** Where Lambda puts the record of an invocation: a queue, a topic, a bucket, another function, an event bus. */
import type { AwsContext, Caller } from '../context.ts';
import { call, invokeFunction, sendToQueue } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';

export type MessageAttributes = Record<string, { readonly DataType: string; readonly StringValue: string }>;

export interface DestinationRecord {
  readonly body: string;
  readonly attributes?: MessageAttributes;
  /** What a bucket gets, and under which key; other destinations get `body`. */
  readonly object?: { readonly key: string; readonly body: string };
  /** The detail type and resources on an event bus. */
  readonly event?: { readonly detailType: string; readonly resources: readonly string[] };
}

/** Throws what the destination answers. */
export async function sendToDestination(
  context: AwsContext,
  targetArn: string,
  record: DestinationRecord,
  caller: Caller,
): Promise<void> {
  const { body, attributes = {}, object, event } = record;
  const [, , service = '', , , resource = ''] = targetArn.split(':');
  switch (service) {
    case 'sqs':
      return sendToQueue(context, targetArn, { MessageBody: body, MessageAttributes: attributes }, caller);
    case 'sns':
      await call(
        context,
        'sns',
        'Publish',
        { TopicArn: targetArn, Message: body, MessageAttributes: attributes },
        caller,
      );
      return;
    case 'lambda':
      return invokeFunction(context, targetArn, body, caller);
    case 'events': {
      const entry = {
        EventBusName: targetArn,
        Source: 'lambda',
        DetailType: event?.detailType ?? 'Lambda Function Invocation Result',
        Detail: body,
        Resources: event?.resources ?? [],
      };
      const answer = (await call(context, 'events', 'PutEvents', { Entries: [entry] }, caller)) as {
        readonly FailedEntryCount?: number;
      };
      if (answer.FailedEntryCount) {
        throw new AwsError('InternalFailure', `The event bus ${targetArn} did not take the record`, 500);
      }
      return;
    }
    case 's3':
      await call(
        context,
        's3',
        'PutObject',
        {
          Bucket: resource,
          Key: object?.key ?? '',
          Body: object?.body ?? body,
          ContentType: 'application/json',
        },
        caller,
      );
      return;
    default:
      throw new AwsError(
        'InvalidParameterValueException',
        `${targetArn} cannot be a destination of a function`,
      );
  }
}
