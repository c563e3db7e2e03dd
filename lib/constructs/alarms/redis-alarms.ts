/**
 * Alarms of servers of Redis Streams: AmazonElastiCache/latest/dg/CacheMetrics.Redis.html and
 * memorydb/latest/devguide/metrics.memorydb.html. Each is of the node that is worst off.
 */
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** What the nodes of a server are called in metrics, one by one. */
export interface WatchedRedis {
  readonly namespace: 'AWS/ElastiCache' | 'AWS/MemoryDB';
  /** Dimensions of each node. */
  readonly nodes: readonly Readonly<Record<string, string>>[];
}

export function redisFull(server: IConstruct, watched: WatchedRedis): AlarmSpecification {
  return {
    ...ofWorstNode(server, watched, 'DatabaseMemoryUsagePercentage'),
    threshold: 75,
    comparison: '>=',
    minutes: 5,
    severity: 'critical',
    runbook: 'redis',
    description:
      'A node has used 75 % of its memory; a full one refuses every event. See which group does not read, shorten retentionSeconds, or take larger nodes.',
  };
}

export function redisBusy(server: IConstruct, watched: WatchedRedis): AlarmSpecification {
  return {
    ...ofWorstNode(server, watched, 'EngineCPUUtilization'),
    threshold: 80,
    comparison: '>=',
    minutes: 15,
    severity: 'warning',
    runbook: 'redis',
    description:
      'The one thread of a node has been busy for 80 % of a quarter of an hour. Take more shards: partitions are spread over them.',
  };
}

/** With the policy noeviction there are none: the parameter group is another one. */
export function redisEvicts(server: IConstruct, watched: WatchedRedis): AlarmSpecification {
  return {
    ...ofWorstNode(server, watched, 'Evictions'),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'redis',
    description:
      'The server has thrown keys away to make room, streams perhaps among them. Set maxmemory-policy to noeviction, and publish the time again from the event store.',
  };
}

/** The most of ten metrics is what one alarm may look at: AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html. */
const MAX_METRICS = 10;

function ofWorstNode(
  server: IConstruct,
  { namespace, nodes }: WatchedRedis,
  metricName: string,
): Pick<AlarmSpecification, 'watched' | 'metric' | 'expression'> {
  const metrics = nodes
    .slice(0, MAX_METRICS)
    .map(
      (dimensionsMap) =>
        new Metric({ namespace, metricName, dimensionsMap, period: PERIOD, statistic: Stats.MAXIMUM }),
    );
  const [metric] = metrics as [Metric, ...Metric[]];
  if (metrics.length === 1) return { watched: server, metric };
  const usingMetrics = Object.fromEntries(metrics.map((one, index) => [`m${index + 1}`, one]));
  return {
    watched: server,
    metric,
    expression: new MathExpression({ expression: 'MAX(METRICS())', usingMetrics, period: PERIOD }),
  };
}
