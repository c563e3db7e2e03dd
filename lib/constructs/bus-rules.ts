/** The paths from classic buses to a consumer's queue: rule, pattern, retries, dead letters, policies. */
import { Stack } from 'aws-cdk-lib';
import { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { CfnRule, EventPattern } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { AnyEventContract } from '../contracts/index.ts';
import { deadLetters, failedInvocations, ruleLost, ruleThrottled, UNDELIVERED } from './alarms/index.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { BusEvents, EventSubscription } from './event-routes.ts';
import { rulesOf } from './key-sources.ts';
import type { KeyUseSource } from './key-sources.ts';
import { EVENTBRIDGE_MAX_EVENT_AGE_SECONDS } from './limits.ts';
import type { MessageBus } from './message-bus.ts';
import { pascalCase } from './names.ts';
import { originId, uniqueEvents } from './queue-connection.ts';
import type { QueueConnection } from './queue-connection.ts';
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
  const first = made[0];
  if (first !== undefined)
    allowDeliveryFrom(
      connection.queue,
      'events',
      made.map(({ rule }) => rule.ruleArn),
      { keySources: [...byBus.keys()].map(rulesOfBus) },
    );
  return {
    rules: made.map(({ rule }) => rule),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

/** EventBridge's own default, said explicitly: retry for a day. */
const RULE_MAX_EVENT_AGE_SECONDS = EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max;
/** EventBridge's own default and maximum, said explicitly. */
const RULE_RETRY_ATTEMPTS = 185;

function route(
  connection: QueueConnection,
  { origin, tenants }: BusEvents,
  source: string,
  events: readonly AnyEventContract[],
) {
  const { scope, queue, consumer } = connection;
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
    encryptionKey: connection.encryptionKey,
    dataKeyReuse: connection.dataKeyReuse,
    owner: consumer,
  });
  const rule = new EventRule(scope, id, { eventBus, eventPattern: pattern });
  // Not the L2's target: it conditions the key's policy on the rule, which may be a circular dependency.
  const inputPath = '$.detail';
  (rule.node.defaultChild as CfnRule).targets = [
    {
      id: 'Queue',
      arn: queue.queueArn,
      inputPath,
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: RULE_MAX_EVENT_AGE_SECONDS,
        maximumRetryAttempts: RULE_RETRY_ATTEMPTS,
      },
    },
  ];
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
  });
  recordDeadLetters(scope, 'rule', rule, deadLetterQueue, RULE_RETRY_ATTEMPTS);
  connection.alarms.add(
    `${id}DeadLetterAlarm`,
    deadLetters(deadLetterQueue, `An event that EventBridge could not deliver to ${consumer}`, UNDELIVERED),
  );
  const { eventBusName } = eventBus;
  connection.alarms.add(`${id}FailedAlarm`, failedInvocations(rule, eventBusName));
  connection.alarms.add(`${id}LostAlarm`, ruleLost(rule, eventBusName));
  connection.alarms.add(`${id}ThrottledAlarm`, ruleThrottled(rule, eventBusName));
  return { rule, deadLetterQueue };
}

function rulesOfBus(bus: MessageBus): KeyUseSource {
  return rulesOf(bus, Stack.of(bus), bus.eventBusName);
}
