/** Whether a mapping of a stream, Kafka topic or broker and its source are set as the reader was declared. */
import type { EventSourceMapping, LambdaFunction, Messaging, Resource } from '../assembly/index.ts';
import type { ReadsEdge } from '../topology/index.ts';
import type { Break } from './proof.ts';

/** @param source the name of the source: of a broker, its queue's */
export function readingBreaks(
  messaging: Messaging,
  edge: ReadsEdge,
  mapping: EventSourceMapping,
  fn: LambdaFunction,
  source: string | undefined,
): readonly Break[] {
  return [
    ...differs(fn.resource, 'Timeout', edge.timeoutSeconds, fn.timeoutSeconds),
    ...(messaging.broker(mapping.eventSourceArn) === undefined
      ? positionBreaks(edge, mapping)
      : brokerBreaks(mapping, fn, source)),
    ...kafkaBreaks(messaging, mapping),
    ...streamBreaks(messaging, edge, mapping),
  ];
}

/** What is there when the reader is deployed is read, too. */
function positionBreaks(edge: ReadsEdge, { resource }: EventSourceMapping): readonly Break[] {
  const { StartingPosition, ParallelizationFactor = 1, TumblingWindowInSeconds } = resource.properties;
  return [
    ...differs(resource, 'StartingPosition', 'TRIM_HORIZON', StartingPosition),
    ...differs(resource, 'ParallelizationFactor', edge.parallelizationFactor, ParallelizationFactor),
    ...differs(resource, 'TumblingWindowInSeconds', edge.tumblingWindowSeconds, TumblingWindowInSeconds),
  ];
}

/** Lambda ends retries of Kafka only with provisioned pollers: lambda/latest/dg/kafka-retry-configurations.html. */
function kafkaBreaks(messaging: Messaging, mapping: EventSourceMapping): readonly Break[] {
  if (messaging.kafkaCluster(mapping.eventSourceArn) === undefined) return [];
  const { provisionedPollers: pollers, resource } = mapping;
  if (pollers !== undefined && pollers.minimum >= 1 && pollers.maximum >= pollers.minimum) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: resource.constructPath,
      message:
        'without provisioned pollers Lambda ends no retries of Kafka, and reads no answer of single records',
      fix: 'set ProvisionedPollerConfig, with a MinimumPollers of 1 or more and no lower MaximumPollers',
    },
  ];
}

/** Order by key, encryption, and a retention that outlives what is still tried. */
function streamBreaks(
  messaging: Messaging,
  edge: ReadsEdge,
  { eventSourceArn }: EventSourceMapping,
): readonly Break[] {
  const stream = messaging.stream(eventSourceArn);
  if (stream === undefined) return [];
  const { resource, onDemand, kmsKeyId, retentionHours } = stream;
  const breaks: Break[] = [];
  const add = (code: Break['code'], message: string, fix: string) =>
    breaks.push({ code, resource: resource.constructPath, message, fix });
  if (onDemand && resource.properties['RecordDistributionStrategy'] !== 'USER_PARTITION_KEY') {
    add(
      'WAYBILL_PROOF_SETTING_DIFFERS',
      'it does not say that records go by their partition key, without which no order is kept',
      'set RecordDistributionStrategy to USER_PARTITION_KEY',
    );
  }
  if (kmsKeyId === undefined) {
    add(
      'WAYBILL_PROOF_SETTING_DIFFERS',
      'its records are not encrypted at rest',
      'set StreamEncryption with a KeyId',
    );
  }
  if (retentionHours * 3600 <= (edge.maximumRecordAgeSeconds ?? 0)) {
    add(
      'WAYBILL_PROOF_TIMING',
      `it keeps records ${retentionHours} hours, and ${edge.consumer} tries them for ${edge.maximumRecordAgeSeconds} seconds`,
      'raise RetentionPeriodHours: a record that has expired goes to no dead-letter queue',
    );
  }
  return breaks;
}

/** The poller reads the queue that is declared, and signs in with the runtime's secret. */
function brokerBreaks(
  { resource, queues, access }: EventSourceMapping,
  fn: LambdaFunction,
  queue: string | undefined,
): readonly Break[] {
  const uriOf = (type: string) => access.find((one) => one.type === type)?.uri;
  const { environment } = fn;
  return [
    ...differs(resource, 'Queues', queue, queues[0]),
    ...differs(
      resource,
      'SourceAccessConfigurations BASIC_AUTH',
      environment['WAYBILL_BROKER_SECRET_ARN'] ?? 'the secret of the broker',
      uriOf('BASIC_AUTH'),
    ),
    ...(uriOf('VIRTUAL_HOST') === undefined
      ? differs(resource, 'SourceAccessConfigurations VIRTUAL_HOST', '/', undefined)
      : []),
    ...(environment['WAYBILL_BROKER_ENDPOINT'] === undefined
      ? differs(fn.resource, 'WAYBILL_BROKER_ENDPOINT', 'the address of the broker', undefined)
      : []),
  ];
}

function differs(resource: Resource, property: string, declared: unknown, found: unknown): readonly Break[] {
  if (declared === found) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: resource.constructPath,
      message: `${property} is ${String(found)}, and declared as ${String(declared)}`,
      fix: `set it to ${String(declared)}, or declare it`,
    },
  ];
}
