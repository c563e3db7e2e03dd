/** All that one SNS holds, and what of it outlives the process. */
import type { AwsContext } from '../context.ts';
import { atThisEndpoint } from '../former-endpoints.ts';
import type { Collection } from '../state/index.ts';
import { UNCONFIRMED_LIFETIME_MS } from './limits.ts';
import type { Message, Published, Subscription, Topic } from './model.ts';
import { filterPolicyScope } from './model.ts';
import { readFilterPolicy } from './subscription-attributes.ts';

export interface SnsState {
  readonly topics: Map<string, Topic>;
  /** Every subscription of every topic, by ARN. */
  readonly subscriptions: Map<string, Subscription>;
  /** Subscriptions that were ended and can be restored with the token of the UnsubscribeConfirmation. */
  readonly deactivated: Map<string, Subscription>;
  /** Each is to be called after every change of what it names. */
  saveTopic(topic: Topic): void;
  deleteTopic(topic: Topic): void;
  saveSubscription(subscription: Subscription): void;
  deleteSubscription(subscription: Subscription): void;
  /** Of a FIFO topic: what it remembers for deduplication, by {@link Published} key. */
  savePublished(topic: Topic, key: string, published: Published): void;
  forgetPublished(topic: Topic, key: string): void;
  saveArchived(topic: Topic, message: Message): void;
  forgetArchived(topic: Topic, message: Message): void;
}

interface KeptTopic extends Omit<
  Topic,
  'attributes' | 'tags' | 'subscriptions' | 'published' | 'archive' | 'lastSequence' | 'archivedSince'
> {
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly archivedSince?: number | undefined;
}

interface KeptSubscription extends Omit<Subscription, 'attributes' | 'filter'> {
  readonly attributes: Readonly<Record<string, string>>;
}

type KeptPublished = Published & { readonly topicArn: string; readonly key: string };

/** With what an earlier process kept. */
export function createSnsState(context: AwsContext): SnsState {
  const kept = {
    topics: context.state.collection<KeptTopic>('sns.topics'),
    subscriptions: context.state.collection<KeptSubscription>('sns.subscriptions'),
    published: context.state.collection<KeptPublished>('sns.published'),
    sequences: context.state.collection<string>('sns.sequences'),
    archive: context.state.collection<Message>('sns.archive'),
  };
  const state: SnsState = {
    topics: new Map(),
    subscriptions: new Map(),
    deactivated: new Map(),
    saveTopic(topic) {
      const { subscriptions: _subscriptions, published: _published, archive: _archive, ...rest } = topic;
      const { lastSequence: _lastSequence, ...record } = rest;
      kept.topics.put(topic.arn, {
        ...record,
        attributes: Object.fromEntries(topic.attributes),
        tags: Object.fromEntries(topic.tags),
      });
    },
    deleteTopic(topic) {
      kept.topics.delete(topic.arn);
      kept.sequences.delete(topic.arn);
      for (const key of topic.published.keys()) kept.published.delete(keyOf(topic, key));
      for (const message of topic.archive) kept.archive.delete(keyOf(topic, message.messageId));
    },
    saveSubscription(subscription) {
      const { filter: _filter, ...record } = subscription;
      const attributes = Object.fromEntries(subscription.attributes);
      kept.subscriptions.put(subscription.arn, { ...record, attributes });
    },
    deleteSubscription: ({ arn }) => kept.subscriptions.delete(arn),
    savePublished(topic, key, published) {
      if (!context.state.persistent) return;
      kept.published.put(keyOf(topic, key), { ...published, topicArn: topic.arn, key });
      kept.sequences.put(topic.arn, topic.lastSequence.toString());
    },
    forgetPublished: (topic, key) => kept.published.delete(keyOf(topic, key)),
    saveArchived: (topic, message) => kept.archive.put(keyOf(topic, message.messageId), message),
    forgetArchived: (topic, message) => kept.archive.delete(keyOf(topic, message.messageId)),
  };
  restore(context, state, kept);
  return state;
}

/** Ends subscriptions that nobody confirmed in time. */
export function forgetUnconfirmed(context: AwsContext, state: SnsState, topic: Topic): void {
  for (const subscription of topic.subscriptions.values()) {
    if (!subscription.pending) continue;
    if (subscription.createdAt + UNCONFIRMED_LIFETIME_MS > context.clock.now()) continue;
    topic.subscriptions.delete(subscription.arn);
    state.subscriptions.delete(subscription.arn);
    state.deleteSubscription(subscription);
  }
}

function keyOf(topic: Topic, key: string): string {
  return `${topic.arn}\n${key}`;
}

function restore(
  context: AwsContext,
  state: SnsState,
  kept: {
    readonly topics: Collection<KeptTopic>;
    readonly subscriptions: Collection<KeptSubscription>;
    readonly published: Collection<KeptPublished>;
    readonly sequences: Collection<string>;
    readonly archive: Collection<Message>;
  },
): void {
  for (const [arn, record] of kept.topics.entries()) {
    state.topics.set(arn, {
      ...record,
      archivedSince: record.archivedSince,
      attributes: new Map(Object.entries(record.attributes)),
      tags: new Map(Object.entries(record.tags)),
      subscriptions: new Map(),
      published: new Map(),
      archive: [],
      lastSequence: 0n,
    });
  }
  for (const [arn, record] of atThisEndpoint(context, kept.subscriptions.entries())) {
    const subscription: Subscription = {
      ...record,
      attributes: new Map(Object.entries(record.attributes)),
      filter: undefined,
    };
    const policy = subscription.attributes.get('FilterPolicy');
    subscription.filter = readFilterPolicy(policy, filterPolicyScope(subscription), '');
    state.subscriptions.set(arn, subscription);
    state.topics.get(record.topicArn)?.subscriptions.set(arn, subscription);
  }
  for (const [, { topicArn, key, ...published }] of kept.published.entries()) {
    state.topics.get(topicArn)?.published.set(key, published);
  }
  for (const [topicArn, sequence] of kept.sequences.entries()) {
    const topic = state.topics.get(topicArn);
    if (topic) topic.lastSequence = BigInt(sequence);
  }
  for (const [, message] of kept.archive.entries()) state.topics.get(message.topicArn)?.archive.push(message);
}
