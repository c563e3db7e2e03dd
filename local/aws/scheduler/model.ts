/** What EventBridge Scheduler keeps: groups, and schedules with their target. */
import type { Schedule as Due } from '../schedules/index.ts';

export interface ScheduleGroup {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly tags: Map<string, string>;
  readonly schedules: Map<string, Schedule>;
}

export interface Schedule {
  readonly name: string;
  readonly arn: string;
  readonly groupName: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly expression: string;
  /** The expression as it is used. */
  readonly due: Due;
  readonly timeZone: string;
  /** Milliseconds since the epoch; the first and last time it may be due. */
  readonly startDate: number | undefined;
  readonly endDate: number | undefined;
  /** Minutes after the due time within which it is invoked; 0 when there is no window. */
  readonly windowMinutes: number;
  readonly enabled: boolean;
  readonly deleteWhenDone: boolean;
  readonly target: ScheduleTarget;
  readonly description: string | undefined;
  readonly kmsKeyArn: string | undefined;
  /** Of the CreateSchedule that made it: the same request again is no conflict. */
  readonly clientToken: string | undefined;
  /** The last time it was due and its invocation began, in milliseconds since the epoch. */
  readonly lastDue: number | undefined;
}

/** A target in the API's shape, checked. */
export interface ScheduleTarget {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string;
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly KinesisParameters?: { readonly PartitionKey: string };
  readonly EventBridgeParameters?: { readonly DetailType: string; readonly Source: string };
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
  readonly DeadLetterConfig?: { readonly Arn?: string };
}
