/** What the stages of HTTP and WebSocket APIs have in common: deployed at once, throttled, with metrics by route and an access log. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import type { StageOptions } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

interface ApiStageProps {
  /** Requests, connects or messages a second, over all routes and callers. */
  readonly throttlingRateLimit: number;
  /** As many at once above the rate. */
  readonly throttlingBurstLimit: number;
  readonly logRetention: RetentionDays;
}

/** `fields` are the access log's, each with its variable of `$context`. Addresses of callers are personal data: leave them out. */
export function apiStageOptions(
  scope: Construct,
  props: ApiStageProps,
  fields: Readonly<Record<string, string>>,
): StageOptions {
  const accessLog = new LogGroup(scope, 'AccessLog', {
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return {
    autoDeploy: true,
    detailedMetricsEnabled: true,
    throttle: { rateLimit: props.throttlingRateLimit, burstLimit: props.throttlingBurstLimit },
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(fields)),
    },
  };
}
