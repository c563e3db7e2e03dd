/** A rule that hands every event of a bus to a bus of another Region: with retries, dead letters and alarms. */
import { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { deadLetters, failedInvocations, HopAlarms, ruleLost, UNDELIVERED } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type { Side } from './companion-stack.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { ValidationError } from './errors.ts';
import { grantTo } from './grants.ts';
import { EVENTBRIDGE_MAX_EVENT_AGE_SECONDS, EVENTBRIDGE_RETRY_ATTEMPTS } from './limits.ts';
import { EVERY_EVENT } from './message-bus.ts';
import type { MessageBus } from './message-bus.ts';
import { roleForRules, rulesOfBus } from './remote-rules.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface BusForwardingProps extends AlarmProps {
  /** The bus whose events are forwarded. Of type `classic`. */
  readonly from: MessageBus;
  /** The Region of the other bus. */
  readonly toRegion: string;
  /**
   * The name of the other bus, in the same account: a BusReplica of another app, or of another deployment of this one.
   * @default - the name of the bus
   */
  readonly toEventBusName?: string;
  /**
   * Encrypts the dead-letter queue.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
}

/**
 * The first Region's half of a replica that is deployed by itself, so that neither deployment needs the other. Events
 * that are published before the other bus is there go to the dead-letter queue.
 *
 * @example
 * new BusForwarding(this, 'ToStandby', { from: bus, toRegion: 'us-west-2' });
 * // In the app of the standby Region, where the bus has the same name:
 * new BusReplica(this, 'Bus', { eventBusName, archiveRetention: Duration.days(7) });
 */
export class BusForwarding extends Construct {
  readonly rule: EventRule;
  /** What could not be forwarded. */
  readonly deadLetterQueue: Queue;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError when the bus is of type `custom` */
  constructor(scope: Construct, id: string, props: BusForwardingProps) {
    super(scope, id);
    const { from, toRegion, toEventBusName = from.eventBusName } = props;
    if (from.busType !== 'classic') {
      throw new ValidationError(this, [
        {
          code: 'WAYBILL_REPLICA_BUS_TYPE',
          prop: 'from',
          received: `${from.node.path} of type '${from.busType}'`,
          allowed: "a bus of type 'classic'",
          fix: "use busType: 'classic': a Custom Event Bus has no rules",
        },
      ]);
    }
    recordNode(this, { kind: 'bus', name: `${toEventBusName} in ${toRegion}` });
    const forwarded = forwardEvents(
      { scope: this, encryptionKey: props.encryptionKey, alarms: new HopAlarms(this, props) },
      {
        from,
        to: this,
        toName: toEventBusName,
        toRegion,
        toArn: Stack.of(this).formatArn({
          service: 'events',
          region: toRegion,
          resource: 'event-bus',
          resourceName: toEventBusName,
        }),
      },
    );
    this.rule = forwarded.rule;
    this.deadLetterQueue = forwarded.deadLetterQueue;
    this.alarms = forwarded.alarms;
  }
}

export interface ForwardedBus {
  readonly from: MessageBus;
  /** The bus, or what stands for it, in the topology. */
  readonly to: Construct;
  readonly toName: string;
  readonly toRegion: string;
  readonly toArn: string;
}

export interface ForwardedEvents {
  readonly rule: EventRule;
  readonly role: Role;
  readonly deadLetterQueue: Queue;
  readonly alarms: HopAlarms['all'];
}

/** @param side where the first bus is */
export function forwardEvents(
  side: Side,
  { from, to, toName, toRegion, toArn }: ForwardedBus,
): ForwardedEvents {
  const { scope, alarms } = side;
  const deadLetterQueue = createDeadLetterQueue(scope, 'ForwardingDeadLetterQueue', {
    encryptionKey: side.encryptionKey,
  });
  const role = roleForRules(scope, 'ForwardingRole', from);
  grantTo(role, ['events:PutEvents'], [toArn]);
  const rule = new EventRule(scope, 'ForwardingRule', {
    eventBus: from.eventBus!,
    description: `Every event to ${toName} in ${toRegion}`,
    eventPattern: EVERY_EVENT,
  });
  const cfnRule = rule.node.defaultChild as CfnRule;
  cfnRule.eventPattern = EVERY_NEW_EVENT;
  // Not the L2's target, which says nothing of retries.
  cfnRule.targets = [
    {
      id: 'Replica',
      arn: toArn,
      roleArn: role.roleArn,
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max,
        maximumRetryAttempts: RETRY_ATTEMPTS,
      },
    },
  ];
  // Its policy is a resource of its own, and an event before it is denied.
  rule.node.addDependency(role);
  allowDeliveryFrom(deadLetterQueue, 'events', [rule.ruleArn], { keySources: [rulesOfBus(from)] });
  recordNode(rule, { kind: 'rule', resource: rule });
  recordEdge(to, { kind: 'forwards', from, to, via: rule, pattern: EVERY_NEW_EVENT });
  recordDeadLetters(scope, 'rule', rule, deadLetterQueue, RETRY_ATTEMPTS);
  const what = `An event that EventBridge could not forward to ${toRegion}`;
  alarms.add('ForwardingDeadLetterAlarm', deadLetters(deadLetterQueue, what, UNDELIVERED));
  alarms.add('ForwardingFailedAlarm', failedInvocations(rule, from.eventBusName));
  alarms.add('ForwardingLostAlarm', ruleLost(rule, from.eventBusName));
  return { rule, role, deadLetterQueue, alarms: alarms.all };
}

/** EventBridge's own default and maximum, said explicitly. */
const RETRY_ATTEMPTS = EVENTBRIDGE_RETRY_ATTEMPTS.max;

/** Not what is replayed from the archive of the bus: the replica has had it, and has an archive of its own. */
const EVERY_NEW_EVENT = { source: [{ prefix: '' }], 'replay-name': [{ exists: false }] };
