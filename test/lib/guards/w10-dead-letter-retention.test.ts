import { Duration } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import {
  deadLetterRetention,
  deadLetterRetentionByDefault,
  expiringRetries,
} from '../../../lib/guards/w10-dead-letter-retention.ts';
import { findingsOf, plainStack, template } from './support.ts';

function queues(source: number, deadLetter: number | undefined, fifo = false) {
  return plainStack((stack) => {
    const deadLetterQueue = new Queue(stack, 'Dead', {
      ...(deadLetter === undefined ? {} : { retentionPeriod: Duration.days(deadLetter) }),
      ...(fifo ? { fifo } : {}),
    });
    new Queue(stack, 'Source', {
      retentionPeriod: Duration.days(source),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
      ...(fifo ? { fifo } : {}),
    });
  });
}

/** A dead-letter queue of a subscription, which has no source queue. */
function ofSubscription(properties: object) {
  return template({
    Dead: { Type: 'AWS::SQS::Queue', Properties: properties },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        Protocol: 'sqs',
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
      },
    },
  });
}

describe('W10 a dead-letter queue keeps messages longer than its source', () => {
  test.each([
    ['shorter', 10, 4],
    ['the same', 4, 4],
    ['the default of both, in plain CDK', 4, undefined],
  ])('%s: found', (_, source, deadLetter) => {
    expect(findingsOf(deadLetterRetention, queues(source, deadLetter))).toEqual([
      'Plain/Dead MessageRetentionPeriod',
    ]);
    expect(findingsOf(deadLetterRetentionByDefault, queues(source, deadLetter))).toEqual([]);
  });

  test('longer, the longest there is, and FIFO: nothing', () => {
    expect(findingsOf(deadLetterRetention, queues(4, 14))).toEqual([]);
    expect(findingsOf(deadLetterRetention, queues(14, 14))).toEqual([]);
    expect(findingsOf(deadLetterRetention, queues(4, 4, true))).toEqual([]);
  });

  test.each([
    ['expires while it is tried', 299, ['Bare/Source MessageRetentionPeriod']],
    ['lives as long as that', 300, []],
  ])('W10B a message %s', (_, MessageRetentionPeriod, expected) => {
    const redrive = { deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111111111111:dead', maxReceiveCount: 10 };
    const Properties = { MessageRetentionPeriod, VisibilityTimeout: 30, RedrivePolicy: redrive };

    expect(
      findingsOf(expiringRetries, template({ Source: { Type: 'AWS::SQS::Queue', Properties } })),
    ).toEqual(expected);
  });

  test('a value that only AWS knows: nothing', () => {
    const messaging = template({
      Dead: {
        Type: 'AWS::SQS::Queue',
        Properties: { MessageRetentionPeriod: { 'Fn::ImportValue': 'retention' } },
      },
      Source: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 5 },
        },
      },
    });

    expect(findingsOf(deadLetterRetention, messaging)).toEqual([]);
    expect(findingsOf(deadLetterRetentionByDefault, messaging)).toEqual([]);
    expect(findingsOf(expiringRetries, messaging)).toEqual([]);
  });
});

describe('W10A a dead-letter queue without a source queue', () => {
  test('SQS’s default of four days, or less: found, and not by W10, whose clock it does not have', () => {
    for (const properties of [{}, { MessageRetentionPeriod: 345_600 }, { MessageRetentionPeriod: '3600' }]) {
      expect(findingsOf(deadLetterRetentionByDefault, ofSubscription(properties))).toEqual([
        'Bare/Dead MessageRetentionPeriod',
      ]);
      expect(findingsOf(deadLetterRetention, ofSubscription(properties))).toEqual([]);
    }
  });

  test('FIFO, whose clock starts again: the same', () => {
    expect(findingsOf(deadLetterRetentionByDefault, queues(4, 4, true))).toEqual([
      'Plain/Dead MessageRetentionPeriod',
    ]);
  });

  test('longer than that, and a queue that is nobody’s dead-letter queue: nothing', () => {
    expect(
      findingsOf(deadLetterRetentionByDefault, ofSubscription({ MessageRetentionPeriod: 864_000 })),
    ).toEqual([]);
    expect(
      findingsOf(deadLetterRetentionByDefault, template({ Queue: { Type: 'AWS::SQS::Queue' } })),
    ).toEqual([]);
  });
});
