/** Alarms of REST APIs. apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html */
import type { RestApi, Stage } from 'aws-cdk-lib/aws-apigateway';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** One request in twenty answered 5xx, as AWS recommends. */
export function restServerErrors(api: RestApi, stage: Stage): AlarmSpecification {
  return {
    watched: api,
    metric: stage.metricServerError({ period: PERIOD, statistic: Stats.AVERAGE }),
    threshold: 0.05,
    minutes: 3,
    severity: 'critical',
    runbook: 'jobs',
    description:
      'The REST API has answered more than 5 % of its requests with 5xx for three minutes. See its access log for the type, then the queue, its key and the functions.',
  };
}

/** Callers err, and are throttled: half of all requests for a quarter of an hour is more than somebody trying things out. */
export function restClientErrors(api: RestApi, stage: Stage): AlarmSpecification {
  return {
    watched: api,
    metric: stage.metricClientError({ period: PERIOD, statistic: Stats.AVERAGE }),
    threshold: 0.5,
    minutes: 15,
    severity: 'warning',
    runbook: 'jobs',
    description:
      'More than half of the requests to the REST API have been refused for a quarter of an hour. See responseType in its access log: UNAUTHORIZED is a token, THROTTLED the rate, BAD_REQUEST_BODY a caller.',
  };
}

/** AWS's recommended 2.5 seconds at p90, for five minutes. */
export function restLatency(api: RestApi, stage: Stage): AlarmSpecification {
  return {
    watched: api,
    metric: stage.metricLatency({ period: PERIOD, statistic: Stats.p(90) }),
    threshold: 2500,
    comparison: '>=',
    minutes: 5,
    severity: 'warning',
    runbook: 'jobs',
    description:
      'One request to the REST API in ten takes 2.5 seconds or longer. See cold starts of the authorizer, and integrationLatency in the access log.',
  };
}
