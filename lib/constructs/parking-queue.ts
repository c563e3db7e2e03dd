/** The queue in which a consumer's messages wait while their tenant is switched off. Nothing reads it but `waybill controls resume`. */
import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { parked, parkedTooLong } from './alarms/index.ts';
import type { HopAlarms } from './alarms/index.ts';
import { fifoProps, queueEncryption } from './dead-letter-queue.ts';
import type { EventFunction } from './event-function.ts';
import { grantTo } from './grants.ts';
import { recordNode } from './topology-recorder.ts';

export interface ParkingQueueProps {
  readonly consumer: string;
  readonly handler: EventFunction;
  /** As its consumer's queue: order is kept here as there. */
  readonly fifo: boolean;
  readonly encryptionKey: IKey | undefined;
  readonly dataKeyReuse: Duration | undefined;
  readonly alarms: HopAlarms;
}

/** The longest that SQS keeps a message: whoever switches a tenant off has two weeks. */
const RETENTION = Duration.days(14);

export function createParkingQueue(scope: Construct, props: ParkingQueueProps): Queue {
  const { consumer, handler, fifo, encryptionKey, alarms } = props;
  const queue = new Queue(scope, 'ParkingQueue', {
    ...queueEncryption(encryptionKey, props.dataKeyReuse),
    ...fifoProps(fifo),
    enforceSSL: true,
    retentionPeriod: RETENTION,
  });
  (queue.node.defaultChild as CfnQueue).redriveAllowPolicy = { redrivePermission: 'denyAll' };
  acknowledge(
    queue,
    'AwsSolutions-SQS3',
    'Nothing receives from it but an operator who gives its messages back; a receive here is no attempt to handle one',
  );
  recordNode(queue, { kind: 'queue', resource: queue, owner: consumer, fifo });
  handler.function.addEnvironment('WAYBILL_PARKING_QUEUE_URL', queue.queueUrl);
  grantTo(handler, ['sqs:SendMessage'], [queue.queueArn]);
  alarms.add('ParkedAlarm', parked(queue));
  alarms.add('ParkedTooLongAlarm', parkedTooLong(queue, Duration.days(RETENTION.toDays() - 4)));
  return queue;
}
