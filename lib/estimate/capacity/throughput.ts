/** Whether the account and Region carry the peak: message sizes, publishes, deliveries, invocations, key requests. */
import type { Resource } from '../../assembly/index.ts';
import { isRecord } from '../../json.ts';
import { keyRequests } from '../key-requests.ts';
import type { EstimateContext, QueueMapping } from '../context.ts';
import { numberOf } from '../context.ts';
import { total } from '../flow.ts';
import type { Flow } from '../flow.ts';
import { QUOTAS, regionalQuota } from '../quotas.ts';
import type { Quota } from '../quotas.ts';
import { requestsTo } from '../requests.ts';
import { quotaRequest, verdict } from '../verdict.ts';
import type { Verdict, VerdictCode } from '../verdict.ts';
import { allowedConcurrency } from './consumers.ts';
import { figure } from './figures.ts';
import { readersNeeded } from './streams.ts';

export function throughputVerdicts(context: EstimateContext): readonly Verdict[] {
  return [
    ...eventsTooLarge(context),
    ...publishRate(context),
    ...putEventsRate(context),
    ...busInvocations(context),
    ...lambdaAccount(context),
    ...kmsRate(context),
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
      if (bytes <= limit.value || isStored(context, edge.to, name)) return [];
      return [
        verdict('WAYBILL_CAPACITY_EVENT_TOO_LARGE', {
          severity: 'error',
          constructPath: edge.to,
          received: `${name} has ${figure(bytes)} bytes on average`,
          allowed: `${figure(limit.value)} ${limit.unit}`,
          fix: 'give the publisher a claim check: grants.store(publisher, [event]) of a ClaimCheckBucket, or declare averageBytes as it is',
          source: limit.source,
        }),
      ];
    });
  });
}

/** Whether everybody who publishes the event there moves its data to a claim check bucket first (D12). */
function isStored({ topology, resourceOf }: EstimateContext, target: string, event: string): boolean {
  const publishers = topology.edges.flatMap((edge) =>
    edge.kind === 'publishes' && edge.to === target && edge.events.includes(event)
      ? (resourceOf(edge.from) ?? [])
      : [],
  );
  return publishers.length > 0 && publishers.every((publisher) => storesOf(publisher).includes(event));
}

/** `claims/TENANT/EVENT/...` of the patterns that the publisher's function was told. */
function storesOf({ properties }: Resource): readonly (string | undefined)[] {
  const { Environment: environment } = properties;
  const variables = isRecord(environment) ? environment['Variables'] : undefined;
  const patterns = isRecord(variables) ? variables['WAYBILL_CLAIM_STORES'] : undefined;
  return typeof patterns === 'string' ? patterns.split(',').map((pattern) => pattern.split('/')[2]) : [];
}

function topicLimit(topic: Resource | undefined): Quota {
  const own = numberOf(topic?.properties['MaximumMessageSize']);
  if (own === undefined) return QUOTAS.snsMessageBytes;
  return { ...QUOTAS.snsMessageBytes, value: own, unit: 'bytes (MaximumMessageSize of the topic)' };
}

interface InRegion {
  readonly region: string | undefined;
  readonly flow: Flow;
  /** The busiest: where the verdict is told. */
  readonly where: string;
}

/** What flows in or out of all resources of a type, by Region: quotas are the Region's. */
function byRegion(
  context: EstimateContext,
  type: string,
  flowOf: (nodeId: string) => Flow,
): readonly InRegion[] {
  const flowing = context.assembly.ofType(type).flatMap((resource) => {
    const id = context.nodeIdOf(resource);
    return id === undefined ? [] : [{ resource, flow: flowOf(id) }];
  });
  return [...Map.groupBy(flowing, ({ resource }) => context.regionOf(resource))].map(
    ([region, inRegion]) => ({
      region,
      flow: total(inRegion.map(({ flow }) => flow)),
      where: inRegion.reduce((a, b) => (b.flow.perSecond > a.flow.perSecond ? b : a)).resource.constructPath,
    }),
  );
}

function over(
  code: VerdictCode,
  quota: Quota,
  value: number,
  what: {
    readonly where: string;
    readonly of: string;
    readonly fix: string;
    /** As Service Quotas calls it. */
    readonly quota: string;
    readonly region: string | undefined;
  },
): Verdict | undefined {
  if (value <= quota.value) return undefined;
  return verdict(code, {
    severity: quota.isFixed ? 'error' : 'warning',
    constructPath: what.where,
    received: `${figure(value)} ${what.of}`,
    allowed: `${figure(quota.value)} ${quota.unit}`,
    fix: what.fix,
    source: quota.source,
    ...(quota.isFixed ? {} : { request: quotaRequest(what.quota, what.region, quota.value, value) }),
  });
}

function publishRate(context: EstimateContext): readonly (Verdict | undefined)[] {
  return byRegion(context, 'AWS::SNS::Topic', context.peak.into).map(({ region, flow, where }) =>
    over('WAYBILL_CAPACITY_SNS_PUBLISH', regionalQuota('snsPublishes', region), flow.perSecond, {
      where,
      region,
      quota: 'SNS: Publish API throughput',
      of: 'messages a second into all topics',
      fix: 'ask AWS for more before the traffic comes, or use a Region with a higher quota',
    }),
  );
}

function putEventsRate(context: EstimateContext): readonly (Verdict | undefined)[] {
  return byRegion(context, 'AWS::Events::EventBus', context.peak.into).map(({ region, flow, where }) =>
    over('WAYBILL_CAPACITY_PUT_EVENTS', regionalQuota('putEvents', region), flow.perSecond, {
      where,
      region,
      quota: 'EventBridge: PutEvents throttle limit in transactions per second',
      of: 'events a second into all buses, a call each where they are not batched',
      fix: 'ask AWS for more, or send events of high volume over a topic',
    }),
  );
}

function busInvocations(context: EstimateContext): readonly (Verdict | undefined)[] {
  return byRegion(context, 'AWS::Events::EventBus', context.peak.outOf).map(({ region, flow, where }) =>
    over(
      'WAYBILL_CAPACITY_BUS_INVOCATIONS',
      regionalQuota('eventBridgeInvocations', region),
      flow.perSecond,
      {
        where,
        region,
        quota: 'EventBridge: Invocations throttle limit in transactions per second',
        of: 'deliveries a second of all rules',
        fix: 'ask AWS for more: above it events are delayed, not dropped',
      },
    ),
  );
}

/** Invocations at once that the readers of streams and topics among these functions may take at peak. */
function readersAtOnce(context: EstimateContext, functions: readonly Resource[]): number {
  const mine = new Set(functions);
  return context.topology.edges.reduce((sum, edge) => {
    if (edge.kind !== 'reads' || edge.retry === true) return sum;
    const fn = context.resourceOf(edge.to);
    return fn !== undefined && mine.has(fn) ? sum + readersNeeded(context, edge) : sum;
  }, 0);
}

/** C13. What the mappings may use, what is reserved, and what HTTP requests take, in each account and Region. */
function lambdaAccount(context: EstimateContext): readonly (Verdict | undefined)[] {
  const { assembly, mappings, peak, assumptions, regionOf } = context;
  const placeOf = (resource: Resource): string => `${resource.accountId}/${regionOf(resource) ?? ''}`;
  const functions = assembly.ofType('AWS::Lambda::Function');
  const consumers = new Set(mappings.map((mapping) => mapping.function));
  const requests = requestsTo(context, peak);
  return [...Map.groupBy(functions, placeOf)].map(([place, ofPlace]) => {
    const mine = mappings.filter(({ mapping }) => placeOf(mapping) === place);
    const ofMappings =
      mine.reduce((sum, mapping) => sum + allowedConcurrency(mapping), 0) + readersAtOnce(context, ofPlace);
    const reserved = ofPlace
      .filter((fn) => !consumers.has(fn))
      .reduce((sum, { properties }) => sum + (numberOf(properties['ReservedConcurrentExecutions']) ?? 0), 0);
    const perSecond = ofPlace.reduce((sum, fn) => sum + (requests.get(fn) ?? 0), 0);
    const ofRequests = Math.ceil((perSecond * assumptions.requestMilliseconds) / 1000);
    const busiest = mine.reduce<QueueMapping | undefined>(
      (a, b) => (a === undefined || allowedConcurrency(b) > allowedConcurrency(a) ? b : a),
      undefined,
    );
    return over(
      'WAYBILL_CAPACITY_LAMBDA_ACCOUNT',
      QUOTAS.lambdaConcurrency,
      ofMappings + reserved + ofRequests,
      {
        where: busiest?.queue.constructPath ?? ofPlace[0]!.constructPath,
        region: regionOf(ofPlace[0]),
        quota: 'Lambda: Concurrent executions',
        of: `invocations at once: ${ofMappings} of consumers, ${reserved} reserved, ${ofRequests} of HTTP requests`,
        fix: 'ask AWS for more concurrency, or lower maxConcurrency; what else the account runs comes on top',
      },
    );
  });
}

function kmsRate(context: EstimateContext): readonly (Verdict | undefined)[] {
  const requests = [...keyRequests(context, context.peak)];
  return [...Map.groupBy(requests, ([key]) => context.regionOf(key))].map(([region, inRegion]) => {
    const perSecond = inRegion.reduce((sum, [, rate]) => sum + rate, 0);
    const [busiest] = inRegion.reduce((a, b) => (b[1] > a[1] ? b : a));
    return over('WAYBILL_CAPACITY_KMS_REQUESTS', regionalQuota('kmsRequests', region), perSecond, {
      where: busiest.constructPath,
      region,
      quota: 'KMS: Cryptographic operations (symmetric) request rate',
      of: 'key requests a second',
      fix: 'set a longer KmsDataKeyReusePeriodSeconds on the queues, or use SSE-SQS where no key of yours is needed',
    });
  });
}
