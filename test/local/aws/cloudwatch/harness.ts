/** CloudWatch and the services it notifies, in this process, on a clock that the test moves. */
import {
  createAwsContext,
  manualClock,
  rootCaller,
  type AwsContext,
  type Happening,
  type ManualClock,
} from '../../../../local/aws/index.ts';
import { createCloudWatchService, type CloudWatchService } from '../../../../local/aws/cloudwatch/index.ts';
import { createEventsService } from '../../../../local/aws/events/index.ts';
import { createLogsService, type LogsService } from '../../../../local/aws/logs/index.ts';
import { createSnsService } from '../../../../local/aws/sns/index.ts';
import { createSqsService, type SqsService } from '../../../../local/aws/sqs/index.ts';
import type { StateStore } from '../../../../local/aws/state/index.ts';

export const ACCOUNT = '000000000000';
export const MINUTE = 60_000;
/** A full minute, so that tests know when the next evaluation comes. */
export const START = Date.UTC(2026, 0, 1, 12);

type Answer = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into by the tests

export interface Watched {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly monitoring: CloudWatchService;
  readonly logs: LogsService;
  readonly sqs: SqsService;
  readonly happenings: Happening[];
  call(action: string, input?: Record<string, unknown>): Promise<Answer>;
  callOf(
    service: 'sqs' | 'sns' | 'logs' | 'events',
    action: string,
    input?: Record<string, unknown>,
  ): Promise<Answer>;
  /** Makes a queue; gives its ARN. */
  queue(name: string, attributes?: Record<string, string>): Promise<string>;
  put(value: number, at?: number, name?: string): Promise<Answer>;
  state(alarm: string): string | undefined;
  close(): void;
}

export function watched(state?: StateStore): Watched {
  const clock = manualClock(START);
  const context = createAwsContext({ clock, ...(state && { state }) });
  const monitoring = createCloudWatchService(context);
  const logs = createLogsService(context);
  const sqs = createSqsService(context);
  const services = [monitoring, logs, sqs, createSnsService(context), createEventsService(context)];
  for (const service of services) context.services.register(service);
  const happenings: Happening[] = [];
  context.events.observe((happening) => happenings.push(happening), ['cloudwatch', 'logs']);

  const callOf: Watched['callOf'] = async (name, action, input = {}) =>
    (await context.services.get(name).handle(action, input, rootCaller(context))) as Answer;
  const call: Watched['call'] = async (action, input = {}) =>
    (await monitoring.handle(action, input, rootCaller(context))) as Answer;

  return {
    context,
    clock,
    monitoring,
    logs,
    sqs,
    happenings,
    call,
    callOf,
    async queue(name, attributes = {}) {
      await callOf('sqs', 'CreateQueue', { QueueName: name, Attributes: attributes });
      return `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
    },
    put: (value, at = clock.now(), name = 'm') =>
      call('PutMetricData', {
        Namespace: 'test',
        MetricData: [{ MetricName: name, Value: value, Timestamp: at / 1000 }],
      }),
    state: (alarm) => monitoring.alarms().find(({ name }) => name === alarm)?.state,
    close() {
      for (const service of services) void service.close?.();
    },
  };
}

/** An alarm on the metric of `put`: above 5, one minute, one data point. */
export const ALARM = {
  AlarmName: 'high',
  Namespace: 'test',
  MetricName: 'm',
  Statistic: 'Maximum',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold',
};
