/** The alarms of an assembly. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { boolean, list, number, object, text, texts } from './property.ts';

export interface Alarm extends Place {
  /** AWS::CloudWatch::Alarm or CompositeAlarm. */
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly composite: boolean;
  /** The metrics it looks at, those of metric math included; none for a composite alarm. */
  readonly metrics: readonly AlarmMetric[];
  /** Of a composite alarm: names and ARNs of the alarms in its rule. */
  readonly children: readonly string[];
  readonly threshold: number | undefined;
  readonly comparisonOperator: string | undefined;
  readonly evaluationPeriods: number | undefined;
  /** As many as evaluation periods where the template is silent. */
  readonly datapointsToAlarm: number | undefined;
  readonly treatMissingData: string;
  readonly actionsEnabled: boolean;
  readonly alarmActions: readonly string[];
}

export interface AlarmMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string | undefined;
  readonly periodSeconds: number | undefined;
}

export function alarmsOf(assembly: Assembly): readonly Alarm[] {
  return assembly.ofType('AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm').map((resource) => {
    const { properties, accountId, region, name, type } = resource;
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      composite: type === 'AWS::CloudWatch::CompositeAlarm',
      metrics: metricsOf(properties),
      children: childrenOf(text(properties['AlarmRule']) ?? ''),
      threshold: number(properties['Threshold']),
      comparisonOperator: text(properties['ComparisonOperator']),
      evaluationPeriods: number(properties['EvaluationPeriods']),
      datapointsToAlarm: number(properties['DatapointsToAlarm']) ?? number(properties['EvaluationPeriods']),
      treatMissingData: text(properties['TreatMissingData']) ?? 'missing',
      actionsEnabled: boolean(properties['ActionsEnabled']) ?? true,
      alarmActions: texts(properties['AlarmActions']),
    };
  });
}

function metricsOf(properties: Readonly<Record<string, unknown>>): readonly AlarmMetric[] {
  if (properties['MetricName'] !== undefined) return [metricOf(properties, properties)];
  return list(properties['Metrics']).flatMap((entry) => {
    const stat = object(object(entry)?.['MetricStat']);
    return stat === undefined ? [] : [metricOf(object(stat['Metric']) ?? {}, stat)];
  });
}

function metricOf(
  metric: Readonly<Record<string, unknown>>,
  statistics: Readonly<Record<string, unknown>>,
): AlarmMetric {
  return {
    namespace: text(metric['Namespace']) ?? '',
    metricName: text(metric['MetricName']) ?? '',
    dimensions: Object.fromEntries(
      list(metric['Dimensions']).flatMap((entry) => {
        const dimension = object(entry);
        return dimension === undefined ? [] : [[String(dimension['Name']), String(dimension['Value'])]];
      }),
    ),
    statistic:
      text(statistics['Stat']) ?? text(statistics['Statistic']) ?? text(statistics['ExtendedStatistic']),
    periodSeconds: number(statistics['Period']),
  };
}

/** `ALARM("name") OR ALARM(arn)`, AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
function childrenOf(rule: string): readonly string[] {
  return [...rule.matchAll(/\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]+?)"?\s*\)/g)].map(
    ([, alarm = '']) => alarm,
  );
}
