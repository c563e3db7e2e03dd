/** From a bus to its targets: rules, targets, retries, dead letters. */
import { afterEach, describe, expect, test } from '@jest/globals';

import { createHarness, functionArn, type Harness, queueArn } from './harness.ts';

const open: Harness[] = [];
const harness = () => {
  const one = createHarness();
  open.push(one);
  return one;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

describe('rules', () => {
  test('a matching event reaches the queue in its envelope, another does not', async () => {
    const h = harness();
    await h.createQueues('q');
    h.rule(
      { Arn: queueArn('q') },
      { EventPattern: '{"source":["shop"],"detail":{"total":[{"numeric":[">",10]}]}}' },
    );

    await h.put({ total: 11, nested: { a: [1] } }, { Resources: ['arn:x'], Time: 1_768_990_000 });
    await h.put({ total: 10 });

    expect(h.bodies('q')).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
        'detail-type': 'OrderPlaced',
        source: 'shop',
        account: '000000000000',
        time: '2026-01-21T10:06:40Z',
        region: 'us-east-1',
        resources: ['arn:x'],
        detail: { total: 11, nested: { a: [1] } },
      },
    ]);
    expect(Object.keys(h.bodies('q')[0] as object)).toEqual(
      'version id detail-type source account time region resources detail'.split(' '),
    );
  });

  test('a disabled rule is silent until it is enabled', async () => {
    const h = harness();
    await h.createQueues('q');
    h.rule({ Arn: queueArn('q'), InputPath: '$.detail' }, { Name: 'r', State: 'DISABLED' });

    await h.put({ n: 1 });
    await h.call('EnableRule', { Name: 'r' });
    await h.put({ n: 2 });

    expect(h.bodies('q')).toEqual([{ n: 2 }]);
  });

  test('events of one bus do not reach the rules of another; a bus that is not there swallows them', async () => {
    const h = harness();
    await h.createQueues('q');
    h.events.createEventBus({ Name: 'orders' });
    h.rule({ Arn: queueArn('q'), InputPath: '$.detail' }, { EventBusName: 'orders' });

    await h.put({ n: 1 });
    await h.put({ n: 2 }, { EventBusName: 'orders' });
    await h.put({ n: 3 }, { EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/orders' });
    await h.put({ n: 4 }, { EventBusName: 'mistyped' });

    expect(h.bodies('q')).toEqual([{ n: 2 }, { n: 3 }]);
  });
});

describe('targets', () => {
  test('a FIFO queue gets the static group of the target', async () => {
    const h = harness();
    await h.createQueues('q.fifo');
    h.rule({ Arn: queueArn('q.fifo'), SqsParameters: { MessageGroupId: 'g' } });

    await h.put();

    expect(h.messages('q.fifo')).toMatchObject([{ messageGroupId: 'g' }]);
  });

  test('topic, function, another bus, log group', async () => {
    const h = harness();
    await h.createQueues('q');
    const { TopicArn } = h.sns.createTopic({ Name: 'topic' });
    h.sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
      Attributes: { RawMessageDelivery: 'true' },
    });
    const { EventBusArn } = h.events.createEventBus({ Name: 'other' });
    const logGroup = 'arn:aws:logs:us-east-1:000000000000:log-group:/events';
    h.rule({ Arn: TopicArn, Input: '{"constant":true}' });
    h.rule({ Arn: EventBusArn });
    h.rule({ Arn: functionArn, InputPath: '$.detail' }, { EventBusName: 'other' });
    h.rule({ Arn: logGroup }, { EventBusName: 'other' });

    await h.put({ n: 1 });

    expect(h.bodies('q')).toEqual([{ constant: true }]);
    expect(h.invoked).toEqual([{ n: 1 }]);
    expect(h.logs.logs('/events').map(({ message }) => JSON.parse(message))).toMatchObject([
      { source: 'shop', detail: { n: 1 } },
    ]);
  });

  test('two buses that forward to each other come to an end', async () => {
    const h = harness();
    await h.createQueues('q');
    const { EventBusArn } = h.events.createEventBus({ Name: 'other' });
    h.rule({ Arn: EventBusArn });
    h.rule({ Arn: 'arn:aws:events:us-east-1:000000000000:event-bus/default' }, { EventBusName: 'other' });
    h.rule({ Arn: queueArn('q') });

    await h.put();

    expect(h.bodies('q').length).toBeLessThan(10);
  });
});

describe('a delivery that fails', () => {
  const DEAD = { DeadLetterConfig: { Arn: queueArn('dead') } };

  test('a target that is gone: dead-lettered at once, with the reason', async () => {
    const h = harness();
    await h.createQueues('dead');
    const { RuleArn } = h.rule({ Arn: queueArn('gone'), InputPath: '$.detail', ...DEAD });

    await h.put({ n: 1 });

    expect(h.bodies('dead')).toMatchObject([{ source: 'shop', detail: { n: 1 } }]);
    const attributes = h.messages('dead')[0]?.messageAttributes ?? {};
    expect(
      Object.fromEntries(Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue])),
    ).toEqual({
      RULE_ARN: RuleArn,
      TARGET_ARN: queueArn('gone'),
      ERROR_CODE: 'NO_RESOURCE',
      ERROR_MESSAGE: expect.any(String) as unknown,
      RETRY_ATTEMPTS: '0',
    });
  });

  test('a passing error is retried until the attempts are used up', async () => {
    const h = harness();
    await h.createQueues('q', 'dead');
    h.rule({ Arn: queueArn('q'), RetryPolicy: { MaximumRetryAttempts: 2 }, ...DEAD });
    h.context.faults.add({
      service: 'sqs',
      action: 'Deliver',
      matches: ({ input }) => input['QueueArn'] === queueArn('q'),
      effect: { kind: 'fail', code: 'InternalError' },
    });

    await h.put();
    await h.clock.advance(2_200);
    expect(h.messages('dead')).toEqual([]);
    await h.clock.advance(800);

    expect(h.messages('dead')).toMatchObject([
      {
        messageAttributes: {
          ERROR_CODE: { StringValue: 'INTERNAL_ERROR' },
          EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumRetryAttempts' },
          RETRY_ATTEMPTS: { StringValue: '2' },
        },
      },
    ]);
    expect(h.events.busy()).toBe(0);
  });

  test('or until the event is too old', async () => {
    const h = harness();
    await h.createQueues('q', 'dead');
    h.rule({ Arn: queueArn('q'), RetryPolicy: { MaximumEventAgeInSeconds: 60 }, ...DEAD });
    h.context.faults.add({
      service: 'sqs',
      action: 'Deliver',
      matches: ({ input }) => input['QueueArn'] === queueArn('q'),
      effect: { kind: 'throttle' },
    });

    await h.put();
    await h.clock.advance(59_999);
    expect(h.messages('dead')).toEqual([]);
    await h.clock.advance(1);

    expect(h.messages('dead')).toMatchObject([
      {
        messageAttributes: {
          ERROR_CODE: { StringValue: 'THROTTLING' },
          EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumEventAgeInSeconds' },
        },
      },
    ]);
  });

  test('an error that passes is retried into the queue', async () => {
    const h = harness();
    await h.createQueues('q');
    h.rule({ Arn: queueArn('q') });
    h.context.faults.add({ service: 'sqs', action: 'Deliver', times: 3, effect: { kind: 'throttle' } });

    await h.put();
    await h.clock.advance(7_000);

    expect(h.messages('q')).toHaveLength(1);
  });
});
