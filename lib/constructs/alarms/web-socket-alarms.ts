/** Alarms of a stage of a WebSocket API. apigateway/latest/developerguide/apigateway-websocket-api-logging.html */
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { PERIOD, sumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** New connections a second of an account and Region, over all APIs: apigateway-execution-service-websocket-limits-table.html */
export const NEW_CONNECTIONS_PER_SECOND = 500;
/** Of what is possible: from there on a little more is refused. */
const CONNECTS_SHARE = 0.8;
/** One in twenty, as AWS recommends. */
const ERROR_SHARE = 0.05;

export interface WatchedStage {
  /** For the topology. */
  readonly watched: IConstruct;
  readonly apiId: string;
  readonly stageName: string;
  /** Requests a second that the stage lets through. */
  readonly throttlingRateLimit: number;
}

export function webSocketAlarms(
  stage: WatchedStage,
): Readonly<Record<'ClientError' | 'Connect' | 'ExecutionError' | 'IntegrationError', AlarmSpecification>> {
  const { watched, throttlingRateLimit } = stage;
  const dimensions = { ApiId: stage.apiId, Stage: stage.stageName };
  const share = (metricName: string) => ({
    watched,
    metric: new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: dimensions,
      period: PERIOD,
      statistic: Stats.AVERAGE,
    }),
    threshold: ERROR_SHARE,
    runbook: 'web-socket' as const,
  });
  const connects = Math.floor(
    CONNECTS_SHARE * 60 * Math.min(throttlingRateLimit, NEW_CONNECTIONS_PER_SECOND),
  );
  return {
    ClientError: {
      ...share('ClientError'),
      minutes: 5,
      severity: 'warning',
      description:
        'More than 5 % of connects and messages have been refused for five minutes: tickets that are not valid, or throttling. See the access log by status.',
    },
    ExecutionError: {
      ...share('ExecutionError'),
      minutes: 3,
      severity: 'critical',
      description:
        'API Gateway could not call the functions behind more than 5 % of connects and messages for three minutes. See permissions and integrations of the last deployment.',
    },
    IntegrationError: {
      ...share('IntegrationError'),
      minutes: 3,
      severity: 'critical',
      description:
        "Functions behind more than 5 % of connects and messages have failed for three minutes. See the access log and the functions' own.",
    },
    Connect: {
      watched,
      metric: sumOf('AWS/ApiGateway', 'ConnectCount', dimensions),
      threshold: connects,
      comparison: '>=',
      minutes: 3,
      severity: 'warning',
      runbook: 'web-socket',
      description: `${connects} connections or more have been made in each of three minutes, which is near what is let through. All clients came back at once, or one does not wait between tries.`,
    },
  };
}
