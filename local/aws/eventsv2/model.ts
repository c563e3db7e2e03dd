/** What a Custom Event Bus holds: events in the order they came, and subscribers that read them. */
import type { Pattern } from '../../../lib/matching/index.ts';

export interface CustomEventBus {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  modifiedAt: number;
  description: string | undefined;
  retentionDays: number;
  /** The ARN of a customer's key. */
  kmsKeyArn: string | undefined;
  /** JSON. */
  policy: string | undefined;
  tags: Readonly<Record<string, string>>;
  /** The sequence number of the last event. */
  lastSequence: number;
  /** Oldest first; their sequence numbers have no gaps. */
  readonly events: StoredEvent[];
}

export interface StoredEvent {
  readonly sequence: number;
  readonly id: string;
  /** When it came in, in milliseconds since the epoch. */
  readonly at: number;
  /** JSON text: numbers keep the spelling they came with. */
  readonly data: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Without what differs from delivery to delivery. */
  readonly systemMetadata: Readonly<Record<string, string>>;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

export type FilterScope = 'DATA' | 'METADATA' | 'SYSTEM_METADATA';

export interface Filter {
  readonly scope: FilterScope;
  /** As it came. */
  readonly text: string;
  readonly pattern: Pattern;
}

/** What can be changed of a subscriber. */
export interface SubscriberSettings {
  readonly description: string | undefined;
  readonly filters: readonly Filter[];
  /** As it came; without the target it keeps. */
  readonly invoke: Readonly<Record<string, unknown>>;
  readonly roleArn: string;
  readonly transformer: Transformer;
  readonly batch: Readonly<Record<string, unknown>>;
  readonly maxRetryAttempts: number;
  readonly maxEventAgeSeconds: number;
  readonly onFailureArn: string | undefined;
  readonly log: Readonly<Record<string, unknown>>;
}

export type Transformer =
  | { readonly type: 'RAW' | 'WITH_METADATA' }
  /** The text between `{%` and `%}`. */
  | { readonly type: 'JSONATA'; readonly expression: string };

export interface Subscriber {
  readonly name: string;
  readonly arn: string;
  readonly busArn: string;
  readonly targetArn: string;
  readonly type: 'FIFO' | 'UNORDERED';
  readonly startingPosition: 'LATEST' | 'POINT_IN_TIME';
  /** As it came. */
  readonly pointInTime: Readonly<Record<string, unknown>> | undefined;
  readonly createdAt: number;
  /** Events up to this sequence number are a replay. */
  readonly replayUntil: number;
  /** Milliseconds since the epoch; events after it are not delivered. */
  readonly endPoint: number | undefined;
  modifiedAt: number;
  state: 'RUNNING' | 'STOPPED';
  settings: SubscriberSettings;
  tags: Readonly<Record<string, string>>;
  /** The sequence number of the last event that was looked at. */
  position: number;
}
