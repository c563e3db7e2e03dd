import { Duration } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function as LambdaFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { describe, expect, test } from '@jest/globals';
import { defaultRetries, endlessRetries } from '../../../lib/guards/d15-explicit-retries.ts';
import { findingsOf, plainStack, template } from './support.ts';
import { waybillSystem } from './waybill-system.ts';

const STREAM = 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders';

describe('D15 a stream ends its retries', () => {
  test('plain CDK: DynamoEventSource retries without end', () => {
    const source = (retryAttempts?: number) =>
      plainStack((stack) => {
        const table = new Table(stack, 'Table', {
          partitionKey: { name: 'id', type: AttributeType.STRING },
          stream: StreamViewType.NEW_IMAGE,
        });
        const fn = new LambdaFunction(stack, 'Function', {
          runtime: Runtime.NODEJS_22_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = () => {}'),
        });
        const startingPosition = StartingPosition.TRIM_HORIZON;
        fn.addEventSource(
          new DynamoEventSource(
            table,
            retryAttempts === undefined ? { startingPosition } : { startingPosition, retryAttempts },
          ),
        );
      });

    expect(findingsOf(endlessRetries, source())).toEqual([
      expect.stringMatching(/^Plain\/Function\/.* MaximumRetryAttempts$/),
    ]);
    expect(findingsOf(endlessRetries, source(5))).toEqual([]);
  });

  test.each([
    ['nothing said', {}, 1],
    ['-1', { MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 }, 1],
    ['attempts', { MaximumRetryAttempts: 0 }, 0],
    ['an age', { MaximumRecordAgeInSeconds: 3600 }, 0],
    ['what only AWS knows', { MaximumRetryAttempts: { 'Fn::ImportValue': 'retries' } }, 0],
  ])('a mapping, and a pipe: %s', (_, properties, count) => {
    const mapping = { EventSourceArn: STREAM, FunctionName: 'any', ...properties };
    const pipe = { Source: STREAM, SourceParameters: { KinesisStreamParameters: properties } };

    expect(
      endlessRetries.check(
        template({ Hop: { Type: 'AWS::Lambda::EventSourceMapping', Properties: mapping } }),
      ),
    ).toHaveLength(count);
    expect(
      endlessRetries.check(template({ Hop: { Type: 'AWS::Pipes::Pipe', Properties: pipe } })),
    ).toHaveLength(count);
  });

  test('a queue has its redrive policy, and Kafka in a pipe cannot say it', () => {
    const EventSourceArn = 'arn:aws:sqs:eu-west-1:111111111111:orders';
    const Source = 'arn:aws:kafka:eu-west-1:111111111111:cluster/orders/1';
    const messaging = template({
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { FunctionName: 'any', EventSourceArn },
      },
      Pipe: { Type: 'AWS::Pipes::Pipe', Properties: { Source } },
    });

    expect(findingsOf(endlessRetries, messaging)).toEqual([]);
  });
});

describe('D15A retries are said', () => {
  test('plain CDK: a rule to a function says neither; with retryAttempts and configureAsyncInvoke it does', () => {
    const rule = (isSaid: boolean) =>
      plainStack((stack) => {
        const fn = new LambdaFunction(stack, 'Function', {
          runtime: Runtime.NODEJS_22_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = () => {}'),
        });
        if (isSaid) fn.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(2) });
        const target = new LambdaTarget(
          fn,
          isSaid ? { maxEventAge: Duration.hours(2), retryAttempts: 2 } : {},
        );
        new Rule(stack, 'Rule', { eventPattern: { source: ['orders'] }, targets: [target] });
      });

    expect(findingsOf(defaultRetries, rule(false))).toEqual([
      'Plain/Rule Targets[Target0].RetryPolicy',
      'Plain/Function EventInvokeConfig',
    ]);
    expect(findingsOf(defaultRetries, rule(true))).toEqual([]);
  });

  test('our constructs: nothing', () => {
    expect(
      findingsOf(
        defaultRetries,
        waybillSystem().changed(() => {}),
      ),
    ).toEqual([]);
  });

  test.each([
    [
      'AWS::Scheduler::Schedule',
      { Target: {} },
      { Target: { RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 } } },
      'Target.RetryPolicy',
    ],
    [
      'AWS::EventsV2::Subscriber',
      {},
      { RetryPolicy: { MaxEventAgeInSeconds: 86_400, MaxRetryAttempts: 185 } },
      'RetryPolicy',
    ],
  ])('%s', (Type, without, said, property) => {
    expect(findingsOf(defaultRetries, template({ Hop: { Type, Properties: without } }))).toEqual([
      `Bare/Hop ${property}`,
    ]);
    expect(findingsOf(defaultRetries, template({ Hop: { Type, Properties: said } }))).toEqual([]);
  });

  test.each([
    ['AWS::Scheduler::Schedule', {}, /^neither MaximumRetryAttempts nor MaximumEventAgeInSeconds; /],
    ['AWS::Scheduler::Schedule', { MaximumRetryAttempts: 3 }, /^no MaximumEventAgeInSeconds; /],
    ['AWS::Scheduler::Schedule', { MaximumEventAgeInSeconds: 60 }, /^no MaximumRetryAttempts; /],
    ['AWS::EventsV2::Subscriber', { MaxRetryAttempts: 3 }, /^no MaxEventAgeInSeconds; /],
    ['AWS::EventsV2::Subscriber', { MaxEventAgeInSeconds: 60 }, /^no MaxRetryAttempts; /],
  ])('one of the two is not enough, and what is missing is named: %s %j', (Type, RetryPolicy, received) => {
    const Properties = Type === 'AWS::Scheduler::Schedule' ? { Target: { RetryPolicy } } : { RetryPolicy };
    const messaging = template({ Hop: { Type, Properties } });

    expect(defaultRetries.check(messaging)).toEqual([
      expect.objectContaining({ received: expect.stringMatching(received) }),
    ]);
  });

  test('a config that says where failures go, and nothing of retries', () => {
    const messaging = template({
      Function: { Type: 'AWS::Lambda::Function' },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          Protocol: 'lambda',
          TopicArn: 'topic',
          Endpoint: { 'Fn::GetAtt': ['Function', 'Arn'] },
        },
      },
      Config: { Type: 'AWS::Lambda::EventInvokeConfig', Properties: { FunctionName: { Ref: 'Function' } } },
    });

    expect(findingsOf(defaultRetries, messaging)).toEqual(['Bare/Function EventInvokeConfig']);
  });
});
