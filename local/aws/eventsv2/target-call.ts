/** One attempt to deliver an event: its payload, the parameters, and the call to the target in the delivery role. */
import type { AwsContext } from '../context.ts';
import { call, roleCaller, sendToQueue } from '../delivery/index.ts';
import type { QueueMessageAttribute } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { SERVICE_PRINCIPAL } from './buses.ts';
import { evaluate, type ExpressionSurroundings, resolveText } from './expressions.ts';
import type { Input } from './input.ts';
import { optionalText, record } from './input.ts';
import type { StoredEvent, Subscriber } from './model.ts';

/** What a target is called with: the event and its addresses, as an expression sees it. */
export interface DeliveredEvent {
  readonly event: StoredEvent;
  readonly systemMetadata: Readonly<Record<string, string>>;
}

/** The code of a function that ran and failed. */
const EXECUTION_ERROR = 'COMPUTE_EXECUTION_ERROR';

/** @throws AwsError what the target answers, or an expression that fails */
export async function callTarget(
  context: AwsContext,
  subscriber: Subscriber,
  { event, systemMetadata }: DeliveredEvent,
): Promise<void> {
  const { settings, targetArn } = subscriber;
  const input = {
    Data: JSON.parse(event.data) as unknown,
    Metadata: event.metadata,
    SystemMetadata: systemMetadata,
  };
  const surroundings = { now: context.clock.now(), random: () => context.faults.random() };
  const payload = await payloadOf(subscriber, event, input, surroundings);
  const caller = roleCaller(SERVICE_PRINCIPAL, settings.roleArn, subscriber.arn);
  const service = targetArn.split(':')[2];
  if (service === 'sqs') {
    const parameters = await resolveParameters(record(settings.invoke['SqsParameters']), input, surroundings);
    sendToQueue(context, targetArn, { MessageBody: payload, ...queueParameters(parameters) }, caller);
    return;
  }
  if (service === 'sns') {
    const parameters = await resolveParameters(record(settings.invoke['SnsParameters']), input, surroundings);
    await call(context, 'sns', 'Publish', { TopicArn: targetArn, Message: payload, ...parameters }, caller);
    return;
  }
  // One event a call: this embedded AWS does not batch. What is resolved once a call sees a list.
  const { InvocationType, ...rest } = record(settings.invoke['LambdaParameters']);
  const { Qualifier } = await resolveParameters(rest, [input], surroundings);
  const isSynchronous = InvocationType === 'REQUEST_RESPONSE';
  const answer = await call(
    context,
    'lambda',
    'Invoke',
    {
      FunctionName: targetArn,
      ...(Qualifier === undefined ? {} : { Qualifier }),
      InvocationType: isSynchronous ? 'RequestResponse' : 'Event',
      Payload: `[${asJson(payload)}]`,
    },
    caller,
  );
  if (isSynchronous && isRecord(answer) && answer['FunctionError'] !== undefined) {
    throw new AwsError(EXECUTION_ERROR, 'The function ran and reported an error.');
  }
}

async function payloadOf(
  { settings: { transformer } }: Subscriber,
  event: StoredEvent,
  input: Readonly<Record<string, unknown>>,
  surroundings: ExpressionSurroundings,
): Promise<string> {
  if (transformer.type !== 'JSONATA') {
    return transformer.type === 'RAW' ? event.data : JSON.stringify(input);
  }
  const value = await evaluate(transformer.expression, input, surroundings);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Texts with their expressions resolved, names of members too, at any depth. */
async function resolveParameters(
  parameters: Input,
  events: unknown,
  surroundings: ExpressionSurroundings,
): Promise<Record<string, unknown>> {
  const resolved: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const key = await resolveText(name, events, surroundings);
    if (typeof value === 'string' && name !== 'BinaryValue') {
      resolved[key] = await resolveText(value, events, surroundings);
    } else if (isRecord(value)) {
      resolved[key] = await resolveParameters(value, events, surroundings);
    } else {
      resolved[key] = value;
    }
  }
  return resolved;
}

function queueParameters(parameters: Input) {
  const attributes = record(parameters['MessageAttributes']);
  const text = (name: 'MessageGroupId' | 'MessageDeduplicationId') => {
    const value = optionalText(parameters, name);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ...text('MessageGroupId'),
    ...text('MessageDeduplicationId'),
    ...(Object.keys(attributes).length === 0
      ? {}
      : { MessageAttributes: attributes as Record<string, QueueMessageAttribute> }),
  };
}

function asJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
