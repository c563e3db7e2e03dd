/**
 * Alarms per hop (D14). Each has an action: the alert topic that was given, else the one that
 * AlertTopic.of finds. A hop without either is refused at synth; `alarms: 'none'` is the only way out.
 */
import { Duration, Fn, Lazy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import { alertTopicOf } from './alert-topic-registry.ts';
import { describeFailure } from './errors.ts';
import { recordEdge } from './topology-recorder.ts';

export interface AlarmProps {
  /**
   * Where the alarms of this construct go.
   * @default - the AlertTopic of the stack, else the only one of the application
   */
  readonly alertTopic?: ITopic;
  /**
   * `'none'` refuses every alarm of this construct: whoever does so watches its hops in another way.
   * @default 'all'
   */
  readonly alarms?: 'all' | 'none';
}

interface AlarmSpecification {
  /** The construct watched, for the topology. */
  readonly watched: IConstruct;
  readonly metric: Metric;
  /** @default - anything above zero */
  readonly atLeast?: number;
  /** Minutes in a row. */
  readonly minutes: number;
  readonly description: string;
}

const PERIOD = Duration.minutes(1);

/** Collects the alarms of one construct. */
export class HopAlarms {
  readonly all: Alarm[] = [];
  readonly #scope: Construct;
  readonly #props: AlarmProps;

  constructor(scope: Construct, props: AlarmProps) {
    this.#scope = scope;
    this.#props = props;
  }

  /** A message in a dead-letter queue. Visible messages, not messages sent: the latter does not count moves. */
  deadLetters(id: string, queue: IQueue, what: string): void {
    this.#add(id, {
      watched: queue,
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      minutes: 1,
      description: `${what} failed for good and waits in its dead-letter queue. Read its reason, repair, redrive.`,
    });
  }

  /** The oldest message waits too long: the consumer is too slow, stuck or stopped. */
  age(id: string, queue: IQueue, maxAge: Duration): void {
    this.#add(id, {
      watched: queue,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      atLeast: maxAge.toSeconds(),
      minutes: 3,
      description: `A message has waited ${maxAge.toHumanString()} or longer. See the consumer's errors, throttles and concurrency.`,
    });
  }

  /** The function crashed or ran out of time, which a partial batch response does not count as. */
  errors(id: string, fn: IFunction): void {
    this.#add(id, {
      watched: fn,
      metric: fn.metricErrors({ period: PERIOD, statistic: Stats.SUM }),
      minutes: 3,
      description: 'The function has crashed or timed out for three minutes in a row. See its log.',
    });
  }

  /** Throttled invocations use up the receives of messages. */
  throttles(id: string, fn: IFunction): void {
    this.#add(id, {
      watched: fn,
      metric: fn.metricThrottles({ period: PERIOD, statistic: Stats.SUM }),
      minutes: 5,
      description:
        'The function is throttled. Raise its reserved concurrency or lower the concurrency of its mappings.',
    });
  }

  /** A rule could not deliver to its target. */
  failedInvocations(id: string, rule: Rule, bus: string): void {
    this.#add(id, {
      watched: rule,
      metric: sumOf('AWS/Events', 'FailedInvocations', {
        EventBusName: bus,
        // Ref of a rule on a custom bus is BUS|RULE, so the name is taken from the ARN, ...:rule/BUS/RULE.
        RuleName: Fn.select(2, Fn.split('/', rule.ruleArn)),
      }),
      minutes: 1,
      description:
        'A rule could not deliver an event. See the policies of its target, and its dead-letter queue.',
    });
  }

  /** The scheduler gave up on an invocation. */
  droppedInvocations(id: string, schedule: IConstruct, scheduleGroup: string): void {
    this.#add(id, {
      watched: schedule,
      metric: sumOf('AWS/Scheduler', 'InvocationDroppedCount', { ScheduleGroup: scheduleGroup }),
      minutes: 1,
      description:
        'A scheduled invocation was dropped after its retries. See the function and its throttles.',
    });
  }

  #add(id: string, specification: AlarmSpecification): void {
    if (this.#props.alarms === 'none') return;
    if (this.all.length === 0) requireAlertTopic(this.#scope, this.#props);
    const { atLeast } = specification;
    const threshold = atLeast ?? 0;
    const alarm = new Alarm(this.#scope, id, {
      metric: specification.metric,
      comparisonOperator:
        atLeast === undefined
          ? ComparisonOperator.GREATER_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold,
      evaluationPeriods: specification.minutes,
      datapointsToAlarm: specification.minutes,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: specification.description,
    });
    const action = {
      alarmActionArn: Lazy.string({ produce: () => topicFor(this.#scope, this.#props)?.topicArn }),
    };
    alarm.addAlarmAction({ bind: () => action });
    recordEdge(this.#scope, {
      kind: 'alerts',
      from: specification.watched,
      to: () => topicFor(this.#scope, this.#props),
      alarm: alarm.node.path,
      metric: specification.metric.metricName,
      threshold,
    });
    this.all.push(alarm);
  }
}

function sumOf(namespace: string, metricName: string, dimensionsMap: Record<string, string>): Metric {
  return new Metric({ namespace, metricName, dimensionsMap, period: PERIOD, statistic: Stats.SUM });
}

/** Decided at synth, so that the order in which constructs are made does not matter. */
function topicFor(scope: IConstruct, props: AlarmProps): ITopic | undefined {
  return props.alertTopic ?? alertTopicOf(scope);
}

function requireAlertTopic(scope: IConstruct, props: AlarmProps): void {
  scope.node.addValidation({
    validate: () =>
      topicFor(scope, props) === undefined
        ? [
            describeFailure({
              code: 'WAYBILL_ALERT_TOPIC_MISSING',
              prop: 'alertTopic',
              received: 'none, and none or several were found in the application',
              allowed: 'a topic that CloudWatch can publish to',
              fix: "an alarm without an action tells nobody: create one AlertTopic, pass alertTopic, or refuse the alarms with alarms: 'none'",
            }),
          ]
        : [],
  });
}
