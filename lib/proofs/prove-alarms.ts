/** Claims of alarms: each that is declared watches what it says, and tells somebody. */
import { deliveriesOf } from '../access/index.ts';
import type { Alarm, Messaging, Resource } from '../assembly/index.ts';
import type { AlertsEdge } from '../topology/index.ts';
import { accessBreaks } from './check-access.ts';
import type { Declared } from './declared.ts';
import type { Break, Proof } from './proof.ts';

export function proveAlarms(messaging: Messaging, declared: Declared): readonly Proof[] {
  const byPath = new Map(messaging.alarms.map((alarm) => [alarm.resource.constructPath, alarm]));
  return declared.topology.edges.flatMap((edge) => {
    if (edge.kind !== 'alerts') return [];
    const alarm = byPath.get(edge.alarm);
    const claim = `an alarm on ${edge.metric} of ${edge.from}, threshold ${edge.threshold}, tells ${edge.to}`;
    const breaks = alarm === undefined ? [missing(edge)] : breaksOf(messaging, declared, edge, alarm);
    return [{ kind: 'alarm', claim, steps: [edge.alarm], breaks } as const];
  });
}

function missing({ alarm, from }: AlertsEdge): Break {
  return {
    code: 'WAYBILL_PROOF_ALARM_MISSING',
    resource: alarm,
    message: `the alarm of ${from} is declared, and no template holds it`,
    fix: 'synthesize again; if it stays away, something has removed it',
  };
}

function breaksOf(
  messaging: Messaging,
  declared: Declared,
  edge: AlertsEdge,
  alarm: Alarm,
): readonly Break[] {
  const breaks: Break[] = [];
  const wrong = (message: string, fix: string) =>
    breaks.push({
      code: 'WAYBILL_PROOF_ALARM_MISSING',
      resource: alarm.resource.constructPath,
      message,
      fix,
    });
  const metric = alarm.metrics.find(({ metricName }) => metricName === edge.metric);
  if (metric === undefined)
    wrong(`it does not look at ${edge.metric}`, `make it look at ${edge.metric} of ${edge.from}`);
  const watched = declared.resource(edge.from);
  const isWatched =
    metric?.namespace === OWN_NAMESPACE
      ? isMeasured(declared, metric.dimensions)
      : metric !== undefined && watched !== undefined && watches(metric.dimensions, watched);
  if (metric !== undefined && watched !== undefined && !isWatched) {
    wrong(
      `it looks at ${JSON.stringify(metric.dimensions)}, not at ${edge.from}`,
      `make it look at ${watched.name}`,
    );
  }
  for (const { property, declared: wanted, found } of differences(edge, alarm, metric)) {
    wrong(
      `its ${property} is ${String(found)}, and declared as ${String(wanted)}`,
      `set it to ${String(wanted)}`,
    );
  }
  if (alarm.threshold !== edge.threshold) {
    wrong(
      `its threshold is ${String(alarm.threshold)}, and declared as ${edge.threshold}`,
      `set it to ${edge.threshold}`,
    );
  }
  const acting = actingAlarms(messaging, alarm);
  const told = declared.resource(edge.to)?.arn;
  if (!acting.some(({ alarmActions }) => told === undefined || alarmActions.includes(told))) {
    wrong(
      `it tells nobody: no action of its own, and no composite alarm with one`,
      `add ${edge.to} to AlarmActions`,
    );
  }
  const delivered = deliveriesOf(messaging).filter(({ hop }) =>
    acting.some(({ resource }) => resource === hop),
  );
  return [...breaks, ...delivered.flatMap((delivery) => accessBreaks(messaging, delivery))];
}

interface Difference {
  readonly property: string;
  readonly declared: unknown;
  readonly found: unknown;
}

/** How the metric is looked at, as it is declared and as the template says. */
function differences(
  { condition }: AlertsEdge,
  alarm: Alarm,
  metric: Alarm['metrics'][number] | undefined,
): readonly Difference[] {
  if (condition === undefined || metric === undefined) return [];
  const found: Readonly<Record<keyof typeof condition, unknown>> = {
    namespace: metric.namespace,
    dimensions: Object.keys(metric.dimensions).toSorted().join(', '),
    statistic: metric.statistic,
    periodSeconds: metric.periodSeconds,
    comparisonOperator: alarm.comparisonOperator,
    evaluationPeriods: alarm.evaluationPeriods,
    datapointsToAlarm: alarm.datapointsToAlarm,
    treatMissingData: alarm.treatMissingData,
  };
  return Object.entries({ ...condition, dimensions: condition.dimensions.join(', ') })
    .map(([property, declared]) => ({ property, declared, found: found[property as keyof typeof found] }))
    .filter((one) => one.declared !== one.found);
}

/** What a function measures in an event store: no resource of AWS's is named, but a consumer is. */
const OWN_NAMESPACE = 'Waybill/EventStore';

function isMeasured(
  { topology }: Declared,
  { Consumer: name, Environment: environment }: Readonly<Record<string, string>>,
): boolean {
  return (
    environment === topology.environment &&
    topology.edges.some(
      (edge) => (edge.kind === 'follows' || edge.kind === 'consumes') && edge.consumer === name,
    )
  );
}

/** Metrics name what they watch in one of their dimensions: a queue's name, an API's id, a schedule's group. */
function watches(
  dimensions: Readonly<Record<string, string>>,
  { name, ref, arn, properties }: Resource,
): boolean {
  const names = new Set([name, ref, arn, ...Object.values(properties)]);
  const values = Object.values(dimensions);
  // A node's name begins with that of its replication group.
  const group = properties['ReplicationGroupId'];
  return values.some(
    (value) => names.has(value) || (typeof group === 'string' && value.startsWith(`${group}-`)),
  );
}

/** The alarm itself, and composite alarms that watch it, as far as they act. */
function actingAlarms({ alarms }: Messaging, alarm: Alarm): readonly Alarm[] {
  const parents = alarms.filter(
    ({ children }) => children.includes(alarm.name) || children.includes(alarm.arn),
  );
  return [alarm, ...parents].filter(
    ({ actionsEnabled, alarmActions }) => actionsEnabled && alarmActions.length > 0,
  );
}
