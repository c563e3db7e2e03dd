/** What SNS keeps: topics, subscriptions, and the message on its way through. */
import type { MessageAttribute, Pattern } from '../../../lib/matching/index.ts';

export type Protocol =
  | 'http'
  | 'https'
  | 'email'
  | 'email-json'
  | 'sms'
  | 'sqs'
  | 'application'
  | 'lambda'
  | 'firehose';

export const PROTOCOLS: ReadonlySet<string> = new Set<Protocol>([
  'http',
  'https',
  'email',
  'email-json',
  'sms',
  'sqs',
  'application',
  'lambda',
  'firehose',
]);

export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody';

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  /** As set by CreateTopic and SetTopicAttributes, by the API's names. */
  readonly attributes: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  /** Deduplication ids of a FIFO topic, oldest first. */
  readonly published: Map<string, Published>;
  /** Messages of a FIFO topic with an archive, oldest first. */
  readonly archive: Message[];
  /** When the archive began, in milliseconds since the epoch. */
  archivedSince: number | undefined;
  /** The last sequence number given, counted from 1. */
  lastSequence: bigint;
  deletedSubscriptions: number;
}

/** What a FIFO topic remembers of a message for the deduplication window. */
export interface Published {
  readonly at: number;
  readonly messageId: string;
  readonly sequenceNumber: string;
}

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly owner: string;
  readonly principal: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  /** As set by Subscribe and SetSubscriptionAttributes, by the API's names. */
  readonly attributes: Map<string, string>;
  /** Read from `FilterPolicy`; undefined lets everything through. */
  filter: Pattern | undefined;
  /** True until the endpoint has confirmed with the token. */
  pending: boolean;
  readonly confirmationToken: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** True when only its owner may end it: confirmed with `AuthenticateOnUnsubscribe`. */
  authenticated: boolean;
  /** Of the last replay from the topic's archive. */
  replayStatus: 'In progress' | 'Completed' | undefined;
}

/** A message that was accepted by Publish. */
export interface Message {
  readonly messageId: string;
  readonly topicArn: string;
  readonly body: string;
  /** With `MessageStructure: json`, the body by protocol. */
  readonly bodies: Readonly<Record<string, string>> | undefined;
  readonly subject: string | undefined;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly messageGroupId: string | undefined;
  readonly messageDeduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  /** ISO time with milliseconds. */
  readonly timestamp: string;
  /** True when it comes from the archive. */
  readonly replayed?: boolean;
}

export function filterPolicyScope(subscription: Subscription): FilterPolicyScope {
  return subscription.attributes.get('FilterPolicyScope') === 'MessageBody'
    ? 'MessageBody'
    : 'MessageAttributes';
}

export function isHttp(protocol: Protocol): protocol is 'http' | 'https' {
  return protocol === 'http' || protocol === 'https';
}

export function isRaw(subscription: Subscription): boolean {
  return subscription.attributes.get('RawMessageDelivery')?.toLowerCase() === 'true';
}

/** Whether a queue, topic or its ARN is of the FIFO kind. */
export function isFifoName(name: string): boolean {
  return name.endsWith('.fifo');
}
