import { describe, expect, test } from '@jest/globals';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AlertTopic, EventTopic } from '../../../lib/constructs/index.ts';
import { excessPrivilege, sourcelessService } from '../../../lib/guards/w22-excess-privilege.ts';
import { OrderPlaced, Orders } from '../constructs/support.ts';
import { findingsOf, plainStack, template } from './support.ts';

function roleThatMay(actions: string[], resources: string[]) {
  return plainStack((stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  });
}

const QUEUE = 'arn:aws:sqs:eu-west-1:111111111111:orders';

describe('W22 no more privilege than the edges need', () => {
  test.each([
    ['every action of SQS', ['sqs:*'], [QUEUE]],
    ['every action there is', ['*'], ['*']],
    ['a wildcard over what moves messages', ['sqs:*Message'], [QUEUE]],
    ['a named action on every queue', ['sqs:SendMessage'], ['*']],
    ['publishing to every topic', ['sns:Publish'], ['*']],
    ['sending to every WebSocket connection', ['execute-api:ManageConnections'], ['*']],
    [
      'sending to those of every API',
      ['execute-api:ManageConnections'],
      ['arn:aws:execute-api:eu-west-1:111111111111:*/live/POST/@connections/*'],
    ],
    ['every action on APIs', ['execute-api:*'], ['arn:aws:execute-api:eu-west-1:111111111111:abc/*']],
  ])('%s: found', (_, actions, resources) => {
    expect(findingsOf(excessPrivilege, roleThatMay(actions, resources))).toEqual([
      'Plain/Role/DefaultPolicy PolicyDocument',
    ]);
  });

  test.each([
    ['named actions on a named queue', ['sqs:SendMessage', 'sqs:GetQueueAttributes'], [QUEUE]],
    ['reading attributes of every queue', ['sqs:Get*', 'sqs:List*'], ['*']],
    ['what is no message', ['s3:*'], ['*']],
    [
      'sending to the connections of one stage',
      ['execute-api:ManageConnections'],
      ['arn:aws:execute-api:eu-west-1:111111111111:abc/live/POST/@connections/*'],
    ],
    ['calling every API', ['execute-api:Invoke'], ['*']],
  ])('%s: nothing', (_, actions, resources) => {
    expect(findingsOf(excessPrivilege, roleThatMay(actions, resources))).toEqual([]);
  });

  test("AWS's own policies of full access are found, its execution roles are not", () => {
    const withManaged = (name: string) =>
      template({
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            AssumeRolePolicyDocument: { Statement: [] },
            ManagedPolicyArns: [`arn:aws:iam::aws:policy/${name}`],
          },
        },
      });

    expect(findingsOf(excessPrivilege, withManaged('AmazonSQSFullAccess'))).toEqual([
      'Bare/Role ManagedPolicyArns',
    ]);
    expect(findingsOf(excessPrivilege, withManaged('service-role/AWSLambdaSQSQueueExecutionRole'))).toEqual(
      [],
    );
  });

  test.each([
    ['sts:AssumeRole', []],
    [['sts:AssumeRole', 'sts:TagSession'], []],
    ['sts:*', ['Bare/Role AssumeRolePolicyDocument']],
    ['*', ['Bare/Role AssumeRolePolicyDocument']],
  ])('a role that is assumed by %j', (Action, expected) => {
    const messaging = template({
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Statement: [{ Effect: 'Allow', Action, Principal: { Service: 'ecs-tasks.amazonaws.com' } }],
          },
        },
      },
    });

    expect(findingsOf(excessPrivilege, messaging)).toEqual(expected);
  });

  test('an alert topic awaits the alarms of others; a topic of events does not', () => {
    const messaging = plainStack((stack) => {
      new AlertTopic(stack, 'Alerts');
      const { topic } = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
      topic.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
          actions: ['sns:Publish'],
          resources: [topic.topicArn],
        }),
      );
    });

    expect(findingsOf(excessPrivilege, messaging)).toEqual(['Plain/Orders/Topic/Policy PolicyDocument']);
  });

  test('a queue that lets everybody send is found; with a condition on the account it is not', () => {
    const queueFor = (Condition?: Record<string, Record<string, string>>) =>
      template({
        Queue: { Type: 'AWS::SQS::Queue' },
        Policy: {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [{ Ref: 'Queue' }],
            PolicyDocument: {
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: '*',
                  Action: 'sqs:SendMessage',
                  Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                  ...(Condition === undefined ? {} : { Condition }),
                },
              ],
            },
          },
        },
      });

    expect(findingsOf(excessPrivilege, queueFor())).toEqual(['Bare/Policy PolicyDocument']);
    expect(
      findingsOf(excessPrivilege, queueFor({ StringEquals: { 'aws:PrincipalAccount': '111111111111' } })),
    ).toEqual([]);
  });
});

describe('W22A services act for named sources', () => {
  test('a service without a source is found; what CDK writes for a subscription is not', () => {
    const open = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue');
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [queue.queueArn],
        }),
      );
    });
    const subscribed = plainStack((stack) => {
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(new Queue(stack, 'Queue')));
    });

    expect(findingsOf(sourcelessService, open)).toEqual(['Plain/Queue/Policy PolicyDocument']);
    expect(findingsOf(sourcelessService, subscribed)).toEqual([]);
  });

  test.each([
    ['in general', undefined, ['Plain/Role AssumeRolePolicyDocument']],
    ['for schedules of the account', { StringEquals: { 'aws:SourceAccount': '111111111111' } }, []],
  ])('a role that lets the scheduler in %s', (_, conditions, expected) => {
    const messaging = plainStack((stack) => {
      const principal = new ServicePrincipal('scheduler.amazonaws.com', conditions && { conditions });
      new Role(stack, 'Role', { assumedBy: principal });
    });
    expect(findingsOf(sourcelessService, messaging)).toEqual(expected);
  });
});
