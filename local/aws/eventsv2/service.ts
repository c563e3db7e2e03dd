/** The embedded Custom Event Bus of EventBridge: buses, subscribers and publishing, in process and over CBOR. */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService, ServiceProtocols } from '../context.ts';
import { eventsV2Authorization } from './authorization.ts';
import * as buses from './buses.ts';
import { createSubscriberDelivery } from './delivery.ts';
import { notFound } from './errors.ts';
import { type Input, record, requiredText } from './input.ts';
import type { CustomEventBus, Subscriber } from './model.ts';
import { acceptEvents, createDeduplication, type PutEventsOutput } from './put-events.ts';
import { createState, existingBus, existingSubscriber } from './state.ts';
import * as subscribers from './subscribers.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly eventsv2: EventsV2Service;
  }
}

export interface EventsV2Service extends AwsService {
  readonly name: 'eventsv2';
  /** What is there, for the console and for assertions. Not to be changed. */
  buses(): readonly CustomEventBus[];
  subscribers(): readonly Subscriber[];
  /** Deliveries that have not ended, those that wait for a retry too. */
  busy(): number;
  close(): void;
}

/** The service speaks nothing else. */
const PROTOCOLS: ServiceProtocols = {
  cbor: {
    service: 'AWSEventsV2',
    errorNamespace: 'com.amazonaws.eventbridgev2',
    timestamps: ['CreationTime', 'LastModifiedTime', 'RetentionWindowStartTime', 'StartingPoint', 'EndPoint'],
  },
};

export function createEventsV2Service(context: AwsContext): EventsV2Service {
  const state = createState(context);
  const delivery = createSubscriberDelivery(context, state);
  const deduplication = createDeduplication(context);

  const pumpBus = (bus: CustomEventBus): Promise<unknown> =>
    Promise.all(
      [...state.subscribers.values()]
        .filter(({ busArn }) => busArn === bus.arn)
        .map((subscriber) => delivery.pump(bus, subscriber)),
    );

  const put = async (action: 'PutEvents' | 'PutRawEvents', input: Input): Promise<PutEventsOutput> => {
    const bus = existingBus(state, requiredText(input, 'EventBusArn'));
    const output = acceptEvents(context, state, bus, action, input, deduplication);
    countPut(context, bus, output);
    const started = pumpBus(bus);
    // A caller finds its events at the targets when the call returns, as long as nothing holds them up.
    await Promise.race([started, new Promise((resolve) => setImmediate(resolve))]);
    delivery.save();
    return output;
  };

  /** A new or resumed subscriber reads what it has not seen. */
  const start = (subscriber: Subscriber): Subscriber => {
    const bus = state.buses.get(subscriber.busArn);
    if (bus) void delivery.pump(bus, subscriber);
    delivery.save();
    return subscriber;
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateEventBus: (input) => buses.createEventBus(context, state, input),
    UpdateEventBus: (input) => buses.updateEventBus(context, state, input),
    DescribeEventBus: (input) => buses.describeEventBus(context, state, input),
    ListEventBuses: (input) => buses.listEventBuses(context, state, input),
    DeleteEventBus: (input) => buses.deleteEventBus(state, input),
    PutResourcePolicy: (input) => buses.putResourcePolicy(state, input),
    GetResourcePolicy: (input) => buses.getResourcePolicy(state, input),
    DeleteResourcePolicy: (input) => buses.deleteResourcePolicy(state, input),
    CreateSubscriber: (input) =>
      subscribers.shortForm(start(subscribers.createSubscriber(context, state, input))),
    UpdateSubscriber: (input) =>
      subscribers.shortForm(start(subscribers.updateSubscriber(context, state, input))),
    DescribeSubscriber: (input) => subscribers.describeSubscriber(state, input),
    ListSubscribers: (input) => subscribers.listSubscribers(context, state, input),
    DeleteSubscriber(input) {
      const subscriber = existingSubscriber(state, requiredText(input, 'SubscriberArn'));
      state.deleteSubscriber(subscriber);
      delivery.forget(subscriber);
      return {};
    },
    PutEvents: (input) => put('PutEvents', input),
    PutRawEvents: (input) => put('PutRawEvents', input),
    TagResource(input) {
      const resource = taggable(requiredText(input, 'ResourceArn'));
      changeTags(resource, { ...resource.tags, ...(record(input['Tags']) as Record<string, string>) });
      return {};
    },
    UntagResource(input) {
      const resource = taggable(requiredText(input, 'ResourceArn'));
      const gone = new Set([input['TagKeys'] ?? []].flat());
      changeTags(
        resource,
        Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !gone.has(key))),
      );
      return {};
    },
    ListTagsForResource: (input) => ({ Tags: taggable(requiredText(input, 'ResourceArn')).tags }),
  };

  const taggable = (arn: string): CustomEventBus | Subscriber => {
    const resource = state.buses.get(arn) ?? state.subscribers.get(arn);
    if (!resource) throw notFound(`${arn} does not exist.`);
    return resource;
  };
  const changeTags = (resource: CustomEventBus | Subscriber, tags: Readonly<Record<string, string>>) => {
    resource.tags = tags;
    if ('events' in resource) state.saveBus(resource);
    else state.saveSubscriber(resource);
  };

  // What an earlier process kept. The services it delivers to are made after this one.
  setImmediate(() => delivery.resume());
  return {
    name: 'eventsv2',
    protocols: PROTOCOLS,
    authorization: (action, input) => eventsV2Authorization(context, state, action, input),
    async handle(action, input) {
      return actionNamed(actions, 'EventBridge (Custom Event Bus)', action)(input);
    },
    buses: () => [...state.buses.values()],
    subscribers: () => [...state.subscribers.values()],
    busy: () => delivery.pending(),
    close: () => delivery.close(),
  };
}

/** "Publish metrics" of a bus, whose dimension holds its name. eb-custom-bus-observability.html */
function countPut(
  context: AwsContext,
  bus: CustomEventBus,
  { Entries, FailedEntryCount }: PutEventsOutput,
): void {
  const put = (name: string, value: number) =>
    context.metrics.put({ namespace: 'AWS/EventsV2', name, dimensions: { EventBus: bus.name }, value });
  put('PublishEventsApproximateCallCount', 1);
  put('PublishEventsApproximateSuccessCallCount', 1);
  put('PublishEventsEntryCount', Entries.length);
  put('PublishEventsFailedEntriesCount', FailedEntryCount);
}
