/**
 * Alarms of RabbitMQ brokers. RabbitMQ 4 on Amazon MQ has no metrics by queue, so these are of the broker:
 * amazon-mq/latest/developer-guide/rabbitmq-logging-monitoring.html
 */
import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { maximumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

export function brokerBusy(broker: IConstruct, brokerName: string): AlarmSpecification {
  return {
    watched: broker,
    metric: maximumOf('AWS/AmazonMQ', 'SystemCpuUtilization', { Broker: brokerName }),
    threshold: 80,
    comparison: '>=',
    minutes: 15,
    severity: 'warning',
    runbook: 'broker',
    description:
      'The broker has used 80 % of its processor for a quarter of an hour. Look for a queue that grows, then take a larger instance.',
  };
}

/**
 * Messages that nobody takes, those in dead-letter queues included: the least of each hour is above zero only where
 * some were there all the hour long.
 */
export function brokerUnread(broker: IConstruct, brokerName: string): AlarmSpecification {
  return {
    watched: broker,
    metric: new Metric({
      namespace: 'AWS/AmazonMQ',
      metricName: 'MessageReadyCount',
      dimensionsMap: { Broker: brokerName },
      period: Duration.hours(1),
      statistic: Stats.MINIMUM,
    }),
    threshold: 0,
    minutes: 60,
    severity: 'critical',
    runbook: 'broker',
    description:
      'For an hour there have been messages in the broker that nobody took: dead letters, or a queue whose consumer has stopped. See the queues in the console of RabbitMQ.',
  };
}
