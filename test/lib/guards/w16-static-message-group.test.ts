import { EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Duration } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { staticMessageGroup } from '../../../lib/guards/w16-static-message-group.ts';
import { findingsOf, plainStack, template } from './support.ts';

describe('W16 messages are not all in one group', () => {
  test('plain CDK: messageGroupId of events_targets.SqsQueue, to a FIFO queue; by the clock it is fine', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', { fifo: true, contentBasedDeduplication: true });
      const target = new SqsQueue(queue, { messageGroupId: 'events' });
      const eventBus = new EventBus(stack, 'Bus');
      new Rule(stack, 'ByPattern', { eventBus, eventPattern: { source: ['orders'] }, targets: [target] });
      new Rule(stack, 'ByClock', { schedule: Schedule.rate(Duration.hours(1)), targets: [target] });
    });

    expect(findingsOf(staticMessageGroup, messaging)).toEqual([
      'Plain/ByPattern Targets[Target0].SqsParameters.MessageGroupId',
    ]);
  });

  test('a standard queue is one tenant then; without a group there is nothing to find', () => {
    const rule = (parameters: object) =>
      template({
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: {
            EventPattern: { source: ['orders'] },
            Targets: [{ Id: 'Queue', Arn: 'arn:aws:sqs:eu-west-1:111111111111:orders', ...parameters }],
          },
        },
      });

    expect(findingsOf(staticMessageGroup, rule({ SqsParameters: { MessageGroupId: 'all' } }))).toHaveLength(
      1,
    );
    expect(findingsOf(staticMessageGroup, rule({}))).toEqual([]);
    expect(
      findingsOf(
        staticMessageGroup,
        rule({ SqsParameters: { MessageGroupId: { 'Fn::ImportValue': 'group' } } }),
      ),
    ).toEqual([]);
  });

  test.each([
    ['AWS::Pipes::Pipe', 'orders', true],
    ['AWS::Pipes::Pipe', '$.detail.orderId', false],
    ['AWS::EventsV2::Subscriber', 'orders', true],
    ['AWS::EventsV2::Subscriber', '{% $events.SystemMetadata.EventGroupId %}', false],
  ])('%s with %s', (Type, MessageGroupId, isFound) => {
    const parameters =
      Type === 'AWS::Pipes::Pipe'
        ? { TargetParameters: { SqsQueueParameters: { MessageGroupId } } }
        : { InvokeConfiguration: { SqsParameters: { MessageGroupId } } };

    expect(staticMessageGroup.check(template({ Hop: { Type, Properties: parameters } }))).toHaveLength(
      isFound ? 1 : 0,
    );
  });
});
