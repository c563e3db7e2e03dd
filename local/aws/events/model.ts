/** What EventBridge keeps: buses, rules, targets, archives, replays, and the event itself. */
import type { Pattern } from '../../../lib/matching/index.ts';
import type { Schedule } from '../schedules/index.ts';

/** An event as targets receive it. eventbridge/latest/userguide/eb-events-structure.html */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO time in whole seconds. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  /** Set on replayed events only. */
  readonly 'replay-name'?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly rules: Map<string, Rule>;
  readonly tags: Map<string, string>;
  description: string | undefined;
  policy: string | undefined;
  kmsKeyIdentifier: string | undefined;
  deadLetterArn: string | undefined;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly targets: Map<string, Target>;
  readonly tags: Map<string, string>;
  /** The pattern as it was put, and as it is used. */
  eventPattern: string | undefined;
  pattern: Pattern | undefined;
  scheduleExpression: string | undefined;
  schedule: Schedule | undefined;
  enabled: boolean;
  /** When the schedule begins to count, in milliseconds since the epoch. */
  scheduledFrom: number;
  /** The state as it was put: there is more than one way to be enabled. */
  state: string;
  description: string | undefined;
  roleArn: string | undefined;
}

/** A target in the API's shape, checked. */
export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: InputTransformer;
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly KinesisParameters?: { readonly PartitionKeyPath?: string };
  readonly HttpParameters?: Readonly<Record<string, unknown>>;
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

export interface InputTransformer {
  readonly InputPathsMap?: Readonly<Record<string, string>>;
  readonly InputTemplate: string;
}

export interface Archive {
  readonly name: string;
  readonly arn: string;
  readonly busArn: string;
  readonly createdAt: number;
  readonly events: ArchivedEvent[];
  description: string | undefined;
  eventPattern: string | undefined;
  pattern: Pattern | undefined;
  /** 0 keeps events for ever. */
  retentionDays: number;
  kmsKeyIdentifier: string | undefined;
}

export interface ArchivedEvent {
  /** When it came to the bus, in milliseconds since the epoch. */
  readonly at: number;
  readonly event: BusEvent;
  readonly bytes: number;
}

export type ReplayState = 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

export interface Replay {
  readonly name: string;
  readonly arn: string;
  readonly archiveArn: string;
  readonly busArn: string;
  readonly filterArns: readonly string[];
  readonly description: string | undefined;
  /** Of the events, in milliseconds since the epoch; the end is not part of it. */
  readonly from: number;
  readonly to: number;
  readonly startedAt: number;
  state: ReplayState;
  endedAt: number | undefined;
  lastEventAt: number | undefined;
}
