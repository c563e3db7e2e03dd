/**
 * Alarms of Kafka clusters and those who read their topics. msk/latest/developerguide/serverless-monitoring.html and
 * metrics-details-express.html; lambda/latest/dg/monitoring-metrics-types.html
 */
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { maximumOf, PERIOD, sumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** Records that the group has yet to read, of the topic or retry topic that is furthest behind. */
export function offsetLag(fn: IFunction, maxLag: number): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metric('OffsetLag', { period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: maxLag,
    comparison: '>=',
    minutes: 15,
    severity: 'critical',
    runbook: 'kafka',
    symptom: true,
    description: `${maxLag} records or more wait for the consumer group. See the function's errors and duration, then the pollers and partitions.`,
  };
}

/**
 * A record in a dead-letter topic. A serverless cluster counts by topic; Express brokers by broker and topic, so there
 * is an alarm for each.
 */
export function deadLettersInTopic(
  topic: IConstruct,
  { clusterName, brokers }: { readonly clusterName: string; readonly brokers: number },
  topicName: string,
): Readonly<Record<string, AlarmSpecification>> {
  const alarm = (dimensions: Record<string, string>): AlarmSpecification => ({
    watched: topic,
    metric: sumOf('AWS/Kafka', 'MessagesInPerSec', {
      'Cluster Name': clusterName,
      Topic: topicName,
      ...dimensions,
    }),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'kafka',
    description: `A record was put into ${topicName}. Read the reason in its headers, mend the cause, redrive.`,
  });
  if (brokers === 0) return { '': alarm({}) };
  return Object.fromEntries(
    Array.from({ length: brokers }, (_, index) => String(index + 1)).map((broker) => [
      `Broker${broker}`,
      alarm({ 'Broker ID': broker }),
    ]),
  );
}

/** AWS advises to stay below 60 % so that the others can take over: msk/latest/developerguide/bestpractices-express.html. */
export function kafkaBrokerBusy(
  cluster: IConstruct,
  clusterName: string,
  broker: number,
): AlarmSpecification {
  return {
    watched: cluster,
    metric: maximumOf('AWS/Kafka', 'CpuUser', { 'Cluster Name': clusterName, 'Broker ID': String(broker) }),
    threshold: 60,
    comparison: '>=',
    minutes: 15,
    severity: 'warning',
    runbook: 'kafka',
    description: `Broker ${broker} has used 60 % of its processor for a quarter of an hour: the others could not take over its part. Add brokers or take larger ones.`,
  };
}
