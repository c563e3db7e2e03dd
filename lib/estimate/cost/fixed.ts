/** What is paid for being there: alarms, dashboards, keys with their requests, secrets. */
import type { Resource } from '../../assembly/index.ts';
import { listAt, numberOf } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { keyRequests } from '../key-requests.ts';
import { MONTH_SECONDS } from '../load.ts';
import { linesOf } from './lines.ts';
import type { CostLine } from './lines.ts';

/** Below this period an alarm is of high resolution. */
const STANDARD_PERIOD_SECONDS = 60;
/** The price of key requests is by the ten thousand. */
const KEY_REQUESTS_UNIT = 10_000;

export function alarmCost(context: EstimateContext): readonly CostLine[] {
  const { assembly } = context;
  return [
    ...assembly.ofType('AWS::CloudWatch::Alarm').flatMap((alarm) =>
      linesOf(context, alarm, [
        {
          service: 'CloudWatch',
          item: 'alarms',
          priceItem: isHighResolution(alarm) ? 'highResolutionAlarms' : 'alarms',
          idle: metricsOf(alarm),
        },
      ]),
    ),
    ...assembly
      .ofType('AWS::CloudWatch::CompositeAlarm')
      .flatMap((alarm) =>
        linesOf(context, alarm, [
          { service: 'CloudWatch', item: 'composite alarms', priceItem: 'compositeAlarms', idle: 1 },
        ]),
      ),
    ...assembly
      .ofType('AWS::CloudWatch::Dashboard')
      .flatMap((dashboard) =>
        linesOf(context, dashboard, [
          { service: 'CloudWatch', item: 'dashboards', priceItem: 'dashboards', idle: 1 },
        ]),
      ),
  ];
}

/** An alarm on an expression is charged for each metric in it. */
function metricsOf({ properties }: Resource): number {
  const metrics = listAt(properties, 'Metrics').filter(
    (metric) => typeof metric === 'object' && metric !== null && 'MetricStat' in metric,
  );
  return Math.max(1, metrics.length);
}

function isHighResolution({ properties }: Resource): boolean {
  return (numberOf(properties['Period']) ?? STANDARD_PERIOD_SECONDS) < STANDARD_PERIOD_SECONDS;
}

export function keyCost(context: EstimateContext): readonly CostLine[] {
  const requests = keyRequests(context, context.average);
  return context.assembly.ofType('AWS::KMS::Key').flatMap((key) =>
    linesOf(context, key, [
      { service: 'KMS', item: 'keys', priceItem: 'kmsKeys', idle: 1 },
      {
        service: 'KMS',
        item: 'key requests',
        priceItem: 'kmsRequests',
        idle: 0,
        load: ((requests.get(key) ?? 0) * MONTH_SECONDS) / KEY_REQUESTS_UNIT,
      },
    ]),
  );
}

export function secretCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly
    .ofType('AWS::SecretsManager::Secret')
    .flatMap((secret) =>
      linesOf(context, secret, [
        { service: 'Secrets Manager', item: 'secrets', priceItem: 'secrets', idle: 1 },
      ]),
    );
}
