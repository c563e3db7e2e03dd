import { describe, expect, test } from '@jest/globals';
import { unmeasuredAlarm } from '../../../lib/guards/w09a-unmeasured-alarm.ts';
import { findingsOf, template } from './support.ts';

const sqs = (dimensions: readonly string[], metric = 'ApproximateNumberOfMessagesVisible') => ({
  Namespace: 'AWS/SQS',
  MetricName: metric,
  Dimensions: dimensions.map((Name) => ({ Name, Value: 'orders' })),
});
const stat = (Id: string, Period: number, Namespace = 'AWS/SQS') => ({
  Id,
  ReturnData: false,
  MetricStat: { Metric: { ...sqs(['QueueName']), Namespace }, Period, Stat: 'Sum' },
});
const alarmOn = (properties: object) =>
  template({ Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: properties } });

describe('W9A an alarm looks at what is measured', () => {
  test.each<[string, object, readonly string[]]>([
    ['a metric of a queue', sqs(['QueueName']), []],
    ['a metric of no queue', sqs([]), ['Bare/Alarm Dimensions']],
    ['a metric of something that queues are not', sqs(['TopicName']), ['Bare/Alarm Dimensions']],
    ['a metric with a dimension too many', sqs(['QueueName', 'Stage']), ['Bare/Alarm Dimensions']],
    ['a metric of a shard', { ...sqs(['StreamName', 'ShardId']), Namespace: 'AWS/Kinesis' }, []],
    ["a metric of one's own", { ...sqs([]), Namespace: 'Shop' }, []],
    ['metrics of one period', { Metrics: [stat('a', 60), stat('b', 60)] }, []],
    ['metrics of two periods', { Metrics: [stat('a', 60), stat('b', 600)] }, ['Bare/Alarm Metrics']],
    ['two periods of two namespaces', { Metrics: [stat('a', 60), stat('b', 300, 'Shop')] }, []],
  ])('%s', (_, properties, expected) => {
    expect(findingsOf(unmeasuredAlarm, alarmOn(properties))).toEqual(expected);
  });
});
