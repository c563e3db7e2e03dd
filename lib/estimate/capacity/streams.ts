/**
 * Whether streams, Kafka clusters, their readers and state machines carry the declared peak.
 *
 * | rule | number                                                        | limit                                        |
 * | ---- | ------------------------------------------------------------- | -------------------------------------------- |
 * | C25  | records and bytes a second into a stream                      | shards; on demand what a new stream has      |
 * | C26  | rate x (invocation / batch + record) seconds, at once         | shards x parallelizationFactor               |
 * | C27  | bytes a second into the cluster, and into its busiest topic   | of the cluster; of a partition x partitions  |
 * | C28  | as C26                                                        | partitions of the topic                      |
 * | C29  | executions started, and transitions a second                  | the Region's                                 |
 */
import { isKafkaTopic, KAFKA_TOPIC_TYPES } from '../../assembly/index.ts';
import type { Resource } from '../../assembly/index.ts';
import type { ReadsEdge } from '../../topology/index.ts';
import { numberOf, valueAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { executionsOf, transitionsOf } from '../cost/workflows.ts';
import { total } from '../flow.ts';
import type { Flow } from '../flow.ts';
import { QUOTAS, regionalQuota } from '../quotas.ts';
import type { Quota } from '../quotas.ts';
import { quotaRequest, verdict } from '../verdict.ts';
import type { Verdict, VerdictCode } from '../verdict.ts';
import { invocationMilliseconds } from './consumers.ts';
import { figure } from './figures.ts';

export function streamVerdicts(context: EstimateContext): readonly Verdict[] {
  return [
    ...context.assembly.ofType('AWS::Kinesis::Stream').flatMap((stream) => streamThroughput(context, stream)),
    ...context.assembly
      .ofType('AWS::MSK::ServerlessCluster', 'AWS::MSK::Cluster')
      .flatMap((cluster) => kafkaThroughput(context, cluster)),
    ...context.topology.edges.flatMap((edge) => (edge.kind === 'reads' ? reader(context, edge) : [])),
    ...context.assembly
      .ofType('AWS::StepFunctions::StateMachine')
      .flatMap((machine) => executions(context, machine)),
  ];
}

/** Invocations at once that the peak takes, with full batches. */
export function readersNeeded(context: EstimateContext, edge: ReadsEdge): number {
  const perSecond = context.peak.along(edge)?.perSecond ?? 0;
  const milliseconds = invocationMilliseconds(context, edge.consumer, edge.batchSize);
  return Math.ceil((perSecond * milliseconds) / edge.batchSize / 1000);
}

/** A new stream on demand has as much room as four shards. */
const NEW_STREAM_SHARDS = QUOTAS.onDemandStartRecords.value / QUOTAS.shardRecords.value;

function streamThroughput(context: EstimateContext, stream: Resource): readonly Verdict[] {
  const id = context.nodeIdOf(stream);
  if (id === undefined) return [];
  const { perSecond, bytesPerSecond } = context.peak.into(id);
  const what = `${figure(perSecond)} records and ${figure(bytesPerSecond)} bytes a second`;
  const shards = shardsOf(stream);
  if (shards !== undefined) {
    const needed = Math.ceil(
      Math.max(perSecond / QUOTAS.shardRecords.value, bytesPerSecond / QUOTAS.shardBytes.value),
    );
    if (needed <= shards) return [];
    return [
      verdict('WAYBILL_CAPACITY_STREAM_THROUGHPUT', {
        severity: 'warning',
        constructPath: stream.constructPath,
        received: what,
        allowed: `${shards} shards of ${figure(QUOTAS.shardRecords.value)} records and ${figure(QUOTAS.shardBytes.value)} bytes a second`,
        fix: `set shardCount to at least ${needed}, or leave it out: on demand`,
        source: QUOTAS.shardRecords.source,
      }),
    ];
  }
  const { onDemandStartRecords: records, onDemandStartBytes: bytes, onDemandBytes: most } = QUOTAS;
  const isTooMuch = bytesPerSecond > most.value;
  if (!isTooMuch && perSecond <= records.value && bytesPerSecond <= bytes.value) return [];
  return [
    verdict('WAYBILL_CAPACITY_STREAM_THROUGHPUT', {
      severity: isTooMuch ? 'warning' : 'info',
      constructPath: stream.constructPath,
      received: what,
      allowed: isTooMuch
        ? `${figure(most.value)} ${most.unit}`
        : `${figure(records.value)} records and ${figure(bytes.value)} bytes a second while it is new; then twice its peak of the last 30 days`,
      fix: isTooMuch
        ? 'ask AWS for more before the traffic comes'
        : 'let the traffic grow over a day, or set the warm throughput of the stream before it comes',
      source: records.source,
      ...(isTooMuch
        ? {
            request: quotaRequest(
              'Kinesis: On-demand stream write throughput (bytes/s)',
              context.regionOf(stream),
              most.value,
              bytesPerSecond,
            ),
          }
        : {}),
    }),
  ];
}

/** Undefined on demand. */
function shardsOf({ properties }: Resource): number | undefined {
  if (valueAt(properties, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND') return undefined;
  return numberOf(properties['ShardCount']) ?? 1;
}

function kafkaThroughput(context: EstimateContext, cluster: Resource): readonly Verdict[] {
  const topics = context.assembly
    .ofType(...KAFKA_TOPIC_TYPES)
    .filter(({ properties }) => properties['ClusterArn'] === cluster.arn)
    .map((topic) => {
      const id = context.nodeIdOf(topic) ?? '';
      return { topic, into: context.peak.into(id), outOf: context.peak.outOf(id) };
    });
  const into = total(topics.map((topic) => topic.into));
  const outOf = total(topics.map((topic) => topic.outOf));
  if (cluster.type === 'AWS::MSK::Cluster') {
    const brokers = numberOf(cluster.properties['NumberOfBrokerNodes']) ?? 1;
    const large = String(valueAt(cluster.properties, 'BrokerNodeGroupInfo', 'InstanceType')).endsWith(
      '.large',
    );
    const room = { ...QUOTAS.kafkaExpressIn, value: QUOTAS.kafkaExpressIn.value * brokers };
    return large ? above(context, cluster, into, room, `written, by ${brokers} brokers`) : [];
  }
  return [
    ...above(context, cluster, into, QUOTAS.kafkaServerlessIn, 'written'),
    ...above(context, cluster, outOf, QUOTAS.kafkaServerlessOut, 'read'),
    ...topics.flatMap(({ topic, into: written }) => {
      const partitions = numberOf(topic.properties['PartitionCount']) ?? 1;
      const room = { ...QUOTAS.kafkaPartitionIn, value: QUOTAS.kafkaPartitionIn.value * partitions };
      return above(context, topic, written, room, `written, to ${partitions} partitions`);
    }),
  ];
}

function above(
  context: EstimateContext,
  resource: Resource,
  { bytesPerSecond }: Flow,
  quota: Quota,
  what: string,
): readonly Verdict[] {
  return over(context, 'WAYBILL_CAPACITY_KAFKA_THROUGHPUT', resource, quota, bytesPerSecond, {
    of: `bytes a second ${what}`,
    fix: 'raise the partitions or brokers, or ask AWS for more: it slows clients down and gives no error',
    quota: 'MSK Serverless: Maximum throughput per cluster (bytes/s)',
  });
}

function over(
  context: EstimateContext,
  code: VerdictCode,
  resource: Resource,
  quota: Quota,
  value: number,
  what: { readonly of: string; readonly fix: string; readonly quota: string },
): readonly Verdict[] {
  if (value <= quota.value) return [];
  return [
    verdict(code, {
      severity: 'warning',
      constructPath: resource.constructPath,
      received: `${figure(value)} ${what.of}`,
      allowed: `${figure(quota.value)} ${quota.unit}`,
      fix: what.fix,
      source: quota.source,
      ...(quota.isFixed
        ? {}
        : { request: quotaRequest(what.quota, context.regionOf(resource), quota.value, value) }),
    }),
  ];
}

function reader(context: EstimateContext, edge: ReadsEdge): readonly Verdict[] {
  const source = context.resourceOf(edge.from);
  const needed = readersNeeded(context, edge);
  if (source === undefined || edge.retry === true) return [];
  const isKafka = isKafkaTopic(source);
  const shards = isKafka
    ? (numberOf(source.properties['PartitionCount']) ?? 1)
    : (shardsOf(source) ?? onDemandShards(context, edge));
  const allowed = shards * edge.parallelizationFactor;
  if (needed <= allowed) return [];
  return [
    verdict(isKafka ? 'WAYBILL_CAPACITY_KAFKA_READER' : 'WAYBILL_CAPACITY_STREAM_READER', {
      severity: 'warning',
      constructPath: context.resourceOf(edge.via)?.constructPath ?? edge.via,
      received: `${figure(context.peak.along(edge)?.perSecond ?? 0)} records a second take ${needed} invocations at once`,
      allowed: isKafka
        ? `${allowed}, one for each partition`
        : `${allowed}: ${shards} shards x ${edge.parallelizationFactor}`,
      fix: isKafka
        ? 'raise partitionCount while keys may still move, take larger batches, or make the handler faster'
        : 'raise parallelizationFactor, take larger batches, or make the handler faster',
      source: isKafka
        ? 'lambda/latest/dg/kafka-scaling-modes.html'
        : 'lambda/latest/dg/services-kinesis-parameters.html',
    }),
  ];
}

/** As many as the peak itself makes a stream on demand have. */
function onDemandShards(context: EstimateContext, { from }: ReadsEdge): number {
  const { perSecond, bytesPerSecond } = context.peak.into(from);
  return Math.max(
    NEW_STREAM_SHARDS,
    Math.ceil(perSecond / QUOTAS.shardRecords.value),
    Math.ceil(bytesPerSecond / QUOTAS.shardBytes.value),
  );
}

function executions(context: EstimateContext, machine: Resource): readonly Verdict[] {
  if (machine.properties['StateMachineType'] === 'EXPRESS') return [];
  const started = executionsOf(context, machine, context.peak);
  const region = context.regionOf(machine);
  return [
    ...over(
      context,
      'WAYBILL_CAPACITY_STATE_MACHINE',
      machine,
      regionalQuota('startExecution', region),
      started,
      {
        of: 'executions started a second',
        fix: 'ask AWS for more; until then what starts them is throttled and tries again',
        quota: 'Step Functions: StartExecution throttle token refill rate per second',
      },
    ),
    ...over(
      context,
      'WAYBILL_CAPACITY_STATE_MACHINE',
      machine,
      regionalQuota('stateTransitions', region),
      started * transitionsOf(machine),
      {
        of: 'state transitions a second',
        fix: 'ask AWS for more; until then executions take longer',
        quota: 'Step Functions: StateTransition throttle token refill rate per second',
      },
    ),
  ];
}
