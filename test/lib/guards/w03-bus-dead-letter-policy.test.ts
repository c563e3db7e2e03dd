import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { busDeadLetterPolicy } from '../../../lib/guards/w03-bus-dead-letter-policy.ts';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

function bus(sourceArn?: (bus: EventBus) => string) {
  return plainStack((stack) => {
    const deadLetterQueue = new Queue(stack, 'Dead');
    const made = new EventBus(stack, 'Bus', { kmsKey: new Key(stack, 'Key'), deadLetterQueue });
    if (sourceArn === undefined) return;
    deadLetterQueue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [deadLetterQueue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': sourceArn(made) } },
      }),
    );
  });
}

describe('W3 the dead-letter queue of a bus lets EventBridge in', () => {
  test('plain CDK sets the queue and no policy: found', () => {
    expect(found(bus())).toEqual(['W3 Plain/Dead AWS::SQS::QueuePolicy']);
    expect(busDeadLetterPolicy.check(bus())[0]?.fix).toContain(
      '"aws:SourceArn":"arn:aws:events:eu-west-1:111111111111:event-bus/PlainBus',
    );
  });

  test('a policy for another source: found; one for the bus: nothing', () => {
    expect(found(bus(() => 'arn:aws:events:eu-west-1:111111111111:rule/other'))).toEqual([
      'W3 Plain/Dead AWS::SQS::QueuePolicy',
    ]);
    expect(found(bus(({ eventBusArn }) => eventBusArn))).toEqual([]);
  });

  test('a bus without a dead-letter queue: nothing', () => {
    expect(found(plainStack((stack) => void new EventBus(stack, 'Bus')))).toEqual([]);
  });
});
