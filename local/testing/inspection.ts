/** Queues, topics, buses and functions as a test looks at them: it consumes nothing and waits for nobody. */
import { AwsError, rootCaller, type AwsContext } from '../aws/index.ts';
import type { PutEventsOutput } from '../aws/eventsv2/index.ts';
import type { MessageView, QueueCounts, SqsService } from '../aws/sqs/index.ts';
import type { Delivery, Invocation, Records } from './records.ts';

/** A message in a queue. `json` is its body, parsed at each look. */
export interface QueuedMessage extends MessageView {
  /** @throws SyntaxError when the body is no JSON */
  json(): unknown;
}

export interface QueueUnderTest {
  readonly arn: string;
  /** What SDK clients take as `QueueUrl`. */
  readonly url: string;
  /** Every message, in order of arrival: visible, delayed and in flight. */
  messages(): readonly QueuedMessage[];
  /** How many are visible, in flight and delayed. */
  counts(): QueueCounts;
  /** The queue's attributes in AWS's words. */
  attributes(): Readonly<Record<string, string>>;
  /** The dead-letter queue of its redrive policy; undefined when it has none. */
  deadLetterQueue(): QueueUnderTest | undefined;
  /** Sends as the account's owner. `options` are further members of SendMessage. */
  send(
    body: string | object,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly messageId: string }>;
}

export interface TopicUnderTest {
  readonly arn: string;
  /** What became of each message at each subscription, in order of time. */
  deliveries(): readonly Delivery[];
  /** Publishes as the account's owner. `options` are further members of Publish. */
  publish(
    message: string | object,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly messageId: string }>;
}

export interface EventBusUnderTest {
  readonly arn: string;
  /** The ids of the events it took. */
  events(): readonly { readonly messageId: string; readonly at: number }[];
  /** What became of each event at each target of its rules, in order of time. */
  deliveries(): readonly Delivery[];
  /** Puts one event as the account's owner. @throws AwsError when the entry failed */
  putEvent(entry: {
    readonly source: string;
    readonly detailType: string;
    readonly detail: object;
    readonly resources?: readonly string[];
    /** What its order is kept by, on a Custom Event Bus. */
    readonly eventGroupId?: string;
  }): Promise<{ readonly eventId: string }>;
}

export interface FunctionUnderTest {
  readonly arn: string;
  /** Every run that has ended. */
  invocations(): readonly Invocation[];
  /** Runs it with this event and returns its answer. @throws FunctionFailed with what the function threw */
  invoke(event: unknown): Promise<unknown>;
}

/** The function that a test invoked failed. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
  readonly code = 'WAYBILL_FUNCTION_FAILED';
  readonly errorType: string;

  constructor(functionArn: string, errorType: string, errorMessage: string) {
    super(`${functionArn} failed: ${errorType}: ${errorMessage}`);
    this.errorType = errorType;
  }
}

export function queueUnderTest(context: AwsContext, arn: string): QueueUnderTest {
  const sqs = context.services.get('sqs');
  return {
    arn,
    get url() {
      return sqs.queueUrl(arn);
    },
    messages: () => sqs.messages(arn).map(withJson),
    counts: () => sqs.counts(arn),
    attributes: () => sqs.attributes(arn),
    deadLetterQueue() {
      const deadLetterArn = deadLetterTargetArn(sqs, arn);
      return deadLetterArn === undefined ? undefined : queueUnderTest(context, deadLetterArn);
    },
    async send(body, options = {}) {
      const input = { QueueUrl: sqs.queueUrl(arn), MessageBody: textOf(body), ...options };
      const { MessageId } = (await sqs.handle('SendMessage', input, rootCaller(context))) as {
        MessageId: string;
      };
      return { messageId: MessageId };
    },
  };
}

export function topicUnderTest(context: AwsContext, records: Records, arn: string): TopicUnderTest {
  return {
    arn,
    deliveries: () =>
      records.deliveries(
        ({ service, resourceArn }) => service === 'sns' && resourceArn.startsWith(`${arn}:`),
      ),
    async publish(message, options = {}) {
      const input = { TopicArn: arn, Message: textOf(message), ...options };
      return { messageId: (await context.services.get('sns').publish(input)).MessageId };
    },
  };
}

export function eventBusUnderTest(context: AwsContext, records: Records, arn: string): EventBusUnderTest {
  const events = context.services.get('events');
  return {
    arn,
    events: () => records.published(arn),
    deliveries() {
      const bus = events.buses().find((each) => each.arn === arn);
      const rules = new Set([...(bus?.rules.values() ?? [])].map((rule) => rule.arn));
      return records.deliveries(({ service, resourceArn }) => service === 'events' && rules.has(resourceArn));
    },
    async putEvent({ source, detailType, detail, resources = [] }) {
      const entry = {
        EventBusName: arn,
        Source: source,
        DetailType: detailType,
        Detail: JSON.stringify(detail),
        Resources: resources,
      };
      const { Entries } = await events.putEvents({ Entries: [entry] });
      const [answer] = Entries as readonly { EventId?: string; ErrorCode?: string; ErrorMessage?: string }[];
      if (answer?.EventId === undefined) {
        throw new AwsError(answer?.ErrorCode ?? 'InternalFailure', answer?.ErrorMessage ?? 'no answer');
      }
      return { eventId: answer.EventId };
    },
  };
}

/** A bus of the newer kind: no rules, but subscribers. */
export function customEventBusUnderTest(
  context: AwsContext,
  records: Records,
  arn: string,
): EventBusUnderTest {
  const service = context.services.get('eventsv2');
  return {
    arn,
    events: () => records.published(arn),
    deliveries() {
      const ofBus = service.subscribers().filter(({ busArn }) => busArn === arn);
      const subscribers = new Set(ofBus.map((subscriber) => subscriber.arn));
      return records.deliveries(
        ({ service: by, resourceArn }) => by === 'eventsv2' && subscribers.has(resourceArn),
      );
    },
    async putEvent({ source, detailType, detail, resources = [], eventGroupId }) {
      const entry = {
        Source: source,
        DetailType: detailType,
        Detail: JSON.stringify(detail),
        Resources: resources,
        ...(eventGroupId === undefined ? {} : { SystemMetadata: { EventGroupId: eventGroupId } }),
      };
      const input = { EventBusArn: arn, Entries: [entry] };
      const { Entries } = (await service.handle('PutEvents', input, rootCaller(context))) as PutEventsOutput;
      const [answer] = Entries;
      if (answer === undefined || 'ErrorCode' in answer) {
        throw new AwsError(answer?.ErrorCode ?? 'InternalFailure', answer?.ErrorMessage ?? 'no answer');
      }
      return { eventId: answer.EventId };
    },
  };
}

export function functionUnderTest(context: AwsContext, records: Records, arn: string): FunctionUnderTest {
  return {
    arn,
    invocations: () => records.invocations(arn),
    async invoke(event) {
      const { payload, error } = await context.services.get('lambda').invoke(arn, event);
      if (error) throw new FunctionFailed(arn, error.errorType, error.errorMessage);
      return payload === undefined ? undefined : (JSON.parse(payload) as unknown);
    },
  };
}

function withJson(message: MessageView): QueuedMessage {
  return { ...message, json: () => JSON.parse(message.body) as unknown };
}

function deadLetterTargetArn(sqs: SqsService, arn: string): string | undefined {
  const policy = sqs.attributes(arn)['RedrivePolicy'];
  return policy === undefined
    ? undefined
    : (JSON.parse(policy) as { deadLetterTargetArn?: string }).deadLetterTargetArn;
}

function textOf(message: string | object): string {
  return typeof message === 'string' ? message : JSON.stringify(message);
}
