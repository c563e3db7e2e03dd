/** Invokes a function again and again, so that no run that fails is lost: a dead-letter queue for the schedule and for the function. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { scheduleDropped, scheduleLost, scheduleThrottled } from './alarms/index.ts';
import type { HopAlarms, Runbook } from './alarms/index.ts';
import { recordDeadLetters } from './dead-letter-queue.ts';
import type { EventFunction } from './event-function.ts';
import { grantTo } from './grants.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import type { Rule } from './validation.ts';

export interface ScheduleFunctionProps {
  readonly target: EventFunction;
  /** Whole minutes, up to a day. */
  readonly interval: Duration;
  /** @default true */
  readonly enabled?: boolean;
  /** Whom the schedule belongs to, in the topology. */
  readonly owner: string;
  /** For runs that could not begin, and for those that failed. */
  readonly deadLetterQueue: Queue;
  /** The key of that queue. */
  readonly encryptionKey: IKey | undefined;
  readonly runbook: Runbook;
  /** Get the alarms of the schedule. */
  readonly alarms: HopAlarms;
}

/** Makes schedule, group, role and the settings of asynchronous invocations in `scope`. */
export function scheduleFunction(scope: Construct, props: ScheduleFunctionProps): CfnSchedule {
  const { target, interval, deadLetterQueue, encryptionKey: key } = props;
  const group = new CfnScheduleGroup(scope, 'ScheduleGroup');
  const role = scheduleRole(scope);
  grantTo(role, ['lambda:InvokeFunction'], [target.function.functionArn]);
  grantTo(role, ['sqs:SendMessage'], [deadLetterQueue.queueArn]);
  key?.grant(role, 'kms:Decrypt', 'kms:GenerateDataKey');
  const expression = `rate(${interval.toMinutes()} ${interval.toMinutes() === 1 ? 'minute' : 'minutes'})`;
  // L1: the L2's target grants every version of the function, with a wildcard.
  const schedule = new CfnSchedule(scope, 'Schedule', {
    groupName: group.ref,
    scheduleExpression: expression,
    ...(props.enabled === false ? { state: 'DISABLED' } : {}),
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: target.function.functionArn,
      roleArn: role.roleArn,
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: { maximumEventAgeInSeconds: MAX_AGE_SECONDS, maximumRetryAttempts: 2 },
    },
  });
  recordNode(schedule, { kind: 'schedule', resource: schedule, owner: props.owner });
  recordEdge(scope, {
    kind: 'invokes',
    from: schedule,
    to: target,
    expression,
    ...(props.enabled === false ? { standby: true as const } : {}),
  });
  recordDeadLetters(scope, 'schedule', schedule, deadLetterQueue, 2);
  const { alarms, runbook } = props;
  alarms.add('DroppedAlarm', { ...scheduleDropped(schedule, group.ref), runbook });
  alarms.add('LostAlarm', { ...scheduleLost(schedule, group.ref), runbook });
  alarms.add('ThrottledAlarm', { ...scheduleThrottled(schedule, group.ref), runbook });
  catchFailedInvocations(scope, props);
  return schedule;
}

function scheduleRole(scope: Construct): Role {
  const stack = Stack.of(scope);
  return new Role(scope, 'ScheduleRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: {
          'aws:SourceArn': stack.formatArn({
            service: 'scheduler',
            resource: 'schedule-group',
            resourceName: '*',
            arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          }),
        },
      },
    }),
  });
}

/** The scheduler invokes asynchronously: what fails then is Lambda's to keep, not the scheduler's. */
function catchFailedInvocations(
  scope: Construct,
  { target, deadLetterQueue, encryptionKey }: ScheduleFunctionProps,
): void {
  new CfnEventInvokeConfig(scope, 'AsyncInvocation', {
    functionName: target.function.functionName,
    qualifier: '$LATEST',
    maximumEventAgeInSeconds: MAX_AGE_SECONDS,
    // The next run is the retry.
    maximumRetryAttempts: 0,
    destinationConfig: { onFailure: { destination: deadLetterQueue.queueArn } },
  }).node.addDependency(target.role);
  grantTo(target, ['sqs:SendMessage'], [deadLetterQueue.queueArn]);
  encryptionKey?.grant(target, 'kms:Decrypt', 'kms:GenerateDataKey');
  recordDeadLetters(scope, 'asyncInvocation', target, deadLetterQueue, 1);
}

/** The least that EventBridge Scheduler and Lambda allow. */
const MAX_AGE_SECONDS = 60;
/** A day in minutes. */
const MAX_INTERVAL_MINUTES = 1440;

export const intervalInRange: Rule<{ readonly interval?: Duration }> = ({ interval }) => {
  if (interval === undefined || interval.isUnresolved()) return undefined;
  const minutes = interval.toMinutes({ integral: false });
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= MAX_INTERVAL_MINUTES) return undefined;
  return {
    code: 'WAYBILL_SCHEDULE_OUT_OF_RANGE',
    prop: 'interval',
    received: interval.toHumanString(),
    allowed: `whole minutes, 1 to ${MAX_INTERVAL_MINUTES}`,
    fix: 'a minute is the finest that EventBridge Scheduler offers',
  };
};
