import { CfnEventBusPolicy, CfnRule, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { EventBus as BusTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { AccountPrincipal, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { PhysicalName } from 'aws-cdk-lib';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from '@jest/globals';
import { crossAccountHalves } from '../../../lib/guards/w07-cross-account-halves.ts';
import { found, HERE, OTHER_ACCOUNT, twoStacks } from './plain-cdk.ts';

const eventPattern = { source: ['orders'] };
const QUEUE = `arn:aws:sqs:eu-west-1:${OTHER_ACCOUNT.account}:orders`;

/** A rule to a queue in another account, with as many halves as are given. */
function ruleToQueue(halves: {
  readonly role?: boolean;
  readonly mayCall?: boolean;
  readonly policy?: boolean;
}) {
  return twoStacks([HERE, OTHER_ACCOUNT], (first, second) => {
    const role = roleOf(first);
    if (halves.mayCall === true) {
      role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [QUEUE] }));
    }
    new CfnRule(first, 'Rule', {
      eventPattern,
      targets: [{ id: 'T', arn: QUEUE, ...(halves.role === true ? { roleArn: role.roleArn } : {}) }],
    });
    const queue = new Queue(second, 'Queue', { queueName: 'orders' });
    if (halves.policy === true) {
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals: [new AccountPrincipal(HERE.account)],
          actions: ['sqs:SendMessage'],
          resources: [QUEUE],
        }),
      );
    }
  });
}

function roleOf(stack: Stack): Role {
  return new Role(stack, 'Role', { assumedBy: new ServicePrincipal('events.amazonaws.com') });
}

describe('W7 a hop between accounts has both halves', () => {
  test.each([
    ['no role', { policy: true }, ['W7 First/Rule RoleArn']],
    ['a role that may not send', { role: true, policy: true }, ['W7 First/Role Policies']],
    ['no queue policy', { role: true, mayCall: true }, ['W7 Second/Queue AWS::SQS::QueuePolicy']],
    ['both halves', { role: true, mayCall: true, policy: true }, []],
  ])('a rule to a queue: %s', (_, halves, expected) => {
    expect(found(ruleToQueue(halves))).toEqual(expected);
  });

  test('plain CDK gives a rule with a target in another account no role (aws/aws-cdk#33328): found', () => {
    const messaging = twoStacks([HERE, OTHER_ACCOUNT], (first, second) => {
      const queue = new Queue(second, 'Queue', { queueName: PhysicalName.GENERATE_IF_NEEDED });
      new Rule(first, 'Rule', {
        ruleName: PhysicalName.GENERATE_IF_NEEDED,
        eventPattern,
        targets: [new SqsQueue(queue)],
      });
    });

    expect(found(messaging)).toEqual(['W7 First/Rule RoleArn']);
    expect(crossAccountHalves.check(messaging)[0]).toMatchObject({
      received: 'no role for First/Rule',
      allowed: 'a role that trusts events.amazonaws.com',
    });
  });

  test("a bus to a bus: CDK's target has a role, the other bus must let the account in", () => {
    const busToBus = (withPolicy: boolean) =>
      twoStacks([HERE, OTHER_ACCOUNT], (first, second) => {
        const there = new EventBus(second, 'Bus', { eventBusName: 'there' });
        const target = EventBus.fromEventBusArn(
          first,
          'There',
          `arn:aws:events:eu-west-1:${OTHER_ACCOUNT.account}:event-bus/there`,
        );
        new Rule(first, 'Rule', { eventPattern, targets: [new BusTarget(target)] });
        if (!withPolicy) return;
        new CfnEventBusPolicy(second, 'Policy', {
          eventBusName: there.eventBusName,
          statementId: 'LetIn',
          action: 'events:PutEvents',
          principal: HERE.account,
        });
      });

    expect(found(busToBus(false))).toEqual(['W7 Second/Bus AWS::Events::EventBusPolicy']);
    expect(found(busToBus(true))).toEqual([]);
  });

  test('a subscription of a queue in another account needs its policy', () => {
    const messaging = twoStacks([HERE, OTHER_ACCOUNT], (first, second) => {
      const topic = new Topic(first, 'Topic', { topicName: 'orders' });
      new Queue(second, 'Queue', { queueName: 'orders' });
      new Subscription(first, 'Subscription', {
        topic,
        protocol: SubscriptionProtocol.SQS,
        endpoint: QUEUE,
      });
    });

    expect(found(messaging)).toEqual(['W7 Second/Queue AWS::SQS::QueuePolicy']);
  });

  test('a receiver outside the application is not known', () => {
    const messaging = twoStacks([HERE, HERE], (first) => {
      const role = roleOf(first);
      role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [QUEUE] }));
      new CfnRule(first, 'Rule', { eventPattern, targets: [{ id: 'T', arn: QUEUE, roleArn: role.roleArn }] });
    });

    expect(found(messaging)).toEqual([]);
  });
});
