import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Schedule as Timer, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from '@jest/globals';
import { customerKeyGrant } from '../../../lib/guards/w02-customer-key-grant.ts';
import { found, HERE, twoStacks } from './plain-cdk.ts';
import { plainStack } from './support.ts';

const eventPattern = { source: ['orders'] };

function aFunction(stack: Stack): Function {
  return new Function(stack, 'Function', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

function ruleWithDeadLetters(grant: (key: Key) => void) {
  return plainStack((stack) => {
    const key = new Key(stack, 'Key');
    const deadLetterQueue = new Queue(stack, 'Dead', { encryptionMasterKey: key });
    grant(key);
    new Rule(stack, 'Rule', {
      eventPattern,
      targets: [new LambdaFunction(aFunction(stack), { deadLetterQueue })],
    });
  });
}

describe("W2 who delivers may use the customer's key", () => {
  test("a rule's dead-letter queue: plain CDK does not grant its key (aws/aws-cdk#33169)", () => {
    const messaging = ruleWithDeadLetters(() => {});

    expect(found(messaging)).toEqual(['W2 Plain/Key KeyPolicy']);
    expect(customerKeyGrant.check(messaging)).toMatchObject([
      {
        received: 'nothing that allows events.amazonaws.com kms:GenerateDataKey, kms:Decrypt, for Plain/Rule',
        fix: expect.stringContaining('"Principal":{"Service":"events.amazonaws.com"}'),
      },
    ]);
  });

  test('granted to EventBridge, with or without the account as a condition: nothing', () => {
    const grant = (conditions?: Record<string, unknown>) => (key: Key) => {
      key.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
          resources: ['*'],
          ...(conditions === undefined ? {} : { conditions }),
        }),
      );
    };

    expect(found(ruleWithDeadLetters(grant()))).toEqual([]);
    const ofAccount = (account: string) => ({ StringEquals: { 'aws:SourceAccount': account } });
    expect(found(ruleWithDeadLetters(grant(ofAccount('111111111111'))))).toEqual([]);
    expect(found(ruleWithDeadLetters(grant(ofAccount('999999999999'))))).toEqual(['W2 Plain/Key KeyPolicy']);
  });

  test("a subscription's dead-letter queue, whose topic is in another stack: found on the key", () => {
    const messaging = twoStacks([HERE, HERE], (first, second) => {
      const deadLetterQueue = new Queue(second, 'Dead', { encryptionMasterKey: new Key(second, 'Key') });
      new Topic(first, 'Topic').addSubscription(
        new SqsSubscription(new Queue(second, 'Queue'), { deadLetterQueue }),
      );
    });

    expect(found(messaging)).toEqual(['W2 Second/Key KeyPolicy']);
  });

  test('main queues of subscriptions and rules, schedules and pollers, which CDK grants: nothing', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', { encryptionMasterKey: new Key(stack, 'Key') });
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(queue));
      new Rule(stack, 'Rule', { eventPattern, targets: [new SqsQueue(queue)] });
      new Rule(stack, 'Hourly', {
        schedule: Schedule.expression('rate(1 hour)'),
        targets: [new SqsQueue(queue)],
      });
      new Timer(stack, 'Schedule', {
        schedule: ScheduleExpression.expression('rate(1 hour)'),
        target: new SqsSendMessage(queue),
      });
      aFunction(stack).addEventSource(new SqsEventSource(queue));
    });

    expect(found(messaging)).toEqual([]);
  });
});
