/**
 * Requests per second to customer keys, by key. SQS and SNS ask for a data key per principal and reuse it:
 * requests = (2 x producers + consumers) / reuse period, where messages flow at least that often
 * (SQSDeveloperGuide/sqs-key-management.html, sns/latest/dg/sns-key-management.html). EventBridge is taken to do as
 * SNS does (from memory). A busy queue is spread over several hosts of AWS's, each with a data key of its own: the
 * true number is higher there.
 */
import type { Resource } from '../assembly/index.ts';
import { numberOf, valueAt } from './context.ts';
import type { EstimateContext } from './context.ts';
import type { TrafficFlow } from './flow.ts';

/** KmsDataKeyReusePeriodSeconds where a queue sets none; SNS's is fixed at the same. */
const DEFAULT_REUSE_SECONDS = 300;

export function keyRequests(context: EstimateContext, flow: TrafficFlow): ReadonlyMap<Resource, number> {
  const { assembly, nodeIdOf, topology } = context;
  const requests = new Map<Resource, number>();
  const add = (keyReference: unknown, perSecond: number): void => {
    const key = keyNamed(context, keyReference);
    if (key !== undefined) requests.set(key, (requests.get(key) ?? 0) + perSecond);
  };
  const to = Map.groupBy(topology.edges, (edge) => edge.to);
  const from = Map.groupBy(topology.edges, (edge) => edge.from);
  for (const queue of assembly.ofType('AWS::SQS::Queue')) {
    const id = nodeIdOf(queue);
    if (id === undefined) continue;
    const producers = (to.get(id) ?? []).filter(({ kind }) => kind !== 'deadLetters').length;
    const consumers = (from.get(id) ?? []).filter(({ kind }) => kind === 'consumes').length;
    const period = numberOf(queue.properties['KmsDataKeyReusePeriodSeconds']) ?? DEFAULT_REUSE_SECONDS;
    add(queue.properties['KmsMasterKeyId'], rate(flow.into(id).perSecond, period, 2 * producers + consumers));
  }
  for (const target of assembly.ofType(
    'AWS::SNS::Topic',
    'AWS::Events::EventBus',
    'AWS::EventsV2::EventBus',
  )) {
    const id = nodeIdOf(target);
    if (id === undefined) continue;
    const publishers = (to.get(id) ?? []).filter(
      (edge) => edge.kind === 'publishes' && !isService(context, edge.from),
    ).length;
    add(keyOf(target), rate(flow.into(id).perSecond, DEFAULT_REUSE_SECONDS, 2 * publishers));
  }
  return requests;
}

/** As a topic, a classic bus and a custom bus call it. */
function keyOf({ properties }: Resource): unknown {
  return (
    properties['KmsMasterKeyId'] ??
    properties['KmsKeyIdentifier'] ??
    valueAt(properties, 'EncryptionConfiguration', 'KmsKeyIdentifier')
  );
}

/** Rare messages ask for a key each; frequent ones once a period and principal. */
function rate(messagesPerSecond: number, period: number, perPeriod: number): number {
  return Math.min(messagesPerSecond, 1 / period) * perPeriod;
}

function isService({ nodeOf }: EstimateContext, id: string): boolean {
  return nodeOf(id)?.kind === 'service';
}

/** By ARN, by id, or by an alias of the assembly. */
function keyNamed({ assembly }: EstimateContext, reference: unknown): Resource | undefined {
  if (typeof reference !== 'string') return undefined;
  const found =
    assembly.find(reference) ?? assembly.ofType('AWS::KMS::Key').find(({ ref }) => ref === reference);
  return found?.type === 'AWS::KMS::Key' ? found : undefined;
}
