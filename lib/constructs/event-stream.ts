/** A Kinesis data stream of events: what is read by several consumers, each at its own pace, and more than once. */
import { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import { HopAlarms, streamReadsThrottled, streamWritesThrottled } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type { EventDestination, PublishRoute } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { KINESIS_RETENTION_SECONDS, KINESIS_SHARDS } from './limits.ts';
import { publishedEventRules, routesTo } from './published-events.ts';
import { recordEvents, recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface EventStreamProps<Published extends AnyEventContract = AnyEventContract> extends AlarmProps {
  /** Every event that goes through the stream, of whatever service. */
  readonly publishes: readonly Published[];
  /**
   * How long a record is kept, read or not: a day to a year, in whole hours.
   * @default Duration.days(1)
   */
  readonly retentionPeriod?: Duration;
  /**
   * A fixed number of shards, each 1,000 records and 1 MB a second.
   * @default - on demand: Kinesis adds shards as the traffic grows
   */
  readonly shardCount?: number;
  /**
   * Encrypts records at rest. Each publisher and consumer is granted its use.
   * @default - KMS, with the key of Kinesis (`alias/aws/kinesis`)
   */
  readonly encryptionKey?: IKey;
  /**
   * A name in AWS. A stream that has one cannot be replaced in place.
   * @default - CloudFormation makes it up
   */
  readonly streamName?: string;
}

/** Events of a stream, as given by `stream.event(...)` and `stream.events()`. */
export interface StreamEvents {
  readonly kind: 'stream';
  readonly origin: EventStream;
  readonly events: readonly AnyEventContract[];
  /** Everything that is published to the stream, so that no filter is needed. */
  readonly everyEvent: boolean;
}

/**
 * @example
 * const activity = new EventStream(this, 'ActivityStream', { publishes: [ProductViewed, CartUpdated] });
 * new EventFunction(this, 'Shop', { publishesTo: [activity], entry: 'lambda/handlers/shop.ts' });
 * new StreamConsumer(this, 'Trends', { subscribesTo: activity.events(), entry: 'lambda/handlers/trends.ts' });
 */
export class EventStream<Published extends AnyEventContract = AnyEventContract>
  extends Construct
  implements EventDestination
{
  readonly stream: Stream;
  readonly publishes: readonly Published[];
  readonly retentionPeriod: Duration;
  readonly encryptionKey: IKey | undefined;
  readonly grants: EventStreamGrants;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError when nothing is published, an event is listed twice, or a value is out of range */
  constructor(scope: Construct, id: string, props: EventStreamProps<Published>) {
    super(scope, id);
    validateProps<EventStreamProps>(this, RULES, props);
    this.publishes = props.publishes;
    this.retentionPeriod = props.retentionPeriod ?? Duration.days(1);
    this.encryptionKey = props.encryptionKey;
    const onDemand = props.shardCount === undefined;
    this.stream = new Stream(this, 'Stream', {
      ...(props.streamName === undefined ? {} : { streamName: props.streamName }),
      streamMode: onDemand ? StreamMode.ON_DEMAND : StreamMode.PROVISIONED,
      ...(onDemand ? {} : { shardCount: props.shardCount }),
      retentionPeriod: this.retentionPeriod,
      ...(props.encryptionKey === undefined
        ? { encryption: StreamEncryption.MANAGED }
        : { encryption: StreamEncryption.KMS, encryptionKey: props.encryptionKey }),
    });
    // AUTO spreads records over shards whatever their partition key, and with it the order of a key is gone.
    if (onDemand) this.#resource.recordDistributionStrategy = 'USER_PARTITION_KEY';
    this.grants = new EventStreamGrants(this);
    this.#record();
    const alarms = new HopAlarms(this, props);
    alarms.add('WriteThrottledAlarm', streamWritesThrottled(this.stream));
    alarms.add('ReadThrottledAlarm', streamReadsThrottled(this.stream));
    this.alarms = alarms.all;
  }

  get #resource(): CfnStream {
    return this.stream.node.defaultChild as CfnStream;
  }

  get routes(): readonly PublishRoute[] {
    return routesTo(this.stream.streamArn, this.publishes);
  }

  /** A part of the stream's events, for the `publishesTo` of who publishes no other. */
  publishing(events: readonly Published[]): EventDestination {
    const routes = routesTo(this.stream.streamArn, events);
    return { routes, grants: { publish: (grantee) => this.grants.publish(grantee, routes) } };
  }

  /** One event of the stream, for `subscribesTo`: the mapping leaves the others out. */
  event(contract: Published): StreamEvents {
    return { kind: 'stream', origin: this, events: [contract], everyEvent: this.publishes.length === 1 };
  }

  /** Every event of the stream, for `subscribesTo`. */
  events(): StreamEvents {
    return { kind: 'stream', origin: this, events: this.publishes, everyEvent: true };
  }

  #record(): void {
    recordNode(this, { kind: 'stream', resource: this.stream });
    recordEvents(this, this.publishes);
  }
}

export class EventStreamGrants {
  readonly #stream: EventStream;

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  /**
   * `kinesis:PutRecords` on the stream; with a key also `kms:GenerateDataKey` on it.
   *
   * @param routes what the grantee publishes, for the topology
   */
  publish(grantee: IGrantable, routes: readonly PublishRoute[] = this.#stream.routes): void {
    const { stream, encryptionKey } = this.#stream;
    grantTo(grantee, ['kinesis:PutRecords'], [stream.streamArn]);
    encryptionKey?.grant(grantee, 'kms:GenerateDataKey');
    recordPublisher(this.#stream, grantee, routes);
  }
}

const RULES: readonly Rule<EventStreamProps>[] = [
  ...publishedEventRules<EventStreamProps>('stream'),
  numberInRange(
    'WAYBILL_RETENTION_OUT_OF_RANGE',
    'retentionPeriod',
    KINESIS_RETENTION_SECONDS,
    'use a day to a year',
  ),
  numberInRange(
    'WAYBILL_SHARDS_OUT_OF_RANGE',
    'shardCount',
    KINESIS_SHARDS,
    'leave it out: on demand is the default',
  ),
];
