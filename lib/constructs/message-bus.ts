/** An EventBridge bus, classic or of the new kind, for events that cross services. */
import type { CfnResource, Duration } from 'aws-cdk-lib';
import { Names, Stack, Token } from 'aws-cdk-lib';
import type { CfnArchive, CfnEventBus } from 'aws-cdk-lib/aws-events';
import { Archive, EventBus, IncludeDetail, Level, Match } from 'aws-cdk-lib/aws-events';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import { deadLetters, HopAlarms, UNDELIVERED } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import { BusLog } from './bus-log.ts';
import type { BusLogLevel } from './bus-log.ts';
import { busTypeIn } from './bus-type.ts';
import type { BusType } from './bus-type.ts';
import { createCustomEventBus, grantUseOfBusKey } from './custom-event-bus.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { BusEvents, EventDestination, PublishRoute, SubscriptionOptions } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { allowKeyUse } from './key-access.ts';
import { archivesOf, busNamed } from './key-sources.ts';
import { CUSTOM_EVENT_BUS_RETENTION_DAYS } from './limits.ts';
import { allowRemotePublisher } from './remote-access.ts';
import { tenantConditions } from './tenant-filter.ts';
import { recordEdge, recordEvents, recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface MessageBusProps extends AlarmProps {
  /**
   * Which of EventBridge's buses it is. `custom` is the Custom Event Bus of 2026: it keeps every event, in order
   * where a subscriber wants it, and drops duplicates by `eventId`. Where the Region has none it is a classic one,
   * with a warning. Another type makes another bus: events of the old one stay there.
   * @default 'classic'
   */
  readonly busType?: BusType;
  /**
   * One sentence for the console.
   * @default - no description
   */
  readonly description?: string;
  /**
   * Keeps every event for this long, to be replayed from. A bus of type `custom` needs no archive for it, and
   * keeps 1 to 365 days.
   * @default - classic: no archive; custom: one day
   */
  readonly archiveRetention?: Duration;
  /**
   * Encrypts events at rest, for example a MessagingKey. A classic bus then gets a dead-letter queue for events
   * that cannot be encrypted or decrypted, and schema discovery does not work on it. A bus of type `custom` takes
   * no events without its key, keeps those it has, and delivers when the key is back; its publishers are granted
   * the key's use.
   * @default - encrypted with a key that AWS owns
   */
  readonly encryptionKey?: IKey;
  /**
   * What EventBridge logs about a classic bus, into a log group of its own. Payloads are never logged. A bus of type
   * `custom` has no log, and its subscribers' logs hold payloads.
   * @default - no log
   */
  readonly logLevel?: BusLogLevel;
  /** How long that log is kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /**
   * A name in AWS.
   * @default - made of the stack's name and the construct's path
   */
  readonly eventBusName?: string;
}

export interface BusSubscriptionOptions extends SubscriptionOptions {
  /**
   * In the order of each ordering key, into a FIFO queue. Only of a bus of type `custom`, and then for all sources
   * of the consumer. An event that cannot be delivered holds up those of its key.
   * @default false
   */
  readonly fifo?: boolean;
}

/**
 * @example
 * const bus = new MessageBus(this, 'Bus', { archiveRetention: Duration.days(30) });
 * new QueueConsumer(this, 'Audit', { subscribesTo: [bus.event(OrderPlaced)], entry: 'lambda/handlers/audit.ts' });
 * new EventFunction(this, 'Api', { publishesTo: [bus.publishing([OrderPlaced])], entry: 'lambda/handlers/api.ts' });
 */
export class MessageBus extends Construct {
  /** What the bus is; `classic` also where `custom` was asked for in a Region that has none. */
  readonly busType: BusType;
  readonly eventBusArn: string;
  /** Of type `classic` only. */
  readonly eventBus: EventBus | undefined;
  /** Of type `custom` only. */
  readonly customEventBus: CfnResource | undefined;
  /** Known at synth, unlike `eventBus.eventBusName`. */
  readonly eventBusName: string;
  readonly encryptionKey: IKey | undefined;
  readonly archive: Archive | undefined;
  /** Only with a logLevel. */
  readonly logGroup: LogGroup | undefined;
  /** Events that cannot be encrypted or decrypted. Only with an encryptionKey. */
  readonly deadLetterQueue: Queue | undefined;
  readonly alarms: HopAlarms['all'];
  readonly grants: MessageBusGrants;

  /** @throws ValidationError with everything that a bus of type `custom` refuses, in whatever Region */
  constructor(scope: Construct, id: string, props: MessageBusProps = {}) {
    super(scope, id);
    if (props.busType === 'custom') validateProps(this, CUSTOM_BUS_RULES, props);
    this.busType = busTypeIn(this, props.busType ?? 'classic');
    this.encryptionKey = props.encryptionKey;
    this.eventBusName = props.eventBusName ?? busName(this);
    const alarms = new HopAlarms(this, props);
    if (this.busType === 'custom') {
      this.customEventBus = createCustomEventBus(this, {
        name: this.eventBusName,
        description: props.description,
        archiveRetention: props.archiveRetention,
        encryptionKey: props.encryptionKey,
      });
      this.eventBusArn = this.customEventBus.getAtt('EventBusArn').toString();
    } else {
      this.eventBus = this.#createClassic(props);
      this.eventBusArn = this.eventBus.eventBusArn;
      this.deadLetterQueue = this.#encrypt(this.eventBus, alarms);
      this.archive = this.#keep(this.eventBus, props.archiveRetention);
      this.logGroup = this.#log(this.eventBus, props);
    }
    this.alarms = alarms.all;
    this.grants = new MessageBusGrants(this);
  }

  #createClassic(props: MessageBusProps): EventBus {
    const eventBus = new EventBus(this, 'Bus', {
      eventBusName: this.eventBusName,
      ...(props.description === undefined ? {} : { description: props.description }),
      ...(props.logLevel === undefined
        ? {}
        : { logConfig: { level: LOG_LEVELS[props.logLevel], includeDetail: IncludeDetail.NONE } }),
    });
    recordNode(this, { kind: 'bus', resource: eventBus });
    return eventBus;
  }

  #log({ eventBusArn }: EventBus, { logLevel, logRetention }: MessageBusProps): LogGroup | undefined {
    if (logLevel === undefined) return undefined;
    const { eventBusName, encryptionKey } = this;
    return new BusLog(this, 'BusLog', { eventBusArn, eventBusName, logLevel, encryptionKey, logRetention })
      .logGroup;
  }

  /** Whether rules are made to deliver at once. See BusReplica. */
  get rulesEnabled(): boolean {
    return true;
  }

  /** One event of the bus, for `subscribesTo`. The rule or subscriber for it is made by the consumer. */
  event(contract: AnyEventContract, options: BusSubscriptionOptions = {}): BusEvents {
    return {
      kind: 'bus',
      origin: this,
      events: [contract],
      fifo: options.fifo ?? false,
      tenants: tenantConditions(this, options),
    };
  }

  /** What a publisher puts on the bus, for `publishesTo`. */
  publishing(events: readonly AnyEventContract[]): EventDestination {
    recordEvents(this, events);
    const bySource = Map.groupBy(events, ({ source }) => source);
    const routes = [...bySource].map(([source, ofSource]) => ({
      source,
      target: this.eventBusArn,
      events: ofSource.map(({ name }) => name),
    }));
    return { routes, grants: { publish: (grantee) => this.#grantPublish(grantee, routes) } };
  }

  #grantPublish(grantee: IGrantable, routes: readonly PublishRoute[]): void {
    this.grants.publish(grantee);
    recordPublisher(this, grantee, routes);
  }

  // Not the L2's kmsKey: it conditions the key's policy on the bus, and with an archive under the same key
  // that is a circular dependency.
  #encrypt(eventBus: EventBus, alarms: HopAlarms): Queue | undefined {
    if (this.encryptionKey === undefined) return undefined;
    allowKeyUse(this, this.encryptionKey, 'encryptBus', busNamed(this, Stack.of(this), this.eventBusName));
    const bus = eventBus.node.defaultChild as CfnEventBus;
    bus.kmsKeyIdentifier = this.encryptionKey.keyArn;
    // Under SQS's own key: what could not be encrypted with the customer's must still find a place.
    const queue = createDeadLetterQueue(this, 'DeadLetterQueue', {});
    allowDeliveryFrom(queue, 'events', [eventBus.eventBusArn]);
    bus.deadLetterConfig = { arn: queue.queueArn };
    recordDeadLetters(this, 'bus', this, queue, null);
    alarms.add(
      'DeadLetterAlarm',
      deadLetters(queue, 'An event that the bus could not encrypt or decrypt', UNDELIVERED),
    );
    return queue;
  }

  #keep(eventBus: EventBus, retention: Duration | undefined): Archive | undefined {
    if (retention === undefined) return undefined;
    const archive = new Archive(this, 'Archive', {
      sourceEventBus: eventBus,
      // Whoever published it: the account of an event is its publisher's.
      eventPattern: EVERY_EVENT,
      retention,
    });
    if (this.encryptionKey !== undefined) {
      const source = archivesOf(this, Stack.of(this), this.eventBusName);
      allowKeyUse(this, this.encryptionKey, 'encryptArchive', source);
      (archive.node.defaultChild as CfnArchive).kmsKeyIdentifier = this.encryptionKey.keyArn;
    }
    recordNode(archive, { kind: 'archive', resource: archive });
    recordEdge(this, { kind: 'archives', from: this, to: archive, retentionDays: retention.toDays() });
    return archive;
  }
}

export class MessageBusGrants {
  readonly #bus: MessageBus;

  constructor(bus: MessageBus) {
    this.#bus = bus;
  }

  /**
   * `events:PutEvents` on the bus. The key of a classic bus needs no grant: EventBridge encrypts on its own
   * behalf. That of a bus of type `custom` does, see grantUseOfBusKey.
   * Prefer `publishing([...])`, which also tells the function and the topology which events.
   * For a role of another account the policy of the bus is told, too.
   *
   * @throws ValidationError when the grantee is in another account or Region, and the bus is of type `custom`
   */
  publish(grantee: IGrantable): void {
    const { busType, encryptionKey, eventBusArn, eventBusName } = this.#bus;
    allowRemotePublisher(
      {
        construct: this.#bus,
        arn: eventBusArn,
        action: 'events:PutEvents',
        encryptionKey: undefined,
        addToResourcePolicy: (statement) => this.#bus.eventBus?.addToResourcePolicy(statement),
        fix: "use busType: 'classic': the ARN of a custom bus ends in an id that AWS makes up",
      },
      grantee,
    );
    grantTo(grantee, ['events:PutEvents'], [eventBusArn]);
    if (busType === 'custom' && encryptionKey !== undefined) {
      grantUseOfBusKey(grantee, this.#bus, encryptionKey, eventBusName);
    }
  }
}

/** A pattern must say something: this one is every source. eventbridge/latest/userguide/eb-event-patterns.html */
export const EVERY_EVENT = { source: Match.prefix('') };

/** EventBus name, eventbridge/latest/APIReference/API_CreateEventBus.html. */
const MAX_BUS_NAME_LENGTH = 256;

/** The L2's own default leaves the stack's name out, so two environments of one account would share a name. */
function busName(scope: Construct): string {
  return Names.uniqueResourceName(scope, {
    maxLength: MAX_BUS_NAME_LENGTH,
    separator: '-',
    allowedSpecialCharacters: '-_',
  });
}

/** What a Custom Event Bus refuses. */
const CUSTOM_BUS_RULES: readonly Rule<MessageBusProps>[] = [
  ({ archiveRetention }) => {
    const { min, max } = CUSTOM_EVENT_BUS_RETENTION_DAYS;
    if (archiveRetention === undefined || archiveRetention.isUnresolved()) return undefined;
    const days = archiveRetention.toDays({ integral: false });
    if (Number.isInteger(days) && days >= min && days <= max) return undefined;
    return {
      code: 'WAYBILL_RETENTION_OUT_OF_RANGE',
      prop: 'archiveRetention',
      received: `${days} days`,
      allowed: `${min} to ${max} whole days`,
      fix: "for longer use busType: 'classic', whose archive may keep events for ever",
    };
  },
  ({ logLevel }) =>
    logLevel === undefined
      ? undefined
      : {
          code: 'WAYBILL_BUS_LOG_LEVEL_UNSUPPORTED',
          prop: 'logLevel',
          received: `'${logLevel}'`,
          allowed: "no logLevel with busType: 'custom'",
          fix: 'leave it out: such a bus has no log, and the log of a subscriber holds the payload of every failed event',
        },
  ({ eventBusName }) => {
    if (eventBusName === undefined || Token.isUnresolved(eventBusName)) return undefined;
    if (CUSTOM_BUS_NAME.test(eventBusName)) return undefined;
    return {
      code: 'WAYBILL_BUS_NAME_INVALID',
      prop: 'eventBusName',
      received: `'${eventBusName}'`,
      allowed: "1 to 256 letters, digits, '.', '-' or '_', the first a letter or digit",
      fix: 'rename it, or leave it out',
    };
  },
];

/** EventBusName, eventbridgev2/latest/APIReference/API_CreateEventBus.html. */
const CUSTOM_BUS_NAME = /^[A-Za-z0-9][-.A-Za-z0-9_]{0,255}$/;

const LOG_LEVELS = { error: Level.ERROR, info: Level.INFO, trace: Level.TRACE } as const;
