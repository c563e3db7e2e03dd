/**
 * Event notifications of buckets: to queues, topics, functions and the default event bus.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
 */
import { randomUUID } from 'node:crypto';
import { serviceCaller, type AwsContext, type Caller } from '../context.ts';
import { call, createDeliveries, eventRetries, invokeFunction, sendToQueue } from '../delivery/index.ts';
import { invalidArgument } from './errors.ts';
import { bucketArn, type Bucket, type ObjectVersion } from './model.ts';
import { child, children, childText, type XmlTree } from './xml.ts';

/** Says what happened to an object: `ObjectCreated:Put`, without the `s3:`. */
export type Notify = (bucket: Bucket, event: string, version: ObjectVersion) => void;

export interface Notifications {
  readonly notify: Notify;
  /** Sends the test event to what a new configuration names. @throws AwsError InvalidArgument */
  test(bucket: Bucket, configuration: XmlTree): Promise<void>;
  /** Deliveries that have not ended. */
  pending(): number;
  close(): void;
}

const PRINCIPAL = 's3.amazonaws.com';
/** S3 says "at least once" and not how long it tries; a day is what EventBridge does. */
const RETRIES = 185;
const RETRY_SECONDS = 86_400;

interface Destination {
  readonly kind: 'queue' | 'topic' | 'function';
  readonly arn: string;
  readonly id: string;
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

/** What EventBridge calls the same events. ev-mapping-troubleshooting.html */
const DETAIL_TYPES: Readonly<Record<string, string>> = {
  ObjectCreated: 'Object Created',
  ObjectRemoved: 'Object Deleted',
  'ObjectTagging:Put': 'Object Tags Added',
  'ObjectTagging:Delete': 'Object Tags Deleted',
  LifecycleExpiration: 'Object Deleted',
};
const REASONS: Readonly<Record<string, string>> = {
  'ObjectCreated:Put': 'PutObject',
  'ObjectCreated:Copy': 'CopyObject',
  'ObjectCreated:CompleteMultipartUpload': 'CompleteMultipartUpload',
  'ObjectRemoved:Delete': 'DeleteObject',
  'ObjectRemoved:DeleteMarkerCreated': 'DeleteObject',
  'LifecycleExpiration:Delete': 'Lifecycle Expiration',
  'LifecycleExpiration:DeleteMarkerCreated': 'Lifecycle Expiration',
};

export function createNotifications(context: AwsContext): Notifications {
  const deliveries = createDeliveries(context);
  let sequence = 0;

  const send = async ({ kind, arn }: Destination, body: string, caller: Caller): Promise<void> => {
    if (kind === 'queue') sendToQueue(context, arn, { MessageBody: body }, caller);
    else if (kind === 'function') await invokeFunction(context, arn, body, caller);
    else {
      const input = { TopicArn: arn, Subject: 'Amazon S3 Notification', Message: body };
      await call(context, 'sns', 'Publish', input, caller);
    }
  };

  const deliver = (arn: string, bucket: Bucket, attempt: () => Promise<void>): void => {
    const policy = eventRetries(RETRIES, RETRY_SECONDS, context.faults);
    void deliveries.run(attempt, policy, context.clock.now()).then((outcome) => {
      context.events.emit({
        kind: outcome.delivered ? 'delivered' : 'delivery-failed',
        service: 's3',
        resourceArn: bucketArn(bucket.name),
        detail: { to: arn, ...(!outcome.delivered && { error: outcome.error.code }) },
      });
    });
  };

  const notify: Notify = (bucket, event, version) => {
    const configuration = bucket.configurations.get('notification');
    if (configuration === undefined) return;
    const caller = serviceCaller(context, PRINCIPAL, bucketArn(bucket.name));
    const sequencer = (++sequence).toString(16).toUpperCase().padStart(16, '0');
    for (const destination of destinationsOf(configuration)) {
      if (!wants(destination, event, version.key)) continue;
      const record = recordOf(context, bucket, event, version, destination.id, sequencer);
      const body = JSON.stringify({ Records: [record] });
      deliver(destination.arn, bucket, () => send(destination, body, caller));
    }
    if (child(configuration, 'EventBridgeConfiguration') === undefined) return;
    const Entries = [busEntry(context, bucket, event, version, sequencer)];
    deliver('default event bus', bucket, async () => {
      await call(context, 'events', 'PutEvents', { Entries }, caller);
    });
  };

  return {
    notify,
    async test(bucket, configuration) {
      const caller = serviceCaller(context, PRINCIPAL, bucketArn(bucket.name));
      for (const destination of destinationsOf(configuration)) {
        const { kind, arn } = destination;
        const invalid = invalidArgument(
          'Unable to validate the following destination configurations',
          arn,
          `The ${kind} could not be reached, does not exist, or does not allow S3 to use it.`,
        );
        if (arn.endsWith('.fifo')) throw invalid;
        if (kind === 'function') continue;
        const body = JSON.stringify({
          Service: 'Amazon S3',
          Event: 's3:TestEvent',
          Time: new Date(context.clock.now()).toISOString(),
          Bucket: bucket.name,
          RequestId: randomUUID(),
          HostId: randomUUID(),
        });
        try {
          await send(destination, body, caller);
        } catch (cause) {
          invalid.cause = cause;
          throw invalid;
        }
      }
    },
    pending: () => deliveries.pending(),
    close: () => deliveries.close(),
  };
}

function destinationsOf(configuration: XmlTree): readonly Destination[] {
  const of = (element: string, member: string, kind: Destination['kind']): Destination[] =>
    children(configuration, element).map((each, index) => {
      const rules = children(child(child(each, 'Filter'), 'S3Key'), 'FilterRule');
      const rule = (name: string): string =>
        childText(
          rules.find((one) => childText(one, 'Name')?.toLowerCase() === name),
          'Value',
        ) ?? '';
      return {
        kind,
        arn: childText(each, member) ?? '',
        id: childText(each, 'Id') ?? `${kind}-${index}`,
        events: children(each, 'Event').map(String),
        prefix: rule('prefix'),
        suffix: rule('suffix'),
      };
    });
  return [
    ...of('QueueConfiguration', 'Queue', 'queue'),
    ...of('TopicConfiguration', 'Topic', 'topic'),
    ...of('CloudFunctionConfiguration', 'CloudFunction', 'function'),
  ];
}

function wants({ events, prefix, suffix }: Destination, event: string, key: string): boolean {
  const wanted = events.some((each) => {
    const name = each.replace(/^s3:/, '');
    return name === event || (name.endsWith(':*') && event.startsWith(name.slice(0, -1)));
  });
  return wanted && key.startsWith(prefix) && key.endsWith(suffix);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function recordOf(
  context: AwsContext,
  bucket: Bucket,
  event: string,
  version: ObjectVersion,
  configurationId: string,
  sequencer: string,
): object {
  const identity = { principalId: context.accountId };
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: context.region,
    eventTime: new Date(context.clock.now()).toISOString(),
    eventName: event,
    userIdentity: identity,
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': randomUUID() },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: { name: bucket.name, ownerIdentity: identity, arn: bucketArn(bucket.name) },
      object: {
        key: encodeURIComponent(version.key).replaceAll('%20', '+').replaceAll('%2F', '/'),
        ...(version.content !== undefined && {
          size: version.size,
          eTag: version.etag.replaceAll('"', ''),
        }),
        ...(bucket.versioning !== undefined && { versionId: version.versionId }),
        sequencer,
      },
    },
  };
}

function busEntry(
  context: AwsContext,
  bucket: Bucket,
  event: string,
  version: ObjectVersion,
  sequencer: string,
): object {
  const [kind = ''] = event.split(':');
  const removed = kind === 'ObjectRemoved' || kind === 'LifecycleExpiration';
  const reason = REASONS[event];
  const marker = event.endsWith('DeleteMarkerCreated');
  return {
    Source: 'aws.s3',
    DetailType: DETAIL_TYPES[event] ?? DETAIL_TYPES[kind] ?? kind,
    Resources: [bucketArn(bucket.name)],
    Detail: JSON.stringify({
      version: '0',
      bucket: { name: bucket.name },
      object: {
        key: version.key,
        ...(!removed && { size: version.size }),
        etag: version.etag.replaceAll('"', ''),
        ...(bucket.versioning !== undefined && { 'version-id': version.versionId }),
        sequencer,
      },
      'request-id': randomUUID(),
      requester: context.accountId,
      'source-ip-address': '127.0.0.1',
      ...(reason !== undefined && { reason }),
      ...(removed && { 'deletion-type': marker ? 'Delete Marker Created' : 'Permanently Deleted' }),
    }),
  };
}
