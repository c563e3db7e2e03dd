import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { optInRegionPrincipal } from '../../../lib/guards/w05-opt-in-region-principal.ts';
import { found, twoStacks } from './plain-cdk.ts';
import { template } from './support.ts';

const account = '111111111111';

/** A topic in one Region with a queue in another, whose policy names the principals. */
function subscription(topicRegion: string, queueRegion: string, principals: readonly string[]) {
  return twoStacks(
    [
      { account, region: topicRegion },
      { account, region: queueRegion },
    ],
    (first, second) => {
      const topic = Topic.fromTopicArn(second, 'Topic', `arn:aws:sns:${topicRegion}:${account}:orders`);
      new Topic(first, 'Topic', { topicName: 'orders' });
      const queue = new Queue(second, 'Queue');
      // Without a grant of CDK's own, so that the table below is about the principal alone.
      topic.addSubscription(new SqsSubscription(Queue.fromQueueArn(second, 'Imported', queue.queueArn)));
      for (const principal of principals) {
        queue.addToResourcePolicy(
          new PolicyStatement({
            principals: [new ServicePrincipal(principal)],
            actions: ['sqs:SendMessage'],
            resources: [queue.queueArn],
            conditions: { ArnEquals: { 'aws:SourceArn': topic.topicArn } },
          }),
        );
      }
    },
  );
}

const FOUND = ['W5 Second/Queue AWS::SQS::QueuePolicy'];

describe('W5 the principal of SNS for an opt-in Region', () => {
  test.each([
    ['eu-west-1', 'eu-west-1', 'sns.amazonaws.com', []],
    ['eu-west-1', 'us-east-1', 'sns.amazonaws.com', []],
    ['me-south-1', 'me-south-1', 'sns.amazonaws.com', []],
    ['me-south-1', 'eu-west-1', 'sns.amazonaws.com', FOUND],
    ['me-south-1', 'eu-west-1', 'sns.me-south-1.amazonaws.com', []],
    ['eu-west-1', 'me-south-1', 'sns.amazonaws.com', FOUND],
    ['eu-west-1', 'me-south-1', 'sns.me-south-1.amazonaws.com', []],
  ] as const)('topic in %s, queue in %s, policy for %s', (topicRegion, queueRegion, principal, expected) => {
    expect(found(subscription(topicRegion, queueRegion, [principal]))).toEqual(expected);
  });

  test('no principal of SNS at all is no matter of Regions: W23', () => {
    expect(found(subscription('me-south-1', 'eu-west-1', []))).toEqual([
      'W23 Second/Queue AWS::SQS::QueuePolicy',
    ]);
  });

  test('plain CDK, with the topic in another stack that names no Region for it (aws/aws-cdk#32526, #37590): found', () => {
    // What CDK writes where it does not know both Regions, or in releases before it knew of opt-in Regions.
    const messaging = template({
      Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Queue' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'sns.amazonaws.com' },
                Action: 'sqs:SendMessage',
                Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:sns:ap-east-1:${account}:orders` } },
              },
            ],
          },
        },
      },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: `arn:aws:sns:ap-east-1:${account}:orders`,
          Protocol: 'sqs',
          Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          Region: 'ap-east-1',
        },
      },
    });

    expect(found(messaging)).toEqual(['W5 Bare/Queue AWS::SQS::QueuePolicy']);
    expect(optInRegionPrincipal.check(messaging)[0]?.fix).toContain('sns.ap-east-1.amazonaws.com');
  });
});
