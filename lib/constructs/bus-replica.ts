/** A bus in a second Region that gets every event of a bus, keeps it, and hands it out when it is switched on. */
import { CfnOutput } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { deadLetters, failedInvocations, HopAlarms, ruleLost, UNDELIVERED } from './alarms/index.ts';
import { sideIn } from './companion-stack.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { ValidationError } from './errors.ts';
import type { ValidationFailure } from './errors.ts';
import { grantTo } from './grants.ts';
import { EVENTBRIDGE_MAX_EVENT_AGE_SECONDS, EVENTBRIDGE_RETRY_ATTEMPTS } from './limits.ts';
import { distanceBetween, locationOf } from './location.ts';
import { EVERY_EVENT, MessageBus } from './message-bus.ts';
import type { MessageBusProps } from './message-bus.ts';
import { foreignRoleStatement } from './remote-access.ts';
import { roleForRules, rulesOfBus } from './remote-rules.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface BusReplicaProps extends Omit<MessageBusProps, 'busType'> {
  /** The bus whose events it gets. Of type `classic`, in another Region; the account may be another one, too. */
  readonly of: MessageBus;
  /** Keeps every event for this long. What its consumers missed while they were off is replayed from there. */
  readonly archiveRetention: Duration;
  /**
   * Whether its consumers get events. Off, their rules are there, but disabled. An operator switches without a
   * deployment, by the command in the stack's output; say so here before the next deployment that changes a rule.
   * @default false
   */
  readonly active?: boolean;
}

/**
 * @example
 * const standby = new BusReplica(standbyStack, 'Bus', { of: bus, archiveRetention: Duration.days(7) });
 * new QueueConsumer(standbyStack, 'Billing', { subscribesTo: [standby.event(OrderPlaced)], ... });
 */
export class BusReplica extends MessageBus {
  readonly of: MessageBus;
  readonly active: boolean;
  /** On the bus it replicates, in a companion stack of that Region. */
  readonly forwardingRule: EventRule;
  /** What could not be forwarded, next to the rule. */
  readonly forwardingDeadLetterQueue: Queue;
  readonly forwardingAlarms: HopAlarms['all'];

  /** @throws ValidationError when the bus is of type `custom`, in the same Region, or a replica itself */
  constructor(scope: Construct, id: string, props: BusReplicaProps) {
    super(scope, id, props);
    this.of = props.of;
    this.active = props.active ?? false;
    const failures = failuresOf(this, props.of);
    if (failures.length > 0) throw new ValidationError(this, failures);

    const own = new HopAlarms(this, props);
    const side = sideIn(
      locationOf(this.of),
      { scope: this, encryptionKey: this.encryptionKey, alarms: own },
      this.of,
    );
    this.forwardingDeadLetterQueue = createDeadLetterQueue(side.scope, 'ForwardingDeadLetterQueue', {
      encryptionKey: side.encryptionKey,
    });
    this.forwardingRule = this.#forward(side.scope);
    const { forwardingRule: rule, forwardingDeadLetterQueue: queue } = this;
    allowDeliveryFrom(queue, 'events', [rule.ruleArn], { keySources: [rulesOfBus(this.of)] });
    recordNode(rule, { kind: 'rule', resource: rule });
    recordEdge(this, { kind: 'forwards', from: this.of, to: this, via: rule, pattern: EVERY_NEW_EVENT });
    recordDeadLetters(side.scope, 'rule', rule, queue, RETRY_ATTEMPTS);
    const busName = this.of.eventBusName;
    const what = `An event that EventBridge could not forward to ${locationOf(this).region}`;
    side.alarms.add('ForwardingDeadLetterAlarm', deadLetters(queue, what, UNDELIVERED));
    side.alarms.add('ForwardingFailedAlarm', failedInvocations(rule, busName));
    side.alarms.add('ForwardingLostAlarm', ruleLost(rule, busName));
    this.forwardingAlarms = side.alarms.all;
    this.#tellOperator();
  }

  override get rulesEnabled(): boolean {
    return this.active;
  }

  #forward(scope: Construct): EventRule {
    const role = roleForRules(scope, 'ForwardingRole', this.of);
    grantTo(role, ['events:PutEvents'], [this.eventBusArn]);
    const primary = locationOf(this.of);
    if (primary.account !== locationOf(this).account) {
      const named = { arn: role.roleArn, account: primary.account };
      this.eventBus?.addToResourcePolicy(
        foreignRoleStatement('ForwardFromPrimary', named, 'events:PutEvents', this.eventBusArn),
      );
    }
    const rule = new EventRule(scope, 'ForwardingRule', {
      eventBus: this.of.eventBus!,
      description: `Every event to ${this.eventBusName} in ${locationOf(this).region}`,
      eventPattern: EVERY_EVENT,
    });
    const cfnRule = rule.node.defaultChild as CfnRule;
    cfnRule.eventPattern = EVERY_NEW_EVENT;
    // Not the L2's target, which says nothing of retries.
    cfnRule.targets = [
      {
        id: 'Replica',
        arn: this.eventBusArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: this.forwardingDeadLetterQueue.queueArn },
        retryPolicy: {
          maximumEventAgeInSeconds: EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max,
          maximumRetryAttempts: RETRY_ATTEMPTS,
        },
      },
    ];
    // Its policy is a resource of its own, and an event before it is denied.
    rule.node.addDependency(role);
    return rule;
  }

  #tellOperator(): void {
    const bus = `--region ${locationOf(this).region} --event-bus-name ${this.eventBusName}`;
    const names = `aws events list-rules ${bus} --query 'Rules[?!ManagedBy].Name' --output text | tr '\\t' '\\n'`;
    for (const [id, verb, what] of [
      ['SwitchOn', 'enable-rule', 'Lets the consumers of the replica get events'],
      ['SwitchOff', 'disable-rule', 'Stops the consumers of the replica from getting events'],
    ] as const) {
      new CfnOutput(this, id, {
        description: what,
        value: `${names} | xargs -n1 aws events ${verb} ${bus} --name`,
      });
    }
  }
}

/** EventBridge's own default and maximum, said explicitly. */
const RETRY_ATTEMPTS = EVENTBRIDGE_RETRY_ATTEMPTS.max;

/** Not what is replayed from the archive of the bus: the replica has had it, and has an archive of its own. */
const EVERY_NEW_EVENT = { source: [{ prefix: '' }], 'replay-name': [{ exists: false }] };

function failuresOf(replica: BusReplica, bus: MessageBus): ValidationFailure[] {
  const { otherRegion } = distanceBetween(replica, bus, 'of');
  const what = bus.node.path;
  return [
    ...(otherRegion
      ? []
      : [
          {
            code: 'WAYBILL_REPLICA_NOT_ELSEWHERE' as const,
            prop: 'of',
            received: `${what}, which is in the same Region`,
            allowed: 'a bus of another Region',
            fix: 'make the replica in a stack whose env has another region; in the same one subscribe to the bus itself',
          },
        ]),
    ...(bus instanceof BusReplica
      ? [
          {
            code: 'WAYBILL_REPLICA_OF_REPLICA' as const,
            prop: 'of',
            received: `${what}, which is a replica`,
            allowed: 'a bus that events are published to',
            fix: `give ${bus.of.node.path}: EventBridge does not forward what was forwarded to it`,
          },
        ]
      : []),
    ...(bus.busType === 'classic'
      ? []
      : [
          {
            code: 'WAYBILL_REPLICA_BUS_TYPE' as const,
            prop: 'of',
            received: `${what} of type '${bus.busType}'`,
            allowed: "a bus of type 'classic'",
            fix: "use busType: 'classic': the ARN of a custom bus ends in an id that AWS makes up, which another Region cannot be told",
          },
        ]),
  ];
}
