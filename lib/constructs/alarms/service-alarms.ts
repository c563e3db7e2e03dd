/** Alarms of what stands at the edges: the HTTP API and the database. */
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import { PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/**
 * One request in twenty answered 5xx, as AWS recommends. Functions answer 5xx instead of failing, so their own
 * alarm on errors does not see it. apigateway/latest/developerguide/http-api-metrics.html
 */
export function serverErrors(api: HttpApi): AlarmSpecification {
  return {
    watched: api,
    metric: api.metricServerError({ period: PERIOD, statistic: Stats.AVERAGE }),
    threshold: 0.05,
    minutes: 3,
    severity: 'critical',
    runbook: 'http-api',
    description:
      "The API has answered more than 5 % of its requests with 5xx for three minutes. See the functions' logs and the database.",
  };
}

/** AWS's recommended 2.5 seconds at p90, for five minutes. */
export function latency(api: HttpApi): AlarmSpecification {
  return {
    watched: api,
    metric: api.metricLatency({ period: PERIOD, statistic: Stats.p(90) }),
    threshold: 2500,
    comparison: '>=',
    minutes: 5,
    severity: 'warning',
    runbook: 'http-api',
    description:
      'One request in ten takes 2.5 seconds or longer. See cold starts, the database and its capacity.',
  };
}

/** Aurora's own limit, whatever the memory: AuroraUserGuide/aurora-serverless-v2.setting-capacity.html. */
const MAX_CONNECTIONS = 5000;
/** The same page: the most connections of a cluster whose least capacity is 0 or 0.5 units. */
const MAX_CONNECTIONS_OF_SMALL_MINIMUM = 2000;
/** Bytes of memory behind one connection, the default of the parameter max_connections. Same page. */
const BYTES_PER_CONNECTION = 9_531_392;
const BYTES_PER_CAPACITY_UNIT = 2 * 1024 ** 3;
/** Of the calculated connections: what the system itself takes of the memory leaves up to a sixth fewer. */
const CONNECTIONS_SHARE = 0.7;

/** The default of max_connections at most, which follows from the most and the least capacity. */
export function maxConnections(minCapacity: number, maxCapacity: number): number {
  const byMemory = Math.floor((maxCapacity * BYTES_PER_CAPACITY_UNIT) / BYTES_PER_CONNECTION);
  return Math.min(byMemory, minCapacity < 1 ? MAX_CONNECTIONS_OF_SMALL_MINIMUM : MAX_CONNECTIONS);
}

/**
 * Aurora's four: at the end of its capacity, of its connections, in deadlocks, and of its transaction ids.
 * AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html. Not CPU: it is what ACUUtilization is made of. Not free
 * storage: the volume grows by itself.
 */
export function databaseAlarms(
  cluster: DatabaseCluster,
  minCapacity: number,
  maxCapacity: number,
): Readonly<Record<'Capacity' | 'Connections' | 'Deadlocks' | 'TransactionIds', AlarmSpecification>> {
  const connections = Math.floor(CONNECTIONS_SHARE * maxConnections(minCapacity, maxCapacity));
  const metric = (name: string, statistic: string = Stats.MAXIMUM) =>
    cluster.metric(name, { period: PERIOD, statistic });
  const alarm = { watched: cluster, severity: 'warning', runbook: 'database', comparison: '>=' } as const;
  return {
    Capacity: {
      ...alarm,
      metric: metric('ACUUtilization'),
      threshold: 90,
      minutes: 15,
      description: `The database has run at 90 % of its ${maxCapacity} capacity units or more for a quarter of an hour. Raise maxCapacity, or find the query.`,
    },
    Connections: {
      ...alarm,
      metric: metric('DatabaseConnections'),
      threshold: connections,
      minutes: 5,
      severity: 'critical',
      description: `${connections} connections or more are open; a little above it the database refuses more, and functions fail. Lower a maxConcurrency, or raise maxCapacity.`,
    },
    Deadlocks: {
      ...alarm,
      metric: metric('Deadlocks', Stats.AVERAGE),
      threshold: 0,
      comparison: '>',
      minutes: 5,
      description:
        'Transactions have deadlocked for five minutes in a row. See the log of the database for the two statements.',
    },
    TransactionIds: {
      ...alarm,
      metric: metric('MaximumUsedTransactionIDs'),
      // Autovacuum starts at 200 million; at two thousand million PostgreSQL stops writing.
      threshold: 1_000_000_000,
      minutes: 1,
      severity: 'critical',
      description:
        'A thousand million transaction ids are in use: vacuum does not keep up, and at two thousand million the database stops writing. Find the oldest transaction.',
    },
  };
}

/** Seconds that the database of another Region may be behind. Aurora is below one, whatever is written. */
const MAX_REPLICATION_LAG_SECONDS = 10;

/**
 * What a failover now would lose: how far the cluster is behind the commits of the Region that it follows. Aurora measures it
 * in the cluster that follows, in milliseconds: AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html, AuroraGlobalDBRPOLag.
 */
export function databaseBehind(cluster: DatabaseCluster): AlarmSpecification {
  return {
    watched: cluster,
    metric: cluster.metric('AuroraGlobalDBRPOLag', { period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: 1000 * MAX_REPLICATION_LAG_SECONDS,
    comparison: '>=',
    minutes: 5,
    severity: 'critical',
    runbook: 'database',
    missingData: 'silence',
    description: `The database of this Region has been ${MAX_REPLICATION_LAG_SECONDS} seconds or more behind the first one for five minutes, or does not follow it any more. A failover now would lose what is missing.`,
  };
}
