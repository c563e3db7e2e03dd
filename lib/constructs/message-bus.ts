/** An EventBridge bus (Custom Event Bus - Classic) for events that cross services. */
import type { Duration } from 'aws-cdk-lib';
import { Names, Stack } from 'aws-cdk-lib';
import type { CfnArchive, CfnEventBus } from 'aws-cdk-lib/aws-events';
import { Archive, EventBus, IncludeDetail, Level } from 'aws-cdk-lib/aws-events';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import { deadLetters, HopAlarms, UNDELIVERED } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { BusEvents, EventDestination, PublishRoute, SubscriptionOptions } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { allowKeyUse } from './key-access.ts';
import { archivesOf, busNamed } from './key-sources.ts';
import { recordEdge, recordEvents, recordNode } from './topology-recorder.ts';

export interface MessageBusProps extends AlarmProps {
  /**
   * One sentence for the console.
   * @default - no description
   */
  readonly description?: string;
  /**
   * Keeps every event for this long, to be replayed from.
   * @default - no archive
   */
  readonly archiveRetention?: Duration;
  /**
   * Encrypts events at rest, for example a MessagingKey. The bus then gets a dead-letter queue for events
   * that cannot be encrypted or decrypted. Schema discovery does not work on such a bus.
   * @default - encrypted with a key that AWS owns
   */
  readonly encryptionKey?: IKey;
  /**
   * What EventBridge logs about the bus. Payloads are never logged. Where the log goes is a log delivery
   * of your own (AWS::Logs::Delivery).
   * @default - no log
   */
  readonly logLevel?: 'error' | 'info' | 'trace';
  /**
   * A name in AWS.
   * @default - made of the stack's name and the construct's path
   */
  readonly eventBusName?: string;
}

/**
 * @example
 * const bus = new MessageBus(this, 'Bus', { archiveRetention: Duration.days(30) });
 * new QueueConsumer(this, 'Audit', { subscribesTo: [bus.event(OrderPlaced)], entry: 'lambda/handlers/audit.ts' });
 * new EventFunction(this, 'Api', { publishesTo: [bus.publishing([OrderPlaced])], entry: 'lambda/handlers/api.ts' });
 */
export class MessageBus extends Construct {
  readonly eventBus: EventBus;
  /** Known at synth, unlike `eventBus.eventBusName`. */
  readonly eventBusName: string;
  readonly encryptionKey: IKey | undefined;
  readonly archive: Archive | undefined;
  /** Events that cannot be encrypted or decrypted. Only with an encryptionKey. */
  readonly deadLetterQueue: Queue | undefined;
  readonly alarms: HopAlarms['all'];
  readonly grants: MessageBusGrants;

  constructor(scope: Construct, id: string, props: MessageBusProps = {}) {
    super(scope, id);
    this.encryptionKey = props.encryptionKey;
    this.eventBusName = props.eventBusName ?? busName(this);
    this.eventBus = new EventBus(this, 'Bus', {
      eventBusName: this.eventBusName,
      ...(props.description === undefined ? {} : { description: props.description }),
      ...(props.logLevel === undefined
        ? {}
        : { logConfig: { level: LOG_LEVELS[props.logLevel], includeDetail: IncludeDetail.NONE } }),
    });
    recordNode(this, { kind: 'bus', resource: this.eventBus });
    const alarms = new HopAlarms(this, props);
    this.deadLetterQueue = this.#encrypt(alarms);
    this.archive = this.#keep(props.archiveRetention);
    this.alarms = alarms.all;
    this.grants = new MessageBusGrants(this);
  }

  /** One event of the bus, for `subscribesTo`. A rule for it is made by the consumer. */
  event(contract: AnyEventContract, options: SubscriptionOptions = {}): BusEvents {
    return { kind: 'bus', origin: this, events: [contract], tenants: options.tenants };
  }

  /** What a publisher puts on the bus, for `publishesTo`. */
  publishing(events: readonly AnyEventContract[]): EventDestination {
    recordEvents(this, events);
    const bySource = Map.groupBy(events, ({ source }) => source);
    const routes = [...bySource].map(([source, ofSource]) => ({
      source,
      target: this.eventBus.eventBusArn,
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
  #encrypt(alarms: HopAlarms): Queue | undefined {
    if (this.encryptionKey === undefined) return undefined;
    allowKeyUse(this, this.encryptionKey, 'encryptBus', busNamed(this, Stack.of(this), this.eventBusName));
    const bus = this.eventBus.node.defaultChild as CfnEventBus;
    bus.kmsKeyIdentifier = this.encryptionKey.keyArn;
    // Under SQS's own key: what could not be encrypted with the customer's must still find a place.
    const queue = createDeadLetterQueue(this, 'DeadLetterQueue', {});
    allowDeliveryFrom(queue, 'events', [this.eventBus.eventBusArn]);
    bus.deadLetterConfig = { arn: queue.queueArn };
    recordDeadLetters(this, 'bus', this, queue, null);
    alarms.add(
      'DeadLetterAlarm',
      deadLetters(queue, 'An event that the bus could not encrypt or decrypt', UNDELIVERED),
    );
    return queue;
  }

  #keep(retention: Duration | undefined): Archive | undefined {
    if (retention === undefined) return undefined;
    const archive = new Archive(this, 'Archive', {
      sourceEventBus: this.eventBus,
      eventPattern: { account: [Stack.of(this).account] },
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
   * `events:PutEvents` on the bus. A key needs no grant: EventBridge encrypts on its own behalf.
   * Prefer `publishing([...])`, which also tells the function and the topology which events.
   */
  publish(grantee: IGrantable): void {
    grantTo(grantee, ['events:PutEvents'], [this.#bus.eventBus.eventBusArn]);
  }
}

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

const LOG_LEVELS = { error: Level.ERROR, info: Level.INFO, trace: Level.TRACE } as const;
