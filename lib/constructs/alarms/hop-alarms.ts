/**
 * Makes the alarms of a construct (D14). Each has an action: the alert topic that was given, else the one that
 * AlertTopic.of finds. A hop without either is refused at synth; `alarms: 'none'` is the only way out.
 */
import { createHash } from 'node:crypto';
import { Lazy, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmBase, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct, IConstruct } from 'constructs';
import { alertTopicOf, alertTopicsInReach } from '../alert-topic-registry.ts';
import type { AlarmCondition } from '../../topology/index.ts';
import { describeFailure } from '../errors.ts';
import { recordEdge } from '../topology-recorder.ts';
import type { AlarmProps, AlarmSeverity } from './alarm-props.ts';
import { registerAlarm } from './alarm-registry.ts';
import { runbookLink } from './runbooks.ts';
import type { Runbook } from './runbooks.ts';
import type { AlarmSpecification } from './specification.ts';

/** AlarmName, AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html. */
const MAX_ALARM_NAME_LENGTH = 255;
/** Tells names apart whose ends are cut off. */
const DIGEST_LENGTH = 8;

const COMPARISONS = {
  '>': ComparisonOperator.GREATER_THAN_THRESHOLD,
  '>=': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  '<': ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/** The construct id of a composite alarm, below the consumer or relay it speaks for. */
const UNHEALTHY_ALARM_ID = 'UnhealthyAlarm';

/**
 * Collects the alarms of one construct.
 *
 * @example
 * const alarms = new HopAlarms(this, props);
 * alarms.add('DeadLetterAlarm', deadLetters(queue, 'A message of billing'));
 */
export class HopAlarms {
  /** Every alarm made so far, composite ones too. */
  readonly all: AlarmBase[] = [];
  /** Those without an action of their own, for which `unhealthy` speaks. */
  readonly symptoms: Alarm[] = [];
  readonly #scope: Construct;
  readonly #props: AlarmProps;
  readonly #patient: Construct | undefined;

  /** @param patient the construct whose composite alarm speaks for its symptoms; who gives it calls `unhealthy` */
  constructor(scope: Construct, props: AlarmProps, patient?: Construct) {
    this.#scope = scope;
    this.#props = props;
    this.#patient = patient;
  }

  /** False where this construct refuses alarms. */
  get wanted(): boolean {
    return this.#props.alarms !== 'none';
  }

  /** Makes the alarm, unless this construct refuses alarms. Undefined makes none. */
  add(id: string, specification: AlarmSpecification | undefined): void {
    if (!this.wanted || specification === undefined) return;
    const { minutes, metric, threshold } = specification;
    const periods = minutes / metric.period.toMinutes();
    const comparisonOperator = COMPARISONS[specification.comparison ?? '>'];
    const treatMissingData =
      specification.missingData === 'silence' ? TreatMissingData.MISSING : TreatMissingData.NOT_BREACHING;
    const silent = this.#patient !== undefined && specification.symptom === true;
    const alarm = new Alarm(this.#scope, id, {
      alarmName: alarmName(this.#scope, id),
      metric: specification.expression ?? metric,
      comparisonOperator,
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData,
      alarmDescription: this.#description(specification),
    });
    if (silent) {
      this.symptoms.push(alarm);
    } else {
      this.#act(alarm);
      // Not "breaching": that would also raise the alarm of what was deployed a minute ago and has yet to run.
      if (specification.missingData === 'silence') alarm.addInsufficientDataAction(this.#action());
    }
    this.#record(specification, alarm.node.path, silent, {
      namespace: metric.namespace,
      dimensions: Object.keys(metric.dimensions ?? {}).toSorted(),
      statistic: metric.statistic,
      periodSeconds: metric.period.toSeconds(),
      comparisonOperator,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData,
    });
    this.#remember(alarm, alarmName(this.#scope, id), specification.severity, silent);
  }

  /** The composite alarm that speaks for the symptoms of this construct and of its parts. One page, whatever they are. */
  unhealthy(who: string, runbook: Runbook, ofParts: readonly Alarm[] = []): void {
    const symptoms = [...this.symptoms, ...ofParts];
    if (!this.wanted || symptoms.length === 0) return;
    const alarm = new CompositeAlarm(this.#scope, UNHEALTHY_ALARM_ID, {
      // The L2's own name leaves the stack's out, so two environments of one account would share it.
      compositeAlarmName: alarmName(this.#scope, UNHEALTHY_ALARM_ID),
      alarmRule: AlarmRule.anyOf(
        ...symptoms.map((symptom) => AlarmRule.fromAlarm(symptom, AlarmState.ALARM)),
      ),
      alarmDescription: this.#description({
        severity: 'critical',
        runbook,
        description: `${who} is unhealthy: it is late, fails, is throttled or stands still. The alarm that raised this one says which.`,
      }),
    });
    this.#act(alarm);
    this.#remember(alarm, alarmName(this.#scope, UNHEALTHY_ALARM_ID), 'critical', false);
  }

  #description({
    severity,
    description,
    runbook,
  }: Pick<AlarmSpecification, 'severity' | 'description' | 'runbook'>): string {
    return `${severity.toUpperCase()}: ${description} Runbook: ${runbookLink(this.#scope, runbook)}`;
  }

  /** When it rises and when it ends: an incident that nobody closes hides the next. */
  #act(alarm: AlarmBase): void {
    const action = this.#action();
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }

  #action(): IAlarmAction {
    const bound = {
      alarmActionArn: Lazy.string({ produce: () => topicFor(this.#scope, this.#props)?.topicArn }),
    };
    return { bind: () => bound };
  }

  #record(
    { watched, metric, threshold, severity }: AlarmSpecification,
    alarm: string,
    silent: boolean,
    condition: AlarmCondition,
  ): void {
    if (watched === undefined) return;
    recordEdge(this.#scope, {
      kind: 'alerts',
      from: watched,
      to: () => topicFor(this.#scope, this.#props),
      alarm,
      metric: metric.metricName,
      threshold,
      severity,
      condition,
      ...(silent ? { composite: `${this.#patient?.node.path}/${UNHEALTHY_ALARM_ID}` } : {}),
    });
  }

  #remember(alarm: AlarmBase, name: string, severity: AlarmSeverity, silent: boolean): void {
    if (this.all.length === 0) requireAlertTopic(this.#scope, this.#props);
    this.all.push(alarm);
    registerAlarm({ alarm, name, severity, silent });
  }
}

/**
 * `STACK/PATH/TO/ALARM`: what a pager shows. Known at synth, so that a dashboard of another stack names it without a
 * reference; composite alarms named by CDK would be called the same in two environments of one account.
 */
function alarmName(scope: Construct, id: string): string {
  const stack = Stack.of(scope);
  const path = [...scope.node.scopes.slice(stack.node.scopes.length).map(({ node }) => node.id), id].join(
    '/',
  );
  const name = `${stack.stackName}/${path}`;
  if (name.length <= MAX_ALARM_NAME_LENGTH) return name;
  const digest = createHash('sha256')
    .update(`${scope.node.path}/${id}`)
    .digest('hex')
    .slice(0, DIGEST_LENGTH);
  return `${name.slice(0, MAX_ALARM_NAME_LENGTH - DIGEST_LENGTH - 1)}-${digest}`;
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
              received: `none, and ${foundInReach(scope)}`,
              allowed: 'a topic that CloudWatch can publish to',
              fix: "create one AlertTopic in this account and Region, pass alertTopic, or refuse the alarms with alarms: 'none': an alarm without an action tells nobody",
            }),
          ]
        : [],
  });
}

function foundInReach(scope: IConstruct): string {
  const found = alertTopicsInReach(scope);
  return found.length === 0
    ? "no AlertTopic is in this stack's account and Region"
    : `several could be meant: ${found.map(({ stack, topic }) => `${topic.node.path} of ${stack.stackName}`).join(', ')}`;
}
