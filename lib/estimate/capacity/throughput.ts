/** Whether the account and Region carry the peak: message sizes, publishes, deliveries, invocations, key requests. */
import type { Resource } from '../../assembly/index.ts';
import { keyRequests } from '../key-requests.ts';
import type { EstimateContext } from '../context.ts';
import { numberOf } from '../context.ts';
import { total } from '../flow.ts';
import type { Flow } from '../flow.ts';
import { QUOTAS, regionalQuota } from '../quotas.ts';
import type { Quota } from '../quotas.ts';
import { requestsTo } from '../requests.ts';
import { verdict } from '../verdict.ts';
import type { Verdict, VerdictCode } from '../verdict.ts';
import { allowedConcurrency } from './consumers.ts';
import { figure } from './figures.ts';

export function throughputVerdicts(context: EstimateContext): readonly Verdict[] {
  return [
    ...eventsTooLarge(context),
    publishRate(context),
    putEventsRate(context),
    busInvocations(context),
    lambdaAccount(context),
    kmsRate(context),
  ].filter((found) => found !== undefined);
}

/** C1. An average above the limit: most messages are refused. */
function eventsTooLarge(context: EstimateContext): readonly Verdict[] {
  const { topology, peak, resourceOf, nodeOf } = context;
  return topology.edges.flatMap((edge) => {
    if (edge.kind !== 'publishes') return [];
    const target = resourceOf(edge.to);
    const limit = nodeOf(edge.to)?.kind === 'bus' ? QUOTAS.putEventsBytes : topicLimit(target);
    return edge.events.flatMap((name) => {
      const bytes = peak.events.get(name)?.averageBytes ?? 0;
      if (bytes <= limit.value) return [];
      return [
        verdict('WAYBILL_CAPACITY_EVENT_TOO_LARGE', {
          severity: 'error',
          constructPath: edge.to,
          received: `${name} has ${figure(bytes)} bytes on average`,
          allowed: `${figure(limit.value)} ${limit.unit}`,
          fix: 'keep the payload in S3 and send where it is, or declare averageBytes as it is on the wire',
          source: limit.source,
        }),
      ];
    });
  });
}

function topicLimit(topic: Resource | undefined): Quota {
  const own = numberOf(topic?.properties['MaximumMessageSize']);
  if (own === undefined) return QUOTAS.snsMessageBytes;
  return { ...QUOTAS.snsMessageBytes, value: own, unit: 'bytes (MaximumMessageSize of the topic)' };
}

function intoAll(context: EstimateContext, kind: 'topic' | 'bus'): { flow: Flow; where: string } {
  const nodes = context.topology.nodes.filter((node) => node.kind === kind);
  const busiest = nodes
    .map(({ id }) => ({ id, perSecond: context.peak.into(id).perSecond }))
    .reduce((a, b) => (b.perSecond > a.perSecond ? b : a), { id: '', perSecond: -1 });
  return { flow: total(nodes.map(({ id }) => context.peak.into(id))), where: busiest.id };
}

function over(
  code: VerdictCode,
  quota: Quota,
  value: number,
  what: { readonly where: string; readonly of: string; readonly fix: string },
): Verdict | undefined {
  if (value <= quota.value) return undefined;
  return verdict(code, {
    severity: quota.isFixed ? 'error' : 'warning',
    constructPath: what.where,
    received: `${figure(value)} ${what.of}`,
    allowed: `${figure(quota.value)} ${quota.unit}`,
    fix: what.fix,
    source: quota.source,
  });
}

function publishRate(context: EstimateContext): Verdict | undefined {
  const { flow, where } = intoAll(context, 'topic');
  return over('WAYBILL_CAPACITY_SNS_PUBLISH', regionalQuota('snsPublishes', context.region), flow.perSecond, {
    where,
    of: 'messages a second into all topics',
    fix: 'ask AWS for more before the traffic comes, or use a Region with a higher quota',
  });
}

function putEventsRate(context: EstimateContext): Verdict | undefined {
  const { flow, where } = intoAll(context, 'bus');
  return over('WAYBILL_CAPACITY_PUT_EVENTS', regionalQuota('putEvents', context.region), flow.perSecond, {
    where,
    of: 'events a second into all buses, a call each where they are not batched',
    fix: 'ask AWS for more, or send events of high volume over a topic',
  });
}

function busInvocations(context: EstimateContext): Verdict | undefined {
  const { where } = intoAll(context, 'bus');
  const buses = context.topology.nodes.filter(({ kind }) => kind === 'bus');
  const deliveries = total(buses.map(({ id }) => context.peak.outOf(id)));
  const quota = regionalQuota('eventBridgeInvocations', context.region);
  return over('WAYBILL_CAPACITY_BUS_INVOCATIONS', quota, deliveries.perSecond, {
    where,
    of: 'deliveries a second of all rules',
    fix: 'ask AWS for more: above it events are delayed, not dropped',
  });
}

/** C13. What the mappings may use, what is reserved, and what HTTP requests take. */
function lambdaAccount(context: EstimateContext): Verdict | undefined {
  const { assembly, mappings, peak, assumptions } = context;
  const ofMappings = mappings.reduce((sum, mapping) => sum + allowedConcurrency(mapping), 0);
  const consumers = new Set(mappings.map((mapping) => mapping.function));
  const reserved = assembly
    .ofType('AWS::Lambda::Function')
    .filter((fn) => !consumers.has(fn))
    .reduce((sum, { properties }) => sum + (numberOf(properties['ReservedConcurrentExecutions']) ?? 0), 0);
  const requests = [...requestsTo(context, peak).values()].reduce((sum, rate) => sum + rate, 0);
  const ofRequests = Math.ceil((requests * assumptions.requestMilliseconds) / 1000);
  return over(
    'WAYBILL_CAPACITY_LAMBDA_ACCOUNT',
    QUOTAS.lambdaConcurrency,
    ofMappings + reserved + ofRequests,
    {
      where: mappings[0]?.queue.constructPath ?? '',
      of: `invocations at once: ${ofMappings} of consumers, ${reserved} reserved, ${ofRequests} of HTTP requests`,
      fix: 'ask AWS for more concurrency, or lower maxConcurrency; what else the account runs comes on top',
    },
  );
}

function kmsRate(context: EstimateContext): Verdict | undefined {
  const requests = keyRequests(context, context.peak);
  const perSecond = [...requests.values()].reduce((sum, rate) => sum + rate, 0);
  const busiest = [...requests].reduce<Resource | undefined>(
    (best, [key, rate]) => (best === undefined || rate > (requests.get(best) ?? 0) ? key : best),
    undefined,
  );
  return over('WAYBILL_CAPACITY_KMS_REQUESTS', regionalQuota('kmsRequests', context.region), perSecond, {
    where: busiest?.constructPath ?? '',
    of: 'key requests a second',
    fix: 'set a longer KmsDataKeyReusePeriodSeconds on the queues, or use SSE-SQS where no key of yours is needed',
  });
}
