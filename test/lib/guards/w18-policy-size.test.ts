import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { filterPoliciesOfTopic, policySize } from '../../../lib/guards/w18-policy-size.ts';
import { findingsOf, plainStack, template } from './support.ts';
import type { BareResources } from './support.ts';

const found = (resources: BareResources) => findingsOf(policySize, template(resources));
const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

const statement = (more: object = {}) => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 'sqs:SendMessage',
  ...more,
});
function queuePolicy(statements: readonly object[]): BareResources {
  return {
    Queue: { Type: 'AWS::SQS::Queue' },
    Policy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: { Statement: statements } },
    },
  };
}

describe('W18 policies, filters and patterns are within what the service takes', () => {
  test('plain CDK: one dead-letter queue of 21 rules is one statement too many', () => {
    const rules = (count: number) =>
      plainStack((stack) => {
        const deadLetterQueue = new Queue(stack, 'Dead');
        const eventBus = new EventBus(stack, 'Bus');
        for (const index of times(count, (index) => index)) {
          const target = new SqsQueue(new Queue(stack, `Queue${index}`), { deadLetterQueue });
          new Rule(stack, `Rule${index}`, { eventBus, eventPattern: { source: ['s'] }, targets: [target] });
        }
      });

    expect(findingsOf(policySize, rules(21))).toContain('Plain/Dead/Policy PolicyDocument');
    expect(findingsOf(policySize, rules(10))).toEqual([]);
  });

  test.each([
    ['20 statements', times(20, () => statement()), 0],
    ['21 statements', times(21, () => statement()), 1],
    ['8 KB', [statement({ Resource: 'r'.repeat(8000) })], 0],
    ['more than 8,192 bytes', [statement({ Resource: 'r'.repeat(8200) })], 1],
    [
      '50 principals',
      [statement({ Principal: { AWS: times(50, (index) => `1111111111${10 + index}`) } })],
      0,
    ],
    [
      '51 principals',
      [statement({ Principal: { AWS: times(51, (index) => `1111111111${10 + index}`) } })],
      1,
    ],
    [
      '10 conditions',
      times(10, () => statement({ Condition: { ArnEquals: { 'aws:SourceArn': ['a', 'b'] } } })),
      0,
    ],
    ['11 conditions', times(11, () => statement({ Condition: { ArnEquals: { 'aws:SourceArn': 'a' } } })), 1],
  ])('a queue’s policy of %s', (_, statements, count) => {
    expect(found(queuePolicy(statements))).toHaveLength(count);
  });

  test('two policies of one queue count together', () => {
    const { Queue: queue, Policy: policy } = queuePolicy(times(11, () => statement()));

    expect(found({ Queue: queue!, One: policy!, Other: policy! })).toEqual(['Bare/One PolicyDocument']);
  });

  test('the policies of a topic, a bus and a function', () => {
    const topic = (count: number): BareResources => ({
      Topic: { Type: 'AWS::SNS::Topic' },
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Topic' }],
          PolicyDocument: { Statement: times(count, () => statement()) },
        },
      },
    });
    const bus = (length: number): BareResources => ({
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus' } },
      Policy: {
        Type: 'AWS::Events::EventBusPolicy',
        Properties: { EventBusName: 'bus', Statement: statement({ Resource: 'r'.repeat(length) }) },
      },
    });
    const fn = (count: number): BareResources => ({
      Function: { Type: 'AWS::Lambda::Function' },
      ...Object.fromEntries(
        times(count, (index) => [
          `Permission${index}`,
          {
            Type: 'AWS::Lambda::Permission',
            Properties: {
              FunctionName: { Ref: 'Function' },
              Action: 'lambda:InvokeFunction',
              Principal: 'events.amazonaws.com',
              SourceArn: `arn:aws:events:eu-west-1:111111111111:rule/rule-${index}`,
            },
          },
        ]),
      ),
    });

    expect(found(topic(100))).toEqual([]);
    expect(found(topic(101))).toEqual(['Bare/Policy PolicyDocument']);
    expect(found(bus(10_000))).toEqual([]);
    expect(found(bus(10_300))).toEqual(['Bare/Bus EventBusPolicy']);
    expect(found(fn(20))).toEqual([]);
    expect(found(fn(100))).toEqual(['Bare/Function AWS::Lambda::Permission']);
  });

  const subscription = (FilterPolicy: object): BareResources => ({
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: { Protocol: 'sqs', TopicArn: 'topic', FilterPolicy: FilterPolicy },
    },
  });
  const keys = (count: number) => Object.fromEntries(times(count, (index) => [`key${index}`, ['value']]));
  const combinations = (...counts: readonly number[]) =>
    Object.fromEntries(counts.map((count, index) => [`key${index}`, times(count, (value) => `v${value}`)]));

  test.each([
    ['5 keys', keys(5), []],
    ['6 keys', keys(6), ['Bare/Subscription FilterPolicy']],
    ['150 combinations', combinations(15, 10), []],
    ['151 combinations', combinations(151), ['Bare/Subscription FilterPolicy']],
  ])('a filter policy of %s', (_, policy, expected) => {
    expect(found(subscription(policy))).toEqual(expected);
  });

  test('an event pattern of more than 2,048 characters, and a rule of more than 5 targets', () => {
    const rule = (characters: number, targets: number): BareResources => ({
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['s'.repeat(characters)] },
          Targets: times(targets, (index) => ({ Id: `${index}`, Arn: 'arn' })),
        },
      },
    });

    expect(found(rule(2000, 5))).toEqual([]);
    expect(found(rule(2040, 5))).toEqual(['Bare/Rule EventPattern']);
    expect(found(rule(2000, 6))).toEqual(['Bare/Rule Targets']);
  });

  test('W18A more than 200 filter policies of one topic', () => {
    const topic = (count: number) =>
      template({
        Topic: { Type: 'AWS::SNS::Topic' },
        ...Object.fromEntries(
          times(count, (index) => [
            `Subscription${index}`,
            {
              Type: 'AWS::SNS::Subscription',
              Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'sqs', FilterPolicy: { eventType: ['a'] } },
            },
          ]),
        ),
      });

    expect(findingsOf(filterPoliciesOfTopic, topic(200))).toEqual([]);
    expect(findingsOf(filterPoliciesOfTopic, topic(201))).toEqual(['Bare/Topic filter policies']);
  });
});
