/** Subscribers: the actions on them. */
import type { AwsContext } from '../context.ts';
import { retentionStart } from './buses.ts';
import { alreadyExists, invalidInput, limitExceeded } from './errors.ts';
import {
  type Input,
  oneOf,
  optionalText,
  optionalTime,
  pageOf,
  record,
  requiredName,
  requiredText,
  tagsOf,
} from './input.ts';
import { MAX_SUBSCRIBERS } from './limits.ts';
import type { CustomEventBus, Subscriber } from './model.ts';
import { type EventsV2State, existingBus, existingSubscriber } from './state.ts';
import { checkTarget, readSettings } from './subscriber-input.ts';

export function createSubscriber(context: AwsContext, state: EventsV2State, input: Input): Subscriber {
  const name = requiredName(input);
  const bus = existingBus(state, requiredText(input, 'EventBusArn'));
  const ofBus = [...state.subscribers.values()].filter(({ busArn }) => busArn === bus.arn);
  if (ofBus.some((subscriber) => subscriber.name === name)) {
    throw alreadyExists(`Subscriber ${name} already exists.`);
  }
  if (ofBus.length >= MAX_SUBSCRIBERS) {
    throw limitExceeded(`The event bus has ${MAX_SUBSCRIBERS} subscribers, which is its quota.`);
  }
  const targetArn = requiredText(record(input['InvokeConfiguration']), 'TargetArn');
  checkTarget(context, targetArn, bus.arn);
  const now = context.clock.now();
  const startingPosition = oneOf(input, 'StartingPosition', ['LATEST', 'POINT_IN_TIME'], 'LATEST');
  const pointInTime = startingPosition === 'LATEST' ? undefined : record(input['PointInTimeConfiguration']);
  const subscriber: Subscriber = {
    name,
    arn: state.newArn('subscriber', name),
    busArn: bus.arn,
    targetArn,
    type: oneOf(input, 'Type', ['FIFO', 'UNORDERED'], 'UNORDERED'),
    startingPosition,
    pointInTime,
    createdAt: now,
    modifiedAt: now,
    state: oneOf(input, 'State', ['RUNNING', 'STOPPED'], 'RUNNING'),
    settings: readSettings(context, input, targetArn),
    tags: tagsOf(input),
    replayUntil: bus.lastSequence,
    endPoint: pointInTime && optionalTime(pointInTime, 'EndPoint'),
    position: pointInTime ? positionBefore(context, bus, pointInTime) : bus.lastSequence,
  };
  state.subscribers.set(subscriber.arn, subscriber);
  state.saveSubscriber(subscriber);
  state.savePosition(subscriber);
  return subscriber;
}

export function updateSubscriber(context: AwsContext, state: EventsV2State, input: Input): Subscriber {
  const subscriber = existingSubscriber(state, requiredText(input, 'SubscriberArn'));
  subscriber.settings = readSettings(context, input, subscriber.targetArn, subscriber.settings);
  const before = subscriber.state;
  subscriber.state = oneOf(input, 'State', ['RUNNING', 'STOPPED'], before);
  const resume = oneOf(input, 'ResumePosition', ['LAST_PROCESSED', 'LATEST'], 'LAST_PROCESSED');
  if (before === 'STOPPED' && subscriber.state === 'RUNNING' && resume === 'LATEST') {
    subscriber.position = existingBus(state, subscriber.busArn).lastSequence;
    state.savePosition(subscriber);
  }
  subscriber.modifiedAt = context.clock.now();
  state.saveSubscriber(subscriber);
  return subscriber;
}

export function describeSubscriber(state: EventsV2State, input: Input) {
  const subscriber = existingSubscriber(state, requiredText(input, 'SubscriberArn'));
  const { settings } = subscriber;
  const { transformer } = settings;
  return {
    ...shortForm(subscriber),
    InvokeConfiguration: { ...settings.invoke, TargetArn: subscriber.targetArn },
    ...(settings.description === undefined ? {} : { Description: settings.description }),
    ...(settings.filters.length === 0
      ? {}
      : {
          FilterConfiguration: {
            Language: 'EVENT_BRIDGE_PATTERN',
            Filters: settings.filters.map(({ scope, text }) => ({ Scope: scope, Pattern: text })),
          },
        }),
    BatchConfiguration: settings.batch,
    Transformer:
      transformer.type === 'JSONATA'
        ? { Type: 'JSONATA', JsonataConfiguration: { Expression: `{%${transformer.expression}%}` } }
        : { Type: transformer.type },
    RetryPolicy: {
      MaxRetryAttempts: settings.maxRetryAttempts,
      MaxEventAgeInSeconds: settings.maxEventAgeSeconds,
      RetryStrategy: 'ALL',
    },
    ...(settings.onFailureArn === undefined
      ? {}
      : { OnFailureConfiguration: { Arn: settings.onFailureArn } }),
    LogConfiguration: { Level: 'OFF', ...settings.log },
    CreationTime: subscriber.createdAt / 1_000,
    LastModifiedTime: subscriber.modifiedAt / 1_000,
  };
}

export function listSubscribers(context: AwsContext, state: EventsV2State, input: Input) {
  const busArn = optionalText(input, 'EventBusArn');
  const all = [...state.subscribers.values()].filter((one) => busArn === undefined || one.busArn === busArn);
  const { items, next } = pageOf(all, input);
  const Subscribers = items.map((subscriber) => ({
    SubscriberArn: subscriber.arn,
    Name: subscriber.name,
    EventBusArn: subscriber.busArn,
    TargetArn: subscriber.targetArn,
    Type: subscriber.type,
    State: subscriber.state,
    CreationTime: subscriber.createdAt / 1_000,
    LastModifiedTime: subscriber.modifiedAt / 1_000,
    SubscriberAccountId: context.accountId,
  }));
  return { Subscribers, ...next };
}

/** What creating and updating answer. */
export function shortForm(subscriber: Subscriber) {
  return {
    SubscriberArn: subscriber.arn,
    Name: subscriber.name,
    EventBusArn: subscriber.busArn,
    Type: subscriber.type,
    StartingPosition: subscriber.startingPosition,
    ...(subscriber.pointInTime && { PointInTimeConfiguration: subscriber.pointInTime }),
    State: subscriber.state,
    CreationTime: subscriber.createdAt / 1_000,
  };
}

/** The last event before the point; it must be within the retention and not in the future. */
function positionBefore(context: AwsContext, bus: CustomEventBus, point: Input): number {
  const type = oneOf(point, 'PointType', ['HORIZON', 'TIMESTAMP'], undefined);
  if (type === undefined) throw invalidInput('PointInTimeConfiguration.PointType must be given.');
  const [oldest] = bus.events;
  if (type === 'HORIZON') return oldest === undefined ? bus.lastSequence : oldest.sequence - 1;
  const start = optionalTime(point, 'StartingPoint');
  const windowStart = retentionStart(context, bus);
  if (start === undefined || start < windowStart || start > context.clock.now()) {
    throw invalidInput(
      `PointInTimeConfiguration.StartingPoint must be between ${new Date(windowStart).toISOString()} and now.`,
    );
  }
  const next = bus.events.find(({ at }) => at >= start);
  return next === undefined ? bus.lastSequence : next.sequence - 1;
}
