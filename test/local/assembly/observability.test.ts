import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rootCaller } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy, type AwsUnderTest } from './assembly-under-test.ts';

let under: AwsUnderTest;
beforeEach(async () => {
  under = await awsUnderTest();
});
afterEach(() => under.close());

const call = async (service: 'monitoring' | 'logs', action: string, input: Record<string, unknown> = {}) => {
  const { context, services } = under.aws;
  return (await services[service].handle(action, input, rootCaller(context))) as Record<string, unknown>;
};

const resources = (threshold: number, retention?: number) => ({
  Alerts: { Type: 'AWS::SNS::Topic' },
  Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
  Alarm: {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: 'dead-letters',
      AlarmActions: [{ Ref: 'Alerts' }],
      ComparisonOperator: 'GreaterThanThreshold',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Dead', 'QueueName'] } }],
      EvaluationPeriods: 1,
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Namespace: 'AWS/SQS',
      Period: 60,
      Statistic: 'Maximum',
      // CloudFormation takes numbers as text.
      Threshold: String(threshold),
      TreatMissingData: 'notBreaching',
    },
  },
  Any: {
    Type: 'AWS::CloudWatch::CompositeAlarm',
    Properties: { AlarmName: 'any', AlarmRule: { 'Fn::Sub': 'ALARM("${Alarm}")' } },
  },
  Board: {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: 'board', DashboardBody: '{"widgets":[]}' },
  },
  Group: {
    Type: 'AWS::Logs::LogGroup',
    Properties: { LogGroupName: 'group', ...(retention !== undefined && { RetentionInDays: retention }) },
  },
  Stream: {
    Type: 'AWS::Logs::LogStream',
    Properties: { LogGroupName: { Ref: 'Group' }, LogStreamName: 'stream' },
  },
  Errors: {
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: { Ref: 'Group' },
      FilterName: 'errors',
      FilterPattern: 'ERROR',
      MetricTransformations: [{ MetricName: 'errors', MetricNamespace: 'app', MetricValue: '1' }],
    },
  },
  Policy: {
    Type: 'AWS::Logs::ResourcePolicy',
    Properties: { PolicyName: 'events', PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' },
  },
});

test('alarms, dashboards, log groups and their filters are made', async () => {
  const deployed = await deploy(under, { stack: { template: { Resources: resources(0, 7) } } });

  expect(deployed.notRun).toEqual([]);
  const { MetricAlarms } = await call('monitoring', 'DescribeAlarms');
  expect(MetricAlarms).toMatchObject([
    {
      AlarmName: 'dead-letters',
      Threshold: 0,
      Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
      AlarmActions: [expect.stringContaining('arn:aws:sns:')],
    },
  ]);
  expect(under.aws.services.monitoring.alarms().map(({ name }) => name)).toEqual(['dead-letters', 'any']);
  expect(await call('logs', 'DescribeLogGroups')).toMatchObject({
    logGroups: [{ logGroupName: 'group', retentionInDays: 7, metricFilterCount: 1 }],
  });
  expect(await call('logs', 'DescribeResourcePolicies')).toMatchObject({
    resourcePolicies: [{ policyName: 'events' }],
  });
});

test('a changed template changes them in place and takes away what it lost', async () => {
  await deploy(under, { stack: { template: { Resources: resources(0, 7) } } });
  under.aws.services.logs.append('group', 'stream', [{ timestamp: Date.now(), message: 'kept' }]);
  const { Errors: _errors, Any: _any, Board: _board, Policy: _policy, ...left } = resources(9);

  await deploy(under, { stack: { template: { Resources: left } } });

  const { MetricAlarms } = await call('monitoring', 'DescribeAlarms');
  expect(MetricAlarms).toMatchObject([{ AlarmName: 'dead-letters', Threshold: 9 }]);
  expect(under.aws.services.monitoring.alarms()).toHaveLength(1);
  const { logGroups } = await call('logs', 'DescribeLogGroups');
  expect(logGroups).toMatchObject([{ logGroupName: 'group', metricFilterCount: 0 }]);
  expect(logGroups).not.toMatchObject([{ retentionInDays: 7 }]);
  expect(under.aws.services.logs.logs('group')).toMatchObject([{ message: 'kept' }]);
  expect(await call('monitoring', 'ListDashboards')).toEqual({ DashboardEntries: [] });
  expect(await call('logs', 'DescribeResourcePolicies')).toEqual({ resourcePolicies: [] });
});
