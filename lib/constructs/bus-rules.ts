/** The paths from classic buses to a consumer's queue: rule, pattern, retries, dead letters, policies. */
import { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { CfnRule, EventPattern } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { AnyEventContract } from '../contracts/index.ts';
import { deadLetters, failedInvocations, ruleLost, ruleThrottled, UNDELIVERED } from './alarms/index.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { BusEvents, EventSubscription } from './event-routes.ts';
import { EVENTBRIDGE_MAX_EVENT_AGE_SECONDS, EVENTBRIDGE_RETRY_ATTEMPTS } from './limits.ts';
import { pascalCase } from './names.ts';
import { originId, uniqueEvents } from './queue-connection.ts';
import type { QueueConnection } from './queue-connection.ts';
import { ruleSide, rulesOfBus } from './remote-rules.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

/** One rule per bus and source: a pattern of several sources and names would let every combination through. */
export function connectRules(
  connection: QueueConnection,
  sources: readonly EventSubscription[],
): { rules: EventRule[]; deadLetterQueues: Queue[] } {
  const byBus = Map.groupBy(
    sources.filter((source) => source.kind === 'bus').filter(({ origin }) => origin.busType === 'classic'),
    ({ origin }) => origin,
  );
  const made = [...byBus.values()].flatMap((ofBus) =>
    [...Map.groupBy(uniqueEvents(ofBus), ({ source }) => source)].map(([source, events]) =>
      route(connection, ofBus[0]!, source, events),
    ),
  );
  const near = made.filter(({ role }) => role === undefined);
  if (near.length > 0) {
    allowDeliveryFrom(
      connection.queue,
      'events',
      near.map(({ rule }) => rule.ruleArn),
      { keySources: [...new Set(near.map(({ origin }) => origin))].map(rulesOfBus) },
    );
  }
  return {
    rules: made.map(({ rule }) => rule),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

/** EventBridge's own default, said explicitly: retry for a day. */
const RULE_MAX_EVENT_AGE_SECONDS = EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max;
/** EventBridge's own default and maximum, said explicitly. */
const RULE_RETRY_ATTEMPTS = EVENTBRIDGE_RETRY_ATTEMPTS.max;

function route(
  connection: QueueConnection,
  { origin, tenants }: BusEvents,
  source: string,
  events: readonly AnyEventContract[],
) {
  const { queue, consumer } = connection;
  const side = ruleSide(connection, origin);
  const { scope, role } = side;
  const eventBus = origin.eventBus!;
  const id = `From${originId(scope, origin)}${pascalCase(source)}`;
  const names = events.map(({ name }) => name);
  const pattern: EventPattern = {
    source: [source],
    detailType: names,
    ...(tenants === undefined ? {} : { detail: { tenantId: tenants } }),
  };
  // A rule's dead-letter queue is always standard, whatever the target is.
  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    encryptionKey: side.encryptionKey,
    dataKeyReuse: connection.dataKeyReuse,
    owner: consumer,
  });
  const rule = new EventRule(scope, id, {
    eventBus,
    eventPattern: pattern,
    enabled: origin.rulesEnabled,
  });
  // Not the L2's target: it conditions the key's policy on the rule, which may be a circular dependency.
  const inputPath = '$.detail';
  (rule.node.defaultChild as CfnRule).targets = [
    {
      id: 'Queue',
      arn: queue.queueArn,
      inputPath,
      ...(role === undefined ? {} : { roleArn: role.roleArn }),
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: RULE_MAX_EVENT_AGE_SECONDS,
        maximumRetryAttempts: RULE_RETRY_ATTEMPTS,
      },
    },
  ];
  // Its policy is a resource of its own, and a delivery before it is denied.
  if (role !== undefined) rule.node.addDependency(role);
  allowDeliveryFrom(deadLetterQueue, 'events', [rule.ruleArn], { keySources: [rulesOfBus(origin)] });

  recordNode(rule, { kind: 'rule', resource: rule, owner: consumer });
  recordEdge(scope, {
    kind: 'routes',
    from: origin,
    to: queue,
    via: rule,
    events: names,
    pattern: {
      source: [source],
      'detail-type': names,
      ...(tenants === undefined ? {} : { detail: { tenantId: tenants } }),
    },
    inputPath,
    ...(origin.rulesEnabled ? {} : { standby: true as const }),
  });
  recordDeadLetters(scope, 'rule', rule, deadLetterQueue, RULE_RETRY_ATTEMPTS);
  side.alarms.add(
    `${id}DeadLetterAlarm`,
    deadLetters(deadLetterQueue, `An event that EventBridge could not deliver to ${consumer}`, UNDELIVERED),
  );
  const { eventBusName } = eventBus;
  side.alarms.add(`${id}FailedAlarm`, failedInvocations(rule, eventBusName));
  side.alarms.add(`${id}LostAlarm`, ruleLost(rule, eventBusName));
  side.alarms.add(`${id}ThrottledAlarm`, ruleThrottled(rule, eventBusName));
  return { rule, deadLetterQueue, origin, role };
}
