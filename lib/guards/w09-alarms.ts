/**
 * W9: an alarm fires when something is wrong, and tells somebody.
 *
 * | alarm | |
 * |---|---|
 * | on NumberOfMessagesSent alone, of the dead-letter queue of a queue | found: what SQS moves there is not counted |
 * | the same, of the dead-letter queue of a subscription, rule, schedule or function | those send, which is counted |
 * | without an alarm action, or with its actions switched off | found, unless one of the next rows holds |
 * | in the rule of a composite alarm that has an action, however deep | that one speaks for it |
 * | named by another resource that is no dashboard, such as a deployment group or a health check | that one reads it |
 * | in a Region and account where a rule takes `CloudWatch Alarm State Change` | the rule speaks for it |
 *
 * SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html; cdk-monitoring-constructs pull request 117.
 */
import type { Alarm, Messaging, Resource } from '../assembly/index.ts';
import type { Guard } from './guard.ts';

const SENT = 'NumberOfMessagesSent';

export const deadLetterAlarmOnSent: Guard = {
  id: 'W9',
  title: 'An alarm cannot tell anybody of what it watches',
  explanation:
    'NumberOfMessagesSent does not count the messages that SQS itself moves to a dead-letter queue, so an alarm on it stays green while the queue fills. An alarm without an action turns red and nobody is told.',
  source: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
  level: 'error',
  check: (messaging) => [...blindAlarms(messaging), ...silentAlarms(messaging)],
};

function blindAlarms(messaging: Messaging) {
  const redriven = messaging.queues.flatMap(
    ({ redrive }) => messaging.queue(redrive?.deadLetterTargetArn) ?? [],
  );
  return messaging.alarms.flatMap(({ resource, metrics, accountId, region }) => {
    const isBlind =
      metrics.length > 0 &&
      metrics.every(
        ({ namespace, metricName, dimensions }) =>
          namespace === 'AWS/SQS' &&
          metricName === SENT &&
          redriven.some(
            (queue) =>
              queue.name === dimensions['QueueName'] &&
              queue.accountId === accountId &&
              queue.region === region,
          ),
      );
    if (!isBlind) return [];
    return [
      {
        resource,
        property: 'MetricName',
        received: `${SENT} of a dead-letter queue`,
        allowed: 'ApproximateNumberOfMessagesVisible',
        fix: 'watch ApproximateNumberOfMessagesVisible, statistic Maximum: messages that SQS moves are not counted as sent',
      },
    ];
  });
}

function silentAlarms(messaging: Messaging) {
  const { alarms } = messaging;
  const heard = withChildren(alarms.filter(hasAction), alarms);
  const silent = alarms.filter((alarm) => !heard.has(alarm));
  if (silent.length === 0) return [];
  // Only now, for it reads every resource.
  const isNamedElsewhere = referencesToAlarms(messaging);
  const read = withChildren(
    silent.filter((alarm) => isNamedElsewhere(alarm) || stateChangesAreTaken(messaging, alarm)),
    alarms,
  );
  return silent
    .filter((alarm) => !read.has(alarm))
    .map(({ resource, alarmActions }) => ({
      resource,
      property: alarmActions.length === 0 ? 'AlarmActions' : 'ActionsEnabled',
      received: alarmActions.length === 0 ? 'no action' : 'false',
      allowed: 'at least one action that is switched on, or a composite alarm that has one',
      fix: 'add the ARN of a topic that somebody reads to AlarmActions, or name the alarm in the rule of a composite alarm with an action',
    }));
}

/** A composite alarm that is heard speaks for its children, which may be composite themselves. */
function withChildren(heard: readonly Alarm[], alarms: readonly Alarm[]): ReadonlySet<Alarm> {
  const all = new Set(heard);
  const queue = [...heard];
  for (let parent = queue.pop(); parent !== undefined; parent = queue.pop()) {
    if (!parent.composite) continue;
    for (const child of childrenOf(parent, alarms)) {
      if (all.has(child)) continue;
      all.add(child);
      queue.push(child);
    }
  }
  return all;
}

function hasAction({ actionsEnabled, alarmActions }: Alarm): boolean {
  return actionsEnabled && alarmActions.length > 0;
}

function childrenOf(parent: Alarm, alarms: readonly Alarm[]): readonly Alarm[] {
  const named = new Set(parent.children);
  return alarms.filter(
    ({ name, arn, accountId, region }) =>
      named.has(arn) || (named.has(name) && accountId === parent.accountId && region === parent.region),
  );
}

/** Types that show an alarm, or whose naming it has rows of its own. */
const NO_READERS: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Dashboard',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
]);

function referencesToAlarms({ assembly, alarms }: Messaging): (alarm: Alarm) => boolean {
  const suppressors = new Set(alarms.map(({ resource }) => resource.properties['ActionsSuppressor']));
  const readers = assembly.resources.filter(({ type }) => !NO_READERS.has(type)).map(propertiesAsText);
  return ({ arn, name }) =>
    suppressors.has(arn) ||
    suppressors.has(name) ||
    readers.some((text) => text.includes(`"${arn}"`) || text.includes(`"${name}"`));
}

function propertiesAsText({ properties }: Resource): string {
  return JSON.stringify(properties);
}

function stateChangesAreTaken({ rules }: Messaging, alarm: Alarm): boolean {
  return rules.some(
    ({ eventPattern, enabled, accountId, region }) =>
      enabled &&
      accountId === alarm.accountId &&
      region === alarm.region &&
      JSON.stringify(eventPattern ?? {}).includes('"CloudWatch Alarm State Change"'),
  );
}
