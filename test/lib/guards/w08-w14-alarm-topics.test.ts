import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, CfnBucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SnsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { TopicProps } from 'aws-cdk-lib/aws-sns';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from '@jest/globals';
import { alarmTarget } from '../../../lib/guards/w08-alarm-target.ts';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

const publish = (service: string, resource: string) =>
  new PolicyStatement({
    principals: [new ServicePrincipal(service)],
    actions: ['sns:Publish'],
    resources: [resource],
  });

function alarms(props: (stack: Stack) => TopicProps, change: (topic: Topic) => void = () => {}, count = 1) {
  return plainStack((stack) => {
    const topic = new Topic(stack, 'Topic', props(stack));
    change(topic);
    for (let index = 1; index <= count; index += 1) {
      new Alarm(stack, `Alarm${index}`, {
        metric: new Metric({ namespace: 'Shop', metricName: 'Errors' }),
        threshold: index,
        evaluationPeriods: 1,
      }).addAlarmAction(new SnsAction(topic));
    }
  });
}

function keyFor(service: string | undefined) {
  return (stack: Stack): TopicProps => {
    const masterKey = new Key(stack, 'Key');
    if (service !== undefined) {
      masterKey.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal(service)],
          actions: ['kms:GenerateDataKey*', 'kms:Decrypt'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
        }),
      );
    }
    return { masterKey };
  };
}

describe('W8 CloudWatch reaches what an alarm should notify', () => {
  test('SnsAction of plain CDK and an encrypted topic: the key is not granted', () => {
    expect(found(alarms(keyFor(undefined)))).toEqual(['W8 Plain/Key KeyPolicy']);
  });

  test("AWS's own key", () => {
    const awsOwn = (stack: Stack) => ({ masterKey: Alias.fromAliasName(stack, 'Key', 'alias/aws/sns') });
    expect(found(alarms(awsOwn))).toEqual(['W8 Plain/Topic KmsMasterKeyId']);
  });

  test('a topic policy that lets others in, and CloudWatch not', () => {
    const messaging = alarms(
      () => ({}),
      (topic) => topic.addToResourcePolicy(publish('events.amazonaws.com', topic.topicArn)),
      5,
    );

    expect(found(messaging)).toEqual(['W8 Plain/Topic AWS::SNS::TopicPolicy']);
    expect(alarmTarget.check(messaging)[0]?.received).toBe(
      'nothing that allows cloudwatch.amazonaws.com sns:Publish, for Plain/Alarm1, Plain/Alarm2, Plain/Alarm3 and 2 more',
    );
  });

  test('the default policy, a key that lets CloudWatch in, and alarms whose actions are off: nothing', () => {
    expect(found(alarms(() => ({})))).toEqual([]);
    expect(found(alarms(keyFor('cloudwatch.amazonaws.com')))).toEqual([]);
    expect(found(alarms(keyFor('events.amazonaws.com'), undefined, 0))).toEqual([]);
  });
});

describe('W14 a policy that only denies has not replaced the default that something relies on', () => {
  const enforceSSL = () => ({ enforceSSL: true });

  test('`enforceSSL` of plain CDK, and an alarm: found', () => {
    expect(found(alarms(enforceSSL))).toEqual(['W14 Plain/Topic AWS::SNS::TopicPolicy']);
  });

  test('`enforceSSL`, and CloudWatch let in again: nothing', () => {
    const letIn = (topic: Topic) =>
      void topic.addToResourcePolicy(publish('cloudwatch.amazonaws.com', topic.topicArn));
    expect(found(alarms(enforceSSL, letIn))).toEqual([]);
  });

  test('`enforceSSL`, and a bucket that notifies by a property', () => {
    const messaging = plainStack((stack) => {
      const topic = new Topic(stack, 'Topic', { enforceSSL: true });
      new CfnBucket(stack, 'Bucket', {
        notificationConfiguration: {
          topicConfigurations: [{ event: 's3:ObjectCreated:*', topic: topic.topicArn }],
        },
      });
    });

    expect(found(messaging)).toEqual(['W14 Plain/Topic AWS::SNS::TopicPolicy']);
  });

  test('`enforceSSL`, a bucket of CDK, which adds its statement, and a role of the account: nothing', () => {
    const messaging = plainStack((stack) => {
      const topic = new Topic(stack, 'Topic', { enforceSSL: true });
      new Bucket(stack, 'Bucket').addEventNotification(EventType.OBJECT_CREATED, new SnsDestination(topic));
      topic.grantPublish(
        new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
      );
    });

    expect(found(messaging)).toEqual([]);
  });
});
