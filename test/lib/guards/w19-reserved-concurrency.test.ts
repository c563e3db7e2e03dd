import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { reservedConcurrency, unboundedMapping } from '../../../lib/guards/w19-reserved-concurrency.ts';
import { findingsOf, plainStack, template } from './support.ts';

const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:111111111111:orders';

function system(reserved: unknown, ...mappings: readonly object[]) {
  return template({
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved as number },
    },
    ...Object.fromEntries(
      mappings.map((properties, index) => [
        `Mapping${index + 1}`,
        {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { FunctionName: { Ref: 'Function' }, EventSourceArn: QUEUE_ARN, ...properties },
        },
      ]),
    ),
  });
}
const atMost = (MaximumConcurrency: number) => ({ ScalingConfig: { MaximumConcurrency } });
const both = (messaging: ReturnType<typeof system>) => [
  ...findingsOf(reservedConcurrency, messaging),
  ...findingsOf(unboundedMapping, messaging),
];
const TOO_LOW = ['Bare/Function ReservedConcurrentExecutions'];

describe('W19 a function may run as often as its queues invoke it', () => {
  test('plain CDK: reservedConcurrentExecutions to throttle, and no maximum at the mapping', () => {
    const messaging = plainStack((stack) => {
      new LambdaFunction(stack, 'Function', {
        runtime: Runtime.NODEJS_22_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = () => {}'),
        reservedConcurrentExecutions: 2,
      }).addEventSource(new SqsEventSource(new Queue(stack, 'Queue')));
    });

    expect(findingsOf(reservedConcurrency, messaging)).toEqual([]);
    expect(findingsOf(unboundedMapping, messaging)).toEqual([
      expect.stringMatching(/^Plain\/Function\/SqsEventSource.* ScalingConfig.MaximumConcurrency$/),
    ]);
  });

  test.each([
    ['none reserved', undefined, [atMost(1000)], []],
    ['below one maximum', 4, [atMost(5)], TOO_LOW],
    ['at the maximum', 5, [atMost(5)], []],
    ['below the sum of two', 9, [atMost(5), atMost(5)], TOO_LOW],
    ['at the sum', 10, [atMost(5), atMost(5)], []],
    ['one of two switched off', 5, [atMost(5), { ...atMost(5), Enabled: false }], []],
    ['pollers, of ten invocations each', 19, [{ ProvisionedPollerConfig: { MaximumPollers: 2 } }], TOO_LOW],
    ['pollers, with room', 20, [{ ProvisionedPollerConfig: { MaximumPollers: 2 } }], []],
    ['nothing may run at all', 0, [atMost(2)], TOO_LOW],
    ['no maximum', 5, [{}], ['Bare/Mapping1 ScalingConfig.MaximumConcurrency']],
    ['no maximum at one of two', 5, [atMost(9), {}], ['Bare/Mapping2 ScalingConfig.MaximumConcurrency']],
    ['a stream', 1, [{ EventSourceArn: 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders' }], []],
    ['known only to AWS', { 'Fn::ImportValue': 'reserved' }, [atMost(5)], []],
  ])('%s', (_, reserved, mappings, expected) => {
    expect(both(system(reserved, ...mappings))).toEqual(expected);
  });
});
