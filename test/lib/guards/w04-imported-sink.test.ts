import { CfnParameter, Fn } from 'aws-cdk-lib';
import type { Stack } from 'aws-cdk-lib';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SnsTopic, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { CfnQueuePolicy, Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { importedSink } from '../../../lib/guards/w04-imported-sink.ts';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

const QUEUE = 'arn:aws:sqs:eu-west-1:111111111111:shared';
const TOPIC = 'arn:aws:sns:eu-west-1:111111111111:shared';
const eventPattern = { source: ['orders'] };

function subscribed(arn: (stack: Stack) => string, more: (stack: Stack) => void = () => {}) {
  return plainStack((stack) => {
    new Topic(stack, 'Topic').addSubscription(
      new SqsSubscription(Queue.fromQueueArn(stack, 'Shared', arn(stack))),
    );
    more(stack);
  });
}

describe('W4 a service delivers into an imported queue or topic', () => {
  test('plain CDK drops the statement of a subscription and of a rule (aws/aws-cdk#29098, #12476): warned', () => {
    const messaging = subscribed(
      () => QUEUE,
      (stack) => {
        new Rule(stack, 'Rule', {
          eventPattern,
          targets: [
            new SqsQueue(Queue.fromQueueArn(stack, 'Again', QUEUE)),
            new SnsTopic(Topic.fromTopicArn(stack, 'SharedTopic', TOPIC)),
          ],
        });
      },
    );

    expect(importedSink.level).toBe('warning');
    expect(found(messaging)).toEqual([
      expect.stringMatching(/^W4 Plain\/Shared\/\w+ AWS::SQS::QueuePolicy$/),
      'W4 Plain/Rule AWS::SQS::QueuePolicy',
      'W4 Plain/Rule AWS::SNS::TopicPolicy',
    ]);
  });

  test('an import by a name that only AWS knows: warned where it can only be a queue', () => {
    expect(found(subscribed(() => Fn.importValue('shared-queue-arn')))).toHaveLength(1);
    expect(found(subscribed((stack) => new CfnParameter(stack, 'QueueArn').valueAsString))).toHaveLength(1);
  });

  test('a policy for it in the application: nothing', () => {
    const messaging = subscribed(
      () => QUEUE,
      (stack) =>
        void new CfnQueuePolicy(stack, 'Policy', {
          queues: ['https://sqs.eu-west-1.amazonaws.com/111111111111/shared'],
          policyDocument: { Statement: [] },
        }),
    );

    expect(found(messaging)).toEqual([]);
  });

  test("an alarm to an imported topic, which SNS's default policy allows, and an imported function: nothing", () => {
    const messaging = plainStack((stack) => {
      new Alarm(stack, 'Alarm', {
        metric: new Metric({ namespace: 'Shop', metricName: 'Errors' }),
        threshold: 1,
        evaluationPeriods: 1,
      }).addAlarmAction(new SnsAction(Topic.fromTopicArn(stack, 'Shared', TOPIC)));
      const fn = Function.fromFunctionArn(
        stack,
        'Fn',
        'arn:aws:lambda:eu-west-1:111111111111:function:shared',
      );
      new Rule(stack, 'Rule', { eventPattern, targets: [new LambdaFunction(fn)] });
    });

    expect(found(messaging)).toEqual([]);
  });
});
