/** The embedded SNS: topics, subscriptions and publishing, in process and over the Query protocol. */
import {
  type AwsContext,
  type AwsService,
  type Caller,
  rootCaller,
  type ServiceProtocols,
} from '../context.ts';
import { actionNamed } from '../actions.ts';
import { archiveMessage, readReplayPolicy, replayedMessages } from './archive.ts';
import { snsAuthorization } from './authorization.ts';
import { createTopicDelivery } from './delivery.ts';
import { authorizationError } from './errors.ts';
import { createInbox, type InboxMessage } from './inbox.ts';
import type { Input } from './input.ts';
import { isHttp, type Message, type Subscription, type Topic } from './model.ts';
import { attributesSize } from './message-attributes.ts';
import { createNotifications } from './notification.ts';
import { createPlatforms } from './platform.ts';
import { publish, publishBatch, type PublishBatchOutput, type PublishOutput } from './publish.ts';
import { createSigner } from './signing.ts';
import { createTextMessages } from './sms.ts';
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
  /** What people, phones and devices received: e-mails (requests to confirm included), text messages, pushes. */
  inbox(): readonly InboxMessage[];
  /** For tests: the number refuses text messages, as if its owner had answered STOP. */
  optOut(phoneNumber: string): void;
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
    emptyResults: ['TagResource', 'UntagResource', 'SetSMSAttributes', 'OptInPhoneNumber'],
    xmlNamespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
    outputMaps: ['Attributes', 'attributes'],
  },
};

export function createSnsService(context: AwsContext): SnsService {
  const state = createSnsState(context);
  const signer = createSigner(context);
  const inbox = createInbox(context);
  const platforms = createPlatforms(context);
  const textMessages = createTextMessages(context);
  const delivery = createTopicDelivery(context, createNotifications(context, signer), inbox);

  /** A caller finds what it published in the queue when the call returns, as long as nothing holds it up. */
  const started = async (deliveries: Promise<unknown>): Promise<void> => {
    await Promise.race([deliveries, new Promise((resolve) => setImmediate(resolve))]);
    delivery.save();
  };

  const send = (topic: Topic, messages: readonly Message[]): Promise<void> => {
    for (const message of messages) {
      const { messageId } = message;
      context.events.emit({
        kind: 'published',
        service: 'sns',
        resourceArn: topic.arn,
        messageId,
        detail: { bytes: Buffer.byteLength(message.body) + attributesSize(message.attributes) },
      });
      archiveMessage(context, state, topic, message);
    }
    return started(Promise.all(messages.map((message) => delivery.deliver(topic, message))));
  };

  const publishOne = async (input: Input): Promise<PublishOutput> => {
    const published = publish(context, state, input);
    const { accepted, topic } = published;
    if (topic && accepted.message) await send(topic, [accepted.message]);
    if (!topic) {
      const { subject, ...direct } = published.direct;
      if (direct.protocol === 'application') platforms.checkEndpoint(direct.to);
      const { MessageId: messageId } = accepted.output;
      if (!textMessages.isOptedOut(direct.to)) {
        inbox.add({ ...direct, messageId, ...(subject === undefined ? {} : { subject }) });
      }
    }
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
    const { subscription, output } = subscriptions.subscribe(context, state, input, caller);
    const topic = state.topics.get(subscription.topicArn);
    const { pending, confirmationToken: token } = subscription;
    if (topic && pending && token !== undefined) {
      // Subscribing again asks again.
      delivery.requestConfirmation(topic, subscription, { type: 'SubscriptionConfirmation', token });
    }
    if (subscription.replayStatus === undefined) replay(subscription);
    return output;
  };

  const unsubscribe = (input: Input): void => {
    const subscription = subscriptions.unsubscribe(state, input);
    const topic = subscription && state.topics.get(subscription.topicArn);
    if (!topic || subscription.pending || !isHttp(subscription.protocol)) return;
    const token = subscriptions.newToken();
    state.deactivated.set(token, subscription);
    delivery.requestConfirmation(topic, subscription, { type: 'UnsubscribeConfirmation', token });
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
    const messages = replayedMessages(context, state, topic, readReplayPolicy(policy, topic));
    const done = delivery.replay(topic, subscription, messages).then(() => {
      subscription.replayStatus = 'Completed';
      state.saveSubscription(subscription);
    });
    delivery.save();
    void done;
  };

  const closed = () => {
    throw authorizationError('Message data protection is closed to new customers.');
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
    ConfirmSubscription: (input) => subscriptions.confirmSubscription(context, state, input),
    Unsubscribe: unsubscribe,
    GetSubscriptionAttributes: (input) => subscriptions.getSubscriptionAttributes(state, input),
    SetSubscriptionAttributes: setSubscriptionAttributes,
    ListSubscriptions: (input) => subscriptions.listSubscriptions(context, state, input),
    ListSubscriptionsByTopic: (input) => subscriptions.listSubscriptionsByTopic(context, state, input),
    Publish: publishOne,
    PublishBatch: publishMany,
    PutDataProtectionPolicy: closed,
    GetDataProtectionPolicy: closed,
    ...platforms.actions,
    ...textMessages.actions,
  };

  // The services it delivers to are made after this one.
  setImmediate(() =>
    delivery.resume((arn) => {
      const subscription = state.subscriptions.get(arn);
      const topic = subscription && state.topics.get(subscription.topicArn);
      return topic && [topic, subscription];
    }),
  );

  return {
    name: 'sns',
    protocols: { ...PROTOCOLS, routes: [signer.route] },
    authorization: (action, input) => snsAuthorization(context, state, action, input),
    async handle(action, input, caller) {
      return actionNamed(actions, 'SNS', action)(input, caller);
    },
    createTopic: (input) => topics.createTopic(context, state, { ...input }),
    setTopicAttributes: (input) => topics.setTopicAttributes(context, state, { ...input }),
    deleteTopic: (input) => topics.deleteTopic(state, { ...input }),
    subscribe: (input) => subscribe({ ...input }, rootCaller(context)),
    setSubscriptionAttributes: (input) => setSubscriptionAttributes({ ...input }),
    unsubscribe: (input) => unsubscribe({ ...input }),
    publish: publishOne,
    publishBatch: publishMany,
    topics: () => [...state.topics.values()],
    subscriptions: () => [...state.subscriptions.values()],
    inbox: () => inbox.messages(),
    optOut: (phoneNumber) => textMessages.optOut(phoneNumber),
    busy: () => delivery.pending(),
    close: () => delivery.close(),
  };
}
