/**
 * Alarms of what delivers: topics, rules, schedules. AWS: sns/latest/dg/sns-monitoring-using-cloudwatch.html,
 * eventbridge/latest/userguide/eb-monitoring.html, scheduler/latest/UserGuide/monitoring-cloudwatch.html.
 */
import { Fn } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { maximumOf, sumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/**
 * Delivery to a subscription has been given up. Ours have a dead-letter queue with an alarm of its own, which
 * names the consumer; this one sees everybody's. NumberOfNotificationsRedrivenToDlq is part of it.
 */
export function notificationsFailed(topic: ITopic): AlarmSpecification {
  return {
    watched: topic,
    metric: topicMetric(topic, 'NumberOfNotificationsFailed'),
    threshold: 0,
    minutes: 1,
    severity: 'warning',
    runbook: 'event-undelivered',
    description:
      'SNS has given up a delivery. See which subscription, its dead-letter queue and the policies of its endpoint.',
  };
}

/** Neither delivered nor kept: the message is gone for that subscriber. */
export function notificationsLost(topic: ITopic): AlarmSpecification {
  return {
    watched: topic,
    metric: topicMetric(topic, 'NumberOfNotificationsFailedToRedriveToDlq'),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-lost',
    description:
      'SNS could neither deliver a message nor put it on the dead-letter queue: it is lost to that subscriber. Mend the policies, then publish again.',
  };
}

/** A filter could not read the attributes, so the message went to nobody that filters. AWS waits five minutes; one is a loss. */
export function invalidAttributes(topic: ITopic): AlarmSpecification {
  return {
    watched: topic,
    metric: topicMetric(topic, 'NumberOfNotificationsFilteredOut-InvalidAttributes'),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-lost',
    description:
      'A message with malformed attributes was filtered out of every filtering subscription: it is lost to them. Find its publisher, publish again.',
  };
}

/** A rule could not deliver to its target, and will not try again. */
export function failedInvocations(rule: Rule, bus: string): AlarmSpecification {
  return {
    watched: rule,
    metric: ruleMetric(rule, bus, 'FailedInvocations'),
    threshold: 0,
    minutes: 1,
    severity: 'warning',
    runbook: 'event-undelivered',
    description:
      'A rule has given up an event, which goes to its dead-letter queue. See the policies of its target.',
  };
}

/** Neither delivered nor kept: the event is gone, but for the bus's archive. */
export function ruleLost(rule: Rule, bus: string): AlarmSpecification {
  return {
    watched: rule,
    metric: ruleMetric(rule, bus, 'InvocationsFailedToBeSentToDlq'),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-lost',
    description:
      'A rule could neither deliver an event nor put it on its dead-letter queue: it is lost. Mend the policies, replay the archive.',
  };
}

/** Events wait on the bus, where no queue's age shows them. Five minutes: EventBridge catches up by itself with a burst. */
export function ruleThrottled(rule: Rule, bus: string): AlarmSpecification {
  return {
    watched: rule,
    metric: ruleMetric(rule, bus, 'ThrottledRules'),
    threshold: 0,
    minutes: 5,
    severity: 'warning',
    runbook: 'event-undelivered',
    description:
      "A rule is throttled: events are late. See the account's quota of invocations a second, and raise it.",
  };
}

/** The scheduler gave up on an invocation. */
export function scheduleDropped(schedule: IConstruct, scheduleGroup: string): AlarmSpecification {
  return {
    ...scheduleAlarm(schedule, scheduleGroup, 'InvocationDroppedCount'),
    symptom: true,
    description: 'A scheduled invocation was dropped after its retries. See the function and its throttles.',
  };
}

/** Dropped, and not even kept. */
export function scheduleLost(schedule: IConstruct, scheduleGroup: string): AlarmSpecification {
  return {
    ...scheduleAlarm(schedule, scheduleGroup, 'InvocationsFailedToBeSentToDeadLetterCount'),
    description:
      "A scheduled invocation that failed could not be put on its dead-letter queue. See the schedule role's rights on queue and key.",
  };
}

/** The target refuses for want of capacity. A quarter of an hour, as AWS advises: a throttle of a minute is retried. */
export function scheduleThrottled(schedule: IConstruct, scheduleGroup: string): AlarmSpecification {
  return {
    ...scheduleAlarm(schedule, scheduleGroup, 'TargetErrorThrottledCount'),
    minutes: 15,
    description:
      "The scheduled function is throttled when it is invoked. See the account's concurrency and the function's reservation.",
  };
}

function scheduleAlarm(watched: IConstruct, ScheduleGroup: string, metricName: string) {
  return {
    watched,
    metric: sumOf('AWS/Scheduler', metricName, { ScheduleGroup }),
    threshold: 0,
    minutes: 1,
    severity: 'warning',
    runbook: 'outbox-relay',
  } as const;
}

/** A subscriber of a new custom event bus (AWS::EventsV2) did not get an event, and it was kept nowhere. Dimensions are ARNs. */
export function subscriberDropped(watched: IConstruct, bus: string, subscriber: string): AlarmSpecification {
  return {
    watched,
    metric: sumOf('AWS/EventsV2', 'EventsDropped', { EventBus: bus, Subscriber: subscriber }),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-lost',
    description:
      'The bus has dropped an event of this subscriber: it is lost to it. See its target and rights, then replay.',
  };
}

/** The same bus could not put an event on the failure destination. */
export function subscriberLost(watched: IConstruct, bus: string, subscriber: string): AlarmSpecification {
  return {
    watched,
    metric: sumOf('AWS/EventsV2', 'OnFailureDestinationFailed', { EventBus: bus, Subscriber: subscriber }),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-lost',
    description:
      'The bus could neither deliver an event nor put it on the failure destination: it is lost. Mend the rights, then replay.',
  };
}

/** Events of this subscriber wait on the same bus, where no queue's age shows them; a stuck one holds up its group. */
export function subscriberBacklog(
  watched: IConstruct,
  bus: string,
  subscriber: string,
  maxAgeSeconds: number,
): AlarmSpecification {
  return {
    watched,
    metric: maximumOf('AWS/EventsV2', 'ApproximateBacklogAge', { EventBus: bus, Subscriber: subscriber }),
    // The metric is in milliseconds, eventbridge/latest/userguide/eb-custom-bus-observability.html.
    threshold: maxAgeSeconds * 1000,
    comparison: '>=',
    minutes: 3,
    severity: 'critical',
    runbook: 'event-undelivered',
    description: `An event has waited ${maxAgeSeconds} seconds or longer on the bus. See the target of this subscriber.`,
  };
}

function topicMetric(topic: ITopic, metricName: string) {
  return sumOf('AWS/SNS', metricName, { TopicName: topic.topicName });
}

function ruleMetric(rule: Rule, bus: string, metricName: string) {
  return sumOf('AWS/Events', metricName, { EventBusName: bus, RuleName: ruleNameOf(rule) });
}

/** Ref of a rule on a custom bus is BUS|RULE, so the name is taken from the ARN, ...:rule/BUS/RULE. */
export function ruleNameOf(rule: Rule): string {
  return Fn.select(2, Fn.split('/', rule.ruleArn));
}
