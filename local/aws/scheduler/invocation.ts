/** One invocation of a schedule: the input its target gets, the call, the retries, the dead letter. */
import { randomUUID } from 'node:crypto';

import type { AwsContext, Caller } from '../context.ts';
import {
  attemptWithFaults,
  call,
  type Deliveries,
  type DeliveryOutcome,
  eventRetries,
  invokeFunction,
  roleCaller,
  sendToQueue,
} from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS, record } from './input.ts';
import type { Schedule, ScheduleTarget } from './model.ts';
import { universalTarget } from './universal-target.ts';

/** One invocation: which schedule, for which time. */
export interface Execution {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly due: number;
  readonly startedAt: number;
}

export function newExecution(context: AwsContext, due: number): Execution {
  return { id: randomUUID(), due, startedAt: context.clock.now() };
}

/** Trust policies see the group, not the schedule. scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
function groupArnOf(scheduleArn: string): string {
  return scheduleArn.replace(/:schedule\/([^/]+)\/.*$/, ':schedule-group/$1');
}

/** Invokes the schedule's target, in the target's role. Never rejects. */
export async function invokeSchedule(
  context: AwsContext,
  deliveries: Deliveries,
  schedule: Pick<Schedule, 'arn' | 'target'>,
  execution: Execution,
  wrap: (attempt: () => Promise<void>) => Promise<void> = (attempt) => attempt(),
): Promise<void> {
  const { target } = schedule;
  const caller = roleCaller('scheduler.amazonaws.com', target.RoleArn, groupArnOf(schedule.arn));
  const asked = { ScheduleArn: schedule.arn, TargetArn: target.Arn };
  let attempts = 0;
  let input = '';
  const outcome = await deliveries.run(
    async () => {
      input = targetInput(context, schedule, execution, ++attempts);
      const attempt = () => callTarget(context, target, input, caller);
      await attemptWithFaults(context, 'scheduler', schedule.arn, asked, () => wrap(attempt));
    },
    eventRetries(
      target.RetryPolicy?.MaximumRetryAttempts ?? MAX_RETRY_ATTEMPTS,
      target.RetryPolicy?.MaximumEventAgeInSeconds ?? MAX_EVENT_AGE_SECONDS,
      context.faults,
    ),
    execution.startedAt,
  );
  report(context, schedule, execution, target.Arn, outcome, 'delivered');
  const queueArn = target.DeadLetterConfig?.Arn;
  if (outcome.delivered || queueArn === undefined) return;

  const attributes = deadLetterAttributes(schedule, execution, outcome);
  const letter = { MessageBody: input, MessageAttributes: attributes };
  const deadLettered = await deliveries.run(
    async () => sendToQueue(context, queueArn, letter, caller),
    eventRetries(MAX_RETRY_ATTEMPTS, MAX_EVENT_AGE_SECONDS, context.faults),
    context.clock.now(),
  );
  report(context, schedule, execution, queueArn, deadLettered, 'dead-lettered');
}

async function callTarget(
  context: AwsContext,
  target: ScheduleTarget,
  input: string,
  caller: Caller,
): Promise<void> {
  const universal = universalTarget(target.Arn);
  if (universal) {
    const parameters = record(JSON.parse(input));
    await call(context, universal.service, universal.action, { ...parameters }, caller);
    return;
  }
  const service = target.Arn.split(':')[2];
  if (service === 'sqs') {
    const group = target.SqsParameters?.MessageGroupId;
    const message = { MessageBody: input, ...(group === undefined ? {} : { MessageGroupId: group }) };
    sendToQueue(context, target.Arn, message, caller);
  } else if (service === 'sns') {
    await call(context, 'sns', 'Publish', { TopicArn: target.Arn, Message: input }, caller);
  } else if (service === 'lambda') {
    await invokeFunction(context, target.Arn, input, caller);
  } else if (service === 'states') {
    await call(context, 'states', 'StartExecution', { stateMachineArn: target.Arn, input }, caller);
  } else if (service === 'kinesis') {
    const record = {
      StreamARN: target.Arn,
      Data: Buffer.from(input).toString('base64'),
      PartitionKey: target.KinesisParameters?.PartitionKey,
    };
    await call(context, 'kinesis', 'PutRecord', record, caller);
  } else if (service === 'events') {
    await putEvent(context, target, input, caller);
  } else {
    throw new AwsError(
      'TargetNotRunning',
      `The embedded AWS can't invoke ${target.Arn}: no such service runs here`,
    );
  }
}

async function putEvent(context: AwsContext, target: ScheduleTarget, input: string, caller: Caller) {
  const entry = {
    EventBusName: target.Arn,
    Source: target.EventBridgeParameters?.Source,
    DetailType: target.EventBridgeParameters?.DetailType,
    Detail: input,
  };
  const output = record(await call(context, 'events', 'PutEvents', { Entries: [entry] }, caller));
  const [result] = (output['Entries'] ?? []) as readonly { ErrorCode?: string; ErrorMessage?: string }[];
  if (result?.ErrorCode !== undefined) throw new AwsError(result.ErrorCode, result.ErrorMessage ?? '');
}

/**
 * The target's input with Scheduler's keywords filled in, or Scheduler's own event when it has none.
 * scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
function targetInput(
  context: AwsContext,
  schedule: Pick<Schedule, 'arn' | 'target'>,
  execution: Execution,
  attempt: number,
): string {
  const { Input: input } = schedule.target;
  const time = isoSeconds(execution.due);
  if (input === undefined || input === '') {
    return JSON.stringify({
      version: '0',
      id: execution.id,
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account: context.accountId,
      time,
      region: context.region,
      resources: [schedule.arn],
      detail: '{}',
    });
  }
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', schedule.arn)
    .replaceAll('<aws.scheduler.scheduled-time>', time)
    .replaceAll('<aws.scheduler.execution-id>', execution.id)
    .replaceAll('<aws.scheduler.attempt-number>', String(attempt));
}

/** scheduler/latest/UserGuide/configuring-schedule-dlq.html */
function deadLetterAttributes(
  schedule: Pick<Schedule, 'arn' | 'target'>,
  execution: Execution,
  failure: DeliveryOutcome & { delivered: false },
) {
  const values = {
    ERROR_CODE: failure.error.code,
    ERROR_MESSAGE: failure.error.message,
    EXECUTION_ID: execution.id,
    EXECUTION_TIME: isoSeconds(execution.startedAt),
    ...(failure.exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: failure.exhausted }),
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: String(failure.retries),
    SCHEDULED_TIME: isoSeconds(execution.due),
    SCHEDULE_ARN: schedule.arn,
    TARGET_ARN: schedule.target.Arn,
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

function report(
  context: AwsContext,
  schedule: Pick<Schedule, 'arn'>,
  execution: Execution,
  target: string,
  outcome: DeliveryOutcome,
  success: 'delivered' | 'dead-lettered',
): void {
  context.events.emit({
    kind: outcome.delivered ? success : 'delivery-failed',
    service: 'scheduler',
    resourceArn: schedule.arn,
    messageId: execution.id,
    detail: {
      target,
      deadLetter: success === 'dead-lettered',
      retries: outcome.retries,
      ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
    },
  });
}

function isoSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
