/** A bus in a second Region that gets every event of a bus, keeps it, and hands it out when it is switched on. */
import { CfnOutput } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import type { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { HopAlarms } from './alarms/index.ts';
import { forwardEvents } from './bus-forwarding.ts';
import type { ForwardedEvents } from './bus-forwarding.ts';
import { sideIn } from './companion-stack.ts';
import { ValidationError } from './errors.ts';
import type { ValidationFailure } from './errors.ts';
import { distanceBetween, locationOf } from './location.ts';
import { MessageBus } from './message-bus.ts';
import type { MessageBusProps } from './message-bus.ts';
import { foreignRoleStatement } from './remote-access.ts';

export interface BusReplicaProps extends Omit<MessageBusProps, 'busType'> {
  /**
   * The bus whose events it gets. Of type `classic`, in another Region; the account may be another one, too.
   * @default - one of another app or deployment, which forwards them with a BusForwarding
   */
  readonly of?: MessageBus;
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
  /** Undefined where that is in another app, and so are the members that begin with `forwarding`. */
  readonly of: MessageBus | undefined;
  readonly active: boolean;
  /** On the bus it replicates, in a companion stack of that Region. */
  readonly forwardingRule: EventRule | undefined;
  /** What could not be forwarded, next to the rule. */
  readonly forwardingDeadLetterQueue: Queue | undefined;
  readonly forwardingAlarms: HopAlarms['all'];

  /** @throws ValidationError when the bus is of type `custom`, in the same Region, or a replica itself */
  constructor(scope: Construct, id: string, props: BusReplicaProps) {
    super(scope, id, props);
    this.of = props.of;
    this.active = props.active ?? false;
    const forwarded = props.of === undefined ? undefined : this.#forward(props.of, props);
    this.forwardingRule = forwarded?.rule;
    this.forwardingDeadLetterQueue = forwarded?.deadLetterQueue;
    this.forwardingAlarms = forwarded?.alarms ?? [];
    this.#tellOperator();
  }

  override get rulesEnabled(): boolean {
    return this.active;
  }

  #forward(of: MessageBus, props: BusReplicaProps): ForwardedEvents {
    const failures = failuresOf(this, of);
    if (failures.length > 0) throw new ValidationError(this, failures);
    const own = new HopAlarms(this, props);
    const primary = locationOf(of);
    const side = sideIn(primary, { scope: this, encryptionKey: this.encryptionKey, alarms: own }, of);
    const forwarded = forwardEvents(side, {
      from: of,
      to: this,
      toName: this.eventBusName,
      toRegion: locationOf(this).region,
      toArn: this.eventBusArn,
    });
    if (primary.account !== locationOf(this).account) {
      const named = { arn: forwarded.role.roleArn, account: primary.account };
      this.eventBus?.addToResourcePolicy(
        foreignRoleStatement('ForwardFromPrimary', named, 'events:PutEvents', this.eventBusArn),
      );
    }
    return forwarded;
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
            fix: `give ${bus.of?.node.path ?? 'the bus it replicates'}: EventBridge does not forward what was forwarded to it`,
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
