// The embedded SNS: topics, subscriptions and publishing, in process and over the Query protocol.

import {
  type AwsContext,
  type AwsService,
  type Caller,
  rootCaller,
  type ServiceProtocols,
} from '../context.ts';
import { unknownOperation } from '../errors.ts';
import { archiveMessage, readReplayPolicy, replayedMessages } from './archive.ts';
import { createTopicDelivery } from './delivery.ts';
import type { Input } from './input.ts';
import type { Message, Subscription, Topic } from './model.ts';
import { publish, publishBatch, type PublishBatchOutput, type PublishOutput } from './publish.ts';
import { createSnsState } from './state.ts';
import * as subscriptions from './subscriptions.ts';
import * as topics from './topics.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly sns: SnsService;
  }
}

/** SNS as other code in this process uses it. Inputs and outputs have the shapes of the API. */
export interface SnsService extends AwsService {
  readonly name: 'sns';
  createTopic(input: CreateTopicInput): { TopicArn: string };
  setTopicAttributes(input: AttributeChange & { readonly TopicArn: string }): void;
  deleteTopic(input: { readonly TopicArn: string }): void;
  subscribe(input: SubscribeInput): { SubscriptionArn: string };
  setSubscriptionAttributes(input: AttributeChange & { readonly SubscriptionArn: string }): void;
  unsubscribe(input: { readonly SubscriptionArn: string }): void;
  publish(input: Input): Promise<PublishOutput>;
  publishBatch(input: Input): Promise<PublishBatchOutput>;
  /** What is there, for the console and for assertions. Not to be changed. */
  topics(): readonly Topic[];
  subscriptions(): readonly Subscription[];
  /** Deliveries that have not ended: 0 when everything published has arrived or was given up. */
  busy(): number;
  close(): void;
}

export interface CreateTopicInput {
  readonly Name: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface SubscribeInput {
  readonly TopicArn: string;
  readonly Protocol: string;
  readonly Endpoint: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly ReturnSubscriptionArn?: boolean;
}

export interface AttributeChange {
  readonly AttributeName: string;
  readonly AttributeValue: string;
}

/** https://docs.aws.amazon.com/sns/latest/api/ */
const PROTOCOLS: ServiceProtocols = {
  query: {
    apiVersion: '2010-03-31',
    xmlNamespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
    outputMaps: ['Attributes'],
  },
};

export function createSnsService(context: AwsContext): SnsService {
  const state = createSnsState();
  const delivery = createTopicDelivery(context);

  const send = async (topic: Topic, messages: readonly Message[]): Promise<void> => {
    for (const message of messages) {
      const { messageId } = message;
      context.events.emit({ kind: 'published', service: 'sns', resourceArn: topic.arn, messageId });
      archiveMessage(context, topic, message);
    }
    // A caller finds what it published in the queue when the call returns, as long as nothing holds it up.
    await Promise.race([
      Promise.all(messages.map((message) => delivery.deliver(topic, message))),
      new Promise((resolve) => setImmediate(resolve)),
    ]);
  };

  const publishOne = async (input: Input): Promise<PublishOutput> => {
    const { topic, accepted } = publish(context, state, input);
    if (topic && accepted.message) await send(topic, [accepted.message]);
    return accepted.output;
  };

  const publishMany = async (input: Input): Promise<PublishBatchOutput> => {
    const { topic, accepted, output } = publishBatch(context, state, input);
    await send(
      topic,
      accepted.flatMap(({ message }) => (message ? [message] : [])),
    );
    return output;
  };

  const subscribe = (input: Input, caller: Caller) => {
    const { subscription, existed, output } = subscriptions.subscribe(context, state, input, caller);
    const topic = state.topics.get(subscription.topicArn);
    if (topic && subscription.pending && !existed) delivery.requestConfirmation(topic, subscription);
    if (!existed) replay(subscription);
    return output;
  };

  const setSubscriptionAttributes = (input: Input): void => {
    const subscription = subscriptions.setSubscriptionAttributes(state, input);
    if (input['AttributeName'] === 'ReplayPolicy') replay(subscription);
  };

  /** Starts what the subscription's replay policy asks for. */
  const replay = (subscription: Subscription): void => {
    const policy = subscription.attributes.get('ReplayPolicy');
    const topic = state.topics.get(subscription.topicArn);
    if (policy === undefined || !topic) {
      subscription.replayStatus = undefined;
      return;
    }
    subscription.replayStatus = 'In progress';
    const messages = replayedMessages(context, topic, readReplayPolicy(policy, topic));
    void delivery.replay(topic, subscription, messages).then(() => {
      subscription.replayStatus = 'Completed';
    });
  };

  const actions: Readonly<Record<string, (input: Input, caller: Caller) => unknown>> = {
    CreateTopic: (input) => topics.createTopic(context, state, input),
    DeleteTopic: (input) => topics.deleteTopic(state, input),
    GetTopicAttributes: (input) => topics.getTopicAttributes(context, state, input),
    SetTopicAttributes: (input) => topics.setTopicAttributes(context, state, input),
    ListTopics: (input) => topics.listTopics(state, input),
    TagResource: (input) => topics.tagResource(state, input),
    UntagResource: (input) => topics.untagResource(state, input),
    ListTagsForResource: (input) => topics.listTagsForResource(state, input),
    AddPermission: (input) => topics.addPermission(context, state, input),
    RemovePermission: (input) => topics.removePermission(context, state, input),
    Subscribe: subscribe,
    ConfirmSubscription: (input) => subscriptions.confirmSubscription(state, input),
    Unsubscribe: (input) => subscriptions.unsubscribe(state, input),
    GetSubscriptionAttributes: (input) => subscriptions.getSubscriptionAttributes(state, input),
    SetSubscriptionAttributes: setSubscriptionAttributes,
    ListSubscriptions: (input) => subscriptions.listSubscriptions(state, input),
    ListSubscriptionsByTopic: (input) => subscriptions.listSubscriptionsByTopic(context, state, input),
    Publish: publishOne,
    PublishBatch: publishMany,
  };

  return {
    name: 'sns',
    protocols: PROTOCOLS,
    async handle(action, input, caller) {
      const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!run) throw unknownOperation('SNS', action);
      return run(input, caller);
    },
    createTopic: (input) => topics.createTopic(context, state, { ...input }),
    setTopicAttributes: (input) => topics.setTopicAttributes(context, state, { ...input }),
    deleteTopic: (input) => topics.deleteTopic(state, { ...input }),
    subscribe: (input) => subscribe({ ...input }, rootCaller(context)),
    setSubscriptionAttributes: (input) => setSubscriptionAttributes({ ...input }),
    unsubscribe: (input) => subscriptions.unsubscribe(state, { ...input }),
    publish: publishOne,
    publishBatch: publishMany,
    topics: () => [...state.topics.values()],
    subscriptions: () => [...state.subscriptions.values()],
    busy: () => delivery.pending(),
    close: () => delivery.close(),
  };
}
