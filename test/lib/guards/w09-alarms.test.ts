import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { messagingOf } from '../../../lib/assembly/index.ts';
import { AlertTopic, QueueConsumer, EventTopic } from '../../../lib/constructs/index.ts';
import { deadLetterAlarmOnSent } from '../../../lib/guards/w09-alarms.ts';
import { ENTRY, OrderPlaced, Orders } from '../constructs/support.ts';
import { assemblyFrom, findingsOf, plainStack, template } from './support.ts';

const PLACE = { env: { account: '111111111111', region: 'eu-west-1' } };
const ACTION = { AlarmActions: ['arn:aws:sns:eu-west-1:111111111111:alerts'] };

function alarm(properties: object, type = 'Alarm') {
  return { Type: `AWS::CloudWatch::${type}`, Properties: { ...properties } };
}
function of(queue: string, metric: string) {
  return {
    Namespace: 'AWS/SQS',
    MetricName: metric,
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queue, 'QueueName'] } }],
  };
}
const QUEUES = {
  Dead: { Type: 'AWS::SQS::Queue' },
  Source: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 5 },
    },
  },
};

describe('W9 an alarm can tell somebody of what it watches', () => {
  test('plain CDK: metricNumberOfMessagesSent of a dead-letter queue, and an alarm without an action, are found', () => {
    const messaging = plainStack((stack) => {
      const dead = new Queue(stack, 'Dead');
      new Queue(stack, 'Source', { deadLetterQueue: { queue: dead, maxReceiveCount: 3 } });
      const action = new SnsAction(new Topic(stack, 'Alerts'));
      const threshold = { threshold: 0, evaluationPeriods: 1 };
      dead.metricNumberOfMessagesSent().createAlarm(stack, 'Sent', threshold).addAlarmAction(action);
      dead.metricApproximateNumberOfMessagesVisible().createAlarm(stack, 'Silent', threshold);
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([
      'Plain/Sent MetricName',
      'Plain/Silent AlarmActions',
    ]);
  });

  test('our constructs: nothing, and there are alarms', () => {
    const assembly = assemblyFrom((app) => {
      const stack = new Stack(app, 'Ours', PLACE);
      new AlertTopic(stack, 'Alerts');
      const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
      new QueueConsumer(stack, 'Fulfilment', { subscribesTo: [orders.event(OrderPlaced)], entry: ENTRY });
    });

    const messaging = messagingOf(assembly);

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
    expect(messaging.alarms.length).toBeGreaterThan(3);
  });

  test('messages sent, of a queue that is no dead-letter queue, or beside another metric: nothing', () => {
    const messaging = plainStack((stack) => {
      const dead = new Queue(stack, 'Dead');
      const source = new Queue(stack, 'Source', { deadLetterQueue: { queue: dead, maxReceiveCount: 3 } });
      const action = new SnsAction(new Topic(stack, 'Alerts'));
      source
        .metricNumberOfMessagesSent({ period: Duration.hours(1) })
        .createAlarm(stack, 'Quiet', { threshold: 1, evaluationPeriods: 1 })
        .addAlarmAction(action);
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
  });

  test('messages sent, of the dead-letter queue of a subscription: nothing, for SNS sends', () => {
    const messaging = template({
      Dead: { Type: 'AWS::SQS::Queue' },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          Protocol: 'sqs',
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
        },
      },
      Sent: alarm({ ...of('Dead', 'NumberOfMessagesSent'), ...ACTION }),
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
  });

  test('metric math on messages sent alone is found', () => {
    const metric = of('Dead', 'NumberOfMessagesSent');
    const stat = {
      Metric: { Namespace: metric.Namespace, MetricName: metric.MetricName, Dimensions: metric.Dimensions },
      Stat: 'Sum',
      Period: 60,
    };
    const Metrics = [
      { Id: 'rate', Expression: 'RATE(sent)' },
      { Id: 'sent', MetricStat: stat },
    ];
    const messaging = template({ ...QUEUES, Sent: alarm({ Metrics, ...ACTION }) });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual(['Bare/Sent MetricName']);
  });

  test('actions that are switched off are none', () => {
    const messaging = template({ Alarm: alarm({ ...ACTION, ActionsEnabled: false }) });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual(['Bare/Alarm ActionsEnabled']);
  });

  test.each([
    ['by name', { 'Fn::Sub': 'ALARM("${Child}")' }],
    ['by ARN', { 'Fn::Sub': 'ALARM("${Child.Arn}") AND OK(other)' }],
  ])(
    'a child of a composite alarm with an action, %s, and of a composite in a composite: nothing',
    (_, rule) => {
      const messaging = template({
        Child: alarm({ AlarmName: 'child' }),
        Middle: alarm({ AlarmName: 'middle', AlarmRule: rule }, 'CompositeAlarm'),
        Top: alarm({ AlarmName: 'top', AlarmRule: 'ALARM(middle)', ...ACTION }, 'CompositeAlarm'),
      });

      expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
    },
  );

  test('a child of a composite alarm that is silent itself is found, with it', () => {
    const messaging = template({
      Child: alarm({ AlarmName: 'child' }),
      Top: alarm({ AlarmName: 'top', AlarmRule: 'ALARM(child)' }, 'CompositeAlarm'),
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([
      'Bare/Child AlarmActions',
      'Bare/Top AlarmActions',
    ]);
  });

  test('an alarm that a deployment reads is none of ours; one that a dashboard shows is', () => {
    const reads = (Type: string) =>
      template({
        Alarm: alarm({ AlarmName: 'rollback' }),
        Reader: { Type, Properties: { AlarmConfiguration: { Alarms: [{ Name: { Ref: 'Alarm' } }] } } },
      });

    expect(findingsOf(deadLetterAlarmOnSent, reads('AWS::CodeDeploy::DeploymentGroup'))).toEqual([]);
    expect(findingsOf(deadLetterAlarmOnSent, reads('AWS::CloudWatch::Dashboard'))).toEqual([
      'Bare/Alarm AlarmActions',
    ]);
  });

  test('a rule on state changes speaks for the alarms of its Region', () => {
    const messaging = template({
      Alarm: alarm({ AlarmName: 'told' }),
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['aws.cloudwatch'], 'detail-type': ['CloudWatch Alarm State Change'] },
        },
      },
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
  });

  test('actions that only AWS knows count as some', () => {
    const messaging = plainStack((stack) => {
      const alarm = new Alarm(stack, 'Alarm', {
        metric: new Metric({ namespace: 'AWS/SQS', metricName: 'NumberOfMessagesSent' }),
        threshold: 1,
        evaluationPeriods: 1,
      });
      alarm.addAlarmAction({
        bind: () => ({ alarmActionArn: Stack.of(stack).resolve({ 'Fn::ImportValue': 'alerts' }) as string }),
      });
    });

    expect(findingsOf(deadLetterAlarmOnSent, messaging)).toEqual([]);
  });
});
