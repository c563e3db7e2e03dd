/** Alarms of Lambda functions. "Types of metrics for Lambda functions", lambda/latest/dg/monitoring-metrics-types.html. */
import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { maximumOf, PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** The function crashed or ran out of time, which a partial batch response does not count as. */
export function functionErrors(fn: IFunction): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metricErrors({ period: PERIOD, statistic: Stats.SUM }),
    threshold: 0,
    minutes: 3,
    severity: 'warning',
    runbook: 'function-errors',
    symptom: true,
    description: 'The function has crashed or timed out for three minutes in a row. See its log.',
  };
}

/** Throttled invocations use up the receives of messages. */
export function functionThrottles(fn: IFunction): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metricThrottles({ period: PERIOD, statistic: Stats.SUM }),
    threshold: 0,
    minutes: 5,
    severity: 'warning',
    runbook: 'function-errors',
    symptom: true,
    description:
      'The function is throttled. Raise its reserved concurrency or lower the concurrency of its mappings.',
  };
}

const DURATION_SHARE = 0.9;

/** One in ten invocations ends just before its timeout, for a quarter of an hour: the next slow day they crash. */
export function functionNearTimeout(fn: IFunction, timeout: Duration): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metricDuration({ period: PERIOD, statistic: Stats.p(90) }),
    threshold: DURATION_SHARE * timeout.toMilliseconds(),
    comparison: '>=',
    minutes: 15,
    severity: 'warning',
    runbook: 'function-errors',
    description: `The function runs for nearly its timeout of ${timeout.toHumanString()}. Find what is slow, lower the batch size, or raise timeout and visibility timeout together.`,
  };
}

/** Lambda has cut a loop of functions, queues and topics: it drops the message, to the dead-letter queue where there is one. */
export function recursionStopped(fn: IFunction): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metric('RecursiveInvocationsDropped', { period: PERIOD, statistic: Stats.SUM }),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'recursion',
    description:
      'Lambda has stopped a loop: this function publishes what leads back to it. Messages are dropped until the loop is opened.',
  };
}

/** What an asynchronous invocation left behind could not be put on its dead-letter queue or destination. */
export function asyncDestinationFailed(fn: IFunction): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metric('DestinationDeliveryFailures', { period: PERIOD, statistic: Stats.SUM }),
    threshold: 0,
    minutes: 1,
    severity: 'warning',
    runbook: 'outbox-relay',
    description:
      "A failed asynchronous invocation could not be put on its dead-letter queue. See the function role's rights on queue and key.",
  };
}

/** A function that a schedule invokes each `interval` has not run: nothing else would tell. */
export function functionSilent(fn: IFunction, interval: Duration): AlarmSpecification {
  const minutes = SILENT_INTERVALS * interval.toMinutes();
  return {
    watched: fn,
    metric: fn.metricInvocations({ period: Duration.minutes(interval.toMinutes()), statistic: Stats.SUM }),
    threshold: 1,
    comparison: '<',
    minutes,
    severity: 'critical',
    runbook: 'outbox-relay',
    missingData: 'silence',
    description: `The function has not run for ${minutes} minutes: events stay in the outbox. See the schedule and its role.`,
  };
}

const SILENT_INTERVALS = 5;

/** All functions of the account and region share one quota; near it every one of them is throttled. */
export function accountConcurrency(quota: number): AlarmSpecification {
  return {
    metric: maximumOf('AWS/Lambda', 'ClaimedAccountConcurrency', {}),
    threshold: ACCOUNT_SHARE * quota,
    minutes: 10,
    severity: 'critical',
    runbook: 'account-concurrency',
    description: `The functions of this account claim more than ${ACCOUNT_SHARE * 100} % of its concurrency of ${quota}. Find who, lower a maxConcurrency, ask for a higher quota.`,
  };
}

const ACCOUNT_SHARE = 0.9;
