import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, Role, ServicePrincipal, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping, Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from '@jest/globals';
import { refusedHop } from '../../../lib/guards/w23-refused-hop.ts';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

function aFunction(stack: Stack): Function {
  return new Function(stack, 'Function', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

describe('W23 every hop is allowed', () => {
  test('a subscription whose queue has no policy: found, with the statement that is missing', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue');
      for (const name of ['First', 'Second']) {
        new Subscription(stack, `Of${name}`, {
          topic: new Topic(stack, name, { topicName: name }),
          protocol: SubscriptionProtocol.SQS,
          endpoint: queue.queueArn,
        });
      }
    });

    expect(found(messaging)).toEqual(['W23 Plain/Queue AWS::SQS::QueuePolicy']);
    expect(refusedHop.check(messaging)[0]?.fix).toBe(
      'add the statement {"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111111111111:Plain-Queue4A7E3555","Condition":{"ArnEquals":{"aws:SourceArn":["arn:aws:sns:eu-west-1:111111111111:First","arn:aws:sns:eu-west-1:111111111111:Second"]}}}',
    );
  });

  test('a queue policy that denies: the statement is named', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue');
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(queue));
      queue.addToResourcePolicy(
        new PolicyStatement({
          sid: 'NobodyButUs',
          effect: Effect.DENY,
          principals: [new StarPrincipal()],
          actions: ['sqs:SendMessage'],
          resources: [queue.queueArn],
          conditions: { StringNotEquals: { 'aws:PrincipalAccount': stack.account } },
        }),
      );
    });

    expect(refusedHop.check(messaging)).toMatchObject([
      {
        received: expect.stringContaining(
          'a statement (NobodyButUs) that denies sns.amazonaws.com sqs:SendMessage',
        ),
        fix: 'except it from that statement',
      },
    ]);
  });

  test('a rule to a function that nothing lets it invoke, and to a role that does not trust it', () => {
    const messaging = plainStack((stack) => {
      const fn = aFunction(stack);
      const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      fn.grantInvoke(role);
      new CfnRule(stack, 'Direct', {
        eventPattern: { source: ['orders'] },
        targets: [{ id: 'T', arn: fn.functionArn }],
      });
      new CfnSchedule(stack, 'Schedule', {
        flexibleTimeWindow: { mode: 'OFF' },
        scheduleExpression: 'rate(1 hour)',
        target: { arn: fn.functionArn, roleArn: role.roleArn },
      });
    });

    expect(found(messaging)).toEqual([
      'W23 Plain/Function AWS::Lambda::Permission',
      'W23 Plain/Role AssumeRolePolicyDocument',
    ]);
  });

  test('a mapping whose role may not receive', () => {
    const messaging = plainStack((stack) => {
      new CfnEventSourceMapping(stack, 'Mapping', {
        functionName: aFunction(stack).functionArn,
        eventSourceArn: new Queue(stack, 'Queue').queueArn,
      });
    });

    expect(found(messaging)).toEqual(['W23 Plain/Function/ServiceRole Policies']);
    expect(refusedHop.check(messaging)[0]?.allowed).toBe(
      'sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes for the role Plain/Function/ServiceRole',
    );
  });
});
