import { describe, expect, test } from '@jest/globals';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Template } from '../../../lib/assembly/index.ts';

const messaging = (Resources: Record<string, { readonly Type: string; readonly Properties?: object }>) =>
  messagingOf(
    assemblyOf([
      {
        stackName: 'Bare',
        account: '111111111111',
        region: 'eu-west-1',
        template: { Resources } as Template,
      },
    ]),
  );

describe('numbers', () => {
  test('absent: the default of SQS; as text: the number; known only to AWS: NaN, with which nothing compares', () => {
    const queue = (VisibilityTimeout?: unknown) =>
      messaging({ Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout } } }).queues[0]!
        .visibilityTimeoutSeconds;

    expect(queue()).toBe(30);
    expect(queue('60')).toBe(60);
    expect(queue({ 'Fn::ImportValue': 'seconds' })).toBeNaN();
  });
});

describe('subscribers of Custom Event Buses', () => {
  test('with everything said', () => {
    const { subscribers } = messaging({
      Bus: { Type: 'AWS::EventsV2::EventBus', Properties: { Name: 'bus' } },
      Dead: { Type: 'AWS::SQS::Queue' },
      Subscriber: {
        Type: 'AWS::EventsV2::Subscriber',
        Properties: {
          Name: 'orders',
          EventBusArn: { 'Fn::GetAtt': ['Bus', 'EventBusArn'] },
          Type: 'FIFO',
          FilterConfiguration: { Filters: [{ Scope: 'DATA', Pattern: '{"detail":{"tenantId":["acme"]}}' }] },
          InvokeConfiguration: {
            TargetArn: 'arn:aws:sqs:eu-west-1:111111111111:orders.fifo',
            RoleArn: 'arn:aws:iam::111111111111:role/deliver',
            SqsParameters: { MessageGroupId: '{% 1 %}', MessageDeduplicationId: '{% 2 %}' },
          },
          RetryPolicy: { MaxRetryAttempts: 185, MaxEventAgeInSeconds: 86_400 },
          OnFailureConfiguration: { Arn: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
        },
      },
    });

    expect(subscribers).toEqual([
      expect.objectContaining({
        name: 'orders',
        busArn: expect.stringMatching(/^arn:aws:events:eu-west-1:111111111111:event-busv2\/bus\//) as unknown,
        type: 'FIFO',
        filters: [{ scope: 'DATA', pattern: '{"detail":{"tenantId":["acme"]}}' }],
        targetArn: 'arn:aws:sqs:eu-west-1:111111111111:orders.fifo',
        roleArn: 'arn:aws:iam::111111111111:role/deliver',
        deadLetterArn: 'arn:aws:sqs:eu-west-1:111111111111:Bare-Dead',
        maximumEventAgeSeconds: 86_400,
        maximumRetryAttempts: 185,
        messageGroupId: '{% 1 %}',
        messageDeduplicationId: '{% 2 %}',
      }),
    ]);
  });

  test('with nothing said', () => {
    expect(messaging({ Subscriber: { Type: 'AWS::EventsV2::Subscriber' } }).subscribers).toEqual([
      expect.objectContaining({
        type: 'UNORDERED',
        filters: [],
        deadLetterArn: undefined,
        maximumEventAgeSeconds: undefined,
        messageGroupId: undefined,
      }),
    ]);
  });
});
