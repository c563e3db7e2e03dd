import { Duration } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { visibilityTimeout } from '../../../lib/guards/w13-visibility-timeout.ts';
import { findingsOf, plainStack, template } from './support.ts';

/** Undefined: AWS's default. */
function system(visibility: unknown, timeout: unknown, window?: number) {
  return template({
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: visibility === undefined ? {} : { VisibilityTimeout: visibility as number },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: timeout === undefined ? {} : { Timeout: timeout as number },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        FunctionName: { Ref: 'Function' },
        ...(window === undefined ? {} : { MaximumBatchingWindowInSeconds: window }),
      },
    },
  });
}

describe('W13 a message stays invisible for as long as it may take', () => {
  test('plain CDK: SqsEventSource takes a queue of 60 seconds for a function of 60', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.seconds(60) });
      new LambdaFunction(stack, 'Function', {
        runtime: Runtime.NODEJS_22_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = () => {}'),
        timeout: Duration.seconds(60),
      }).addEventSource(new SqsEventSource(queue));
    });

    expect(findingsOf(visibilityTimeout, messaging)).toEqual(['Plain/Queue VisibilityTimeout']);
  });

  test.each([
    ['both defaults: 30 for 3', undefined, undefined, undefined, false],
    ['the queue’s default for a function of 6 seconds', undefined, 6, undefined, true],
    ['exactly six times', 60, 10, undefined, false],
    ['one second less', 59, 10, undefined, true],
    ['without room for the batching window', 60, 10, 5, true],
    ['with it', 65, 10, 5, false],
    ['below the timeout itself', 5, 10, undefined, true],
    ['as texts', '60', '10', undefined, false],
  ])('%s', (_, visibility, timeout, window, isFound) => {
    expect(findingsOf(visibilityTimeout, system(visibility, timeout, window))).toEqual(
      isFound ? ['Bare/Queue VisibilityTimeout'] : [],
    );
  });

  test('values that only AWS knows: nothing', () => {
    const known = { 'Fn::ImportValue': 'seconds' };

    expect(findingsOf(visibilityTimeout, system(known, 900))).toEqual([]);
    expect(findingsOf(visibilityTimeout, system(30, known))).toEqual([]);
  });

  test('the finding says by how much', () => {
    const [finding] = visibilityTimeout.check(system(5, 10, 5));

    expect(finding).toMatchObject({
      received: '5 seconds, less than one invocation may take',
      allowed: 'at least 65 seconds: 6 x the 10 of Bare/Function + the batching window of 5',
    });
  });
});
