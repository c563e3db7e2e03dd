/** Claims of streams, Kafka topics and brokers: what is published there reaches each of its readers as it was published. */
import type { EventSourceMapping, Messaging, Resource } from '../assembly/index.ts';
import type { ReadsEdge, RetriesEdge } from '../topology/index.ts';
import { decide, publishing } from '../access/index.ts';
import { breakOf } from './check-access.ts';
import { readingBreaks } from './check-reading.ts';
import type { Declared } from './declared.ts';
import { asMessage, examplesOf } from './message.ts';
import { pathsBetween } from './paths.ts';
import { unique } from './proof.ts';
import type { Break, Proof } from './proof.ts';
import { walk } from './walk.ts';

export function proveReading(messaging: Messaging, declared: Declared): readonly Proof[] {
  return declared.topology.edges.flatMap((edge): readonly Proof[] => {
    if (edge.kind === 'reads') return [proveReader(messaging, declared, edge)];
    return edge.kind === 'retries' ? [proveRetry(messaging, declared, edge)] : [];
  });
}

function proveReader(messaging: Messaging, declared: Declared, edge: ReadsEdge): Proof {
  const what = edge.events.length === 0 ? 'everything' : edge.events.join(', ');
  const claim = `${what} of ${edge.from} is read by ${edge.consumer}`;
  const via = declared.resource(edge.via);
  const fn = messaging.function(declared.resource(edge.to)?.arn);
  const mapping = messaging.mappings.find(({ resource }) => resource === via);
  const proof = (steps: readonly string[], breaks: readonly Break[]): Proof => ({
    kind: 'delivery',
    claim,
    steps,
    breaks: unique(breaks),
  });
  if (mapping === undefined || fn === undefined || mapping.functionArn !== fn.arn) {
    return proof([], [noReader(edge)]);
  }
  const breaks = [
    ...settingBreaks(edge, mapping),
    ...readingBreaks(messaging, edge, mapping, fn, declared.node(edge.from)?.name),
    ...runtimeBreaks(messaging, edge, mapping, fn.resource),
  ];
  // A broker's queue is inside the broker: the mapping leads from there.
  const sourceArn = declared.resource(edge.from)?.arn ?? mapping.eventSourceArn ?? '';
  const path = pathsBetween(messaging, sourceArn, fn.arn).find(([first]) => first?.hop === via);
  if (path === undefined) return proof([], [noReader(edge), ...breaks]);
  const events = edge.events.flatMap((event) => declared.events(event));
  const walks = (events.length === 0 ? [undefined] : events.flatMap((event) => examplesOf(event))).map(
    (example) => {
      const message =
        example === undefined ? { attributes: {}, body: '', event: undefined } : asMessage(example);
      return { name: example?.name, ...walk(messaging, path, message) };
    },
  );
  return proof(walks[0]?.steps ?? [], [...walks.flatMap((one) => one.breaks), ...breaks]);
}

/** The runtime of a consumer publishes what it failed on to its retry topics. */
function proveRetry(messaging: Messaging, declared: Declared, edge: RetriesEdge): Proof {
  const fn = messaging.function(declared.resource(edge.from)?.arn);
  const role = messaging.role(fn?.roleArn);
  const topic = declared.resource(edge.to)?.arn;
  const claim = `what ${edge.from} fails on is tried again from ${edge.to} after ${edge.delaySeconds} seconds`;
  const isTold =
    topic !== undefined && fn?.environment['WAYBILL_KAFKA_RETRY_TOPICS']?.includes(topic) === true;
  const breaks =
    !isTold || role === undefined
      ? [
          {
            code: 'WAYBILL_PROOF_NO_PATH' as const,
            resource: edge.from,
            message: `its runtime is not told of ${edge.to}`,
            fix: 'let KafkaConsumer set WAYBILL_KAFKA_RETRY_TOPICS',
          },
        ]
      : publishing(messaging, topic, { kind: 'role', role }).flatMap((permission) =>
          breakOf(decide(messaging, permission)),
        );
  return { kind: 'delivery', claim, steps: [], breaks: unique(breaks) };
}

/** What the topology says of the mapping, against what the template says. */
function settingBreaks(edge: ReadsEdge, mapping: EventSourceMapping): readonly Break[] {
  const ofBroker = edge.maximumRetryAttempts === null;
  return [
    ...differs(mapping.resource, 'BatchSize', edge.batchSize, mapping.batchSize),
    ...differs(
      mapping.resource,
      'MaximumBatchingWindowInSeconds',
      edge.maxBatchingWindowSeconds,
      mapping.maxBatchingWindowSeconds,
    ),
    ...(ofBroker
      ? []
      : [
          ...differs(
            mapping.resource,
            'MaximumRetryAttempts',
            edge.maximumRetryAttempts,
            mapping.maximumRetryAttempts,
          ),
          ...differs(
            mapping.resource,
            'MaximumRecordAgeInSeconds',
            edge.maximumRecordAgeSeconds,
            mapping.maximumRecordAgeSeconds,
          ),
          // D3: without it one failed record brings its whole batch back.
          ...differs(
            mapping.resource,
            'FunctionResponseTypes ReportBatchItemFailures',
            true,
            mapping.reportBatchItemFailures,
          ),
          ...differs(
            mapping.resource,
            'BisectBatchOnFunctionError',
            true,
            mapping.bisectBatchOnFunctionError,
          ),
        ]),
    ...(edge.consumerGroupId === undefined
      ? []
      : differs(mapping.resource, 'ConsumerGroupId', edge.consumerGroupId, mapping.consumerGroupId)),
  ];
}

function runtimeBreaks(
  messaging: Messaging,
  edge: ReadsEdge,
  mapping: EventSourceMapping,
  fn: Resource,
): readonly Break[] {
  const environment = messaging.function(fn.arn)?.environment ?? {};
  const queue = messaging.queue(mapping.onFailureArn);
  return [
    ...differs(fn, 'WAYBILL_CONSUMER', edge.consumer, environment['WAYBILL_CONSUMER']),
    ...(queue === undefined
      ? []
      : differs(
          fn,
          'WAYBILL_DEAD_LETTER_QUEUE_URL',
          queue.url,
          environment['WAYBILL_DEAD_LETTER_QUEUE_URL'],
        )),
  ];
}

function noReader({ from, to, via }: ReadsEdge): Break {
  return {
    code: 'WAYBILL_PROOF_NO_PATH',
    resource: via,
    message: `no event source mapping leads from ${from} to ${to}`,
    fix: 'keep the mapping that the consumer makes, or take the consumer out as a whole',
  };
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
