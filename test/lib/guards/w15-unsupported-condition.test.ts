import { CfnRule, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { unsupportedCondition } from '../../../lib/guards/w15-unsupported-condition.ts';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

function rule(
  target: 'queue' | 'topic',
  conditions?: Record<string, unknown>,
  service = 'events.amazonaws.com',
) {
  return plainStack((stack) => {
    const key = new Key(stack, 'Key');
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ['kms:GenerateDataKey*', 'kms:Decrypt'],
        resources: ['*'],
        ...(conditions === undefined ? {} : { conditions }),
      }),
    );
    const eventPattern = { source: ['orders'] };
    if (target === 'queue') {
      const queue = new Queue(stack, 'Queue', { encryptionMasterKey: key });
      new Rule(stack, 'Rule', { eventPattern, targets: [new SqsQueue(queue)] });
      return;
    }
    // The target of CDK would add a statement of its own to the key, without a condition.
    const topic = new Topic(stack, 'Topic', { masterKey: key });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
      }),
    );
    new CfnRule(stack, 'Rule', { eventPattern, targets: [{ id: 'T', arn: topic.topicArn }] });
  });
}

const ofAccount = { StringEquals: { 'aws:SourceAccount': '111111111111' } };
const ofRule = { ArnLike: { 'aws:SourceArn': 'arn:aws:events:eu-west-1:111111111111:rule/*' } };

describe('W15 the key of a topic lets EventBridge in without a condition', () => {
  test.each([
    ['the account', ofAccount],
    ['the rule', ofRule],
  ])('a condition on %s, which AWS does not support there: found', (_, condition) => {
    expect(found(rule('topic', condition))).toEqual(['W15 Plain/Key KeyPolicy']);
  });

  test('the statement that the finding gives has no condition', () => {
    expect(unsupportedCondition.check(rule('topic', ofRule))[0]?.fix).toBe(
      'take the condition from the statement, which AWS does not support there; add the statement {"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}',
    );
  });

  test('no statement for EventBridge is no matter of conditions: W2', () => {
    expect(found(rule('topic', undefined, 'sns.amazonaws.com'))).toEqual(['W2 Plain/Key KeyPolicy']);
  });

  test('without a condition, and the same conditions where a queue is delivered to: nothing', () => {
    expect(found(rule('topic'))).toEqual([]);
    expect(found(rule('queue', ofAccount))).toEqual([]);
    expect(found(rule('queue', ofRule))).toEqual([]);
  });
});
