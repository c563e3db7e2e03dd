import { RemovalPolicy } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Alias } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination as S3ToQueue } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { awsManagedKey } from '../../../lib/guards/w01-aws-managed-key.ts';
import { found } from './plain-cdk.ts';
import { plainStack, template } from './support.ts';

const eventPattern = { source: ['orders'] };

describe("W1 a service delivers into a queue or topic under AWS's own key", () => {
  test('EventBridge to a queue, and its dead-letter queue: plain CDK deploys it (aws/aws-cdk#30549)', () => {
    const messaging = plainStack((stack) => {
      const encryption = QueueEncryption.KMS_MANAGED;
      const queue = new Queue(stack, 'Queue', { encryption });
      const dead = new Queue(stack, 'Dead', { encryption });
      new Rule(stack, 'Rule', { eventPattern, targets: [new SqsQueue(queue, { deadLetterQueue: dead })] });
    });

    expect(found(messaging)).toEqual(['W1 Plain/Queue KmsMasterKeyId', 'W1 Plain/Dead KmsMasterKeyId']);
  });

  test('SNS to a queue (aws/aws-cdk#19796), S3 to a queue, EventBridge to a topic', () => {
    const messaging = template({
      Topic: { Type: 'AWS::SNS::Topic', Properties: { KmsMasterKeyId: 'alias/aws/sns' } },
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: { KmsMasterKeyId: 'arn:aws:kms:eu-west-1:111111111111:alias/aws/sqs' },
      },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Queue' }],
          PolicyDocument: {
            Statement: [allow('sqs:SendMessage'), allow('sqs:SendMessage', 's3.amazonaws.com')],
          },
        },
      },
      TopicPolicy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Topic' }],
          PolicyDocument: { Statement: [allow('sns:Publish', 'events.amazonaws.com')] },
        },
      },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Topic' },
          Protocol: 'sqs',
          Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        },
      },
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          NotificationConfiguration: {
            QueueConfigurations: [{ Event: 's3:ObjectCreated:*', Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
          },
        },
      },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: { EventPattern: eventPattern, Targets: [{ Id: 'T', Arn: { Ref: 'Topic' } }] },
      },
    });

    expect(found(messaging)).toEqual([
      'W1 Bare/Queue KmsMasterKeyId',
      'W1 Bare/Topic KmsMasterKeyId',
      'W1 Bare/Queue KmsMasterKeyId',
    ]);
    const [finding] = awsManagedKey.check(messaging);
    expect(finding).toMatchObject({
      received:
        "arn:aws:kms:eu-west-1:111111111111:alias/aws/sqs, AWS's own key, which sns.amazonaws.com can never use, for Bare/Subscription",
      allowed: 'a customer managed key whose policy allows sns.amazonaws.com, or none',
    });
  });

  test("SSE-SQS, no encryption, and AWS's key where only roles send: nothing", () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', { encryption: QueueEncryption.SQS_MANAGED });
      const plain = new Queue(stack, 'NoEncryption', { encryption: QueueEncryption.UNENCRYPTED });
      const topic = new Topic(stack, 'Topic');
      topic.addSubscription(new SqsSubscription(queue, { deadLetterQueue: plain }));
      new Rule(stack, 'Rule', {
        eventPattern,
        targets: [new SqsQueue(plain), new SnsTopic(topic)],
        eventBus: new EventBus(stack, 'Bus'),
      });
      const bucket = new Bucket(stack, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
      bucket.addEventNotification(EventType.OBJECT_CREATED, new S3ToQueue(queue));
      new Function(stack, 'Function', {
        runtime: Runtime.NODEJS_22_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = async () => {}'),
        onFailure: new SqsDestination(
          new Queue(stack, 'Failed', { encryption: QueueEncryption.KMS_MANAGED }),
        ),
      });
    });

    expect(found(messaging)).toEqual([]);
  });

  test('a key that is found by its alias and not in the assembly is not guessed at', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', {
        encryption: QueueEncryption.KMS,
        encryptionMasterKey: Alias.fromAliasName(stack, 'Key', 'alias/shared'),
      });
      new Rule(stack, 'Rule', { eventPattern, targets: [new SqsQueue(queue)] });
    });

    expect(found(messaging)).toEqual([]);
  });
});

function allow(action: string, service = 'sns.amazonaws.com') {
  return { Effect: 'Allow', Principal: { Service: service }, Action: action, Resource: '*' };
}
