/** What waits goes back to its queue as a copy, and uses up no receive. */
import { describe, expect, test } from '@jest/globals';
import { consume } from '../../../lambda/runtime/consume.ts';
import type { Verdict } from '../../../lambda/runtime/consumer/admission.ts';
import type { Outcome } from '../../../lambda/runtime/consumer/outcome.ts';
import { MAX_DELAY_SECONDS, putBackCopies } from '../../../lambda/runtime/consumer/put-back.ts';
import { UnavailableError } from '../../../lambda/runtime/degradation/index.ts';
import {
  acceptUnless,
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  entriesOf,
  fakeClient,
  OrderPlaced,
  orderPlaced,
  record,
} from './fixtures.ts';

const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/111122223333/orders';
const HOUR = 3_600_000;

const waits = (seconds: number) => () => {
  throw new UnavailableError('WAYBILL_JOB_WAITS', 'the tenant', seconds);
};

function given(client = fakeClient(), now: () => number = Date.now) {
  const { logger, lines } = capturedLog();
  return {
    lines,
    client,
    options: {
      consumer: 'fulfilment',
      client,
      logger,
      random: () => 0.5,
      maxReceiveCount: 3,
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
      putBack: putBackCopies({ longestWait: HOUR, queueUrl: QUEUE_URL, client, random: () => 0.5, now }),
    },
  };
}

/** Of the group of its tenant, on a standard queue. */
function waiting(receiveCount = 1) {
  const message = record({ envelope: orderPlaced('o1'), receiveCount });
  return { ...message, attributes: { ...message.attributes, MessageGroupId: 'acme' } };
}

describe('a message that waits', () => {
  test('is put back with its body, attributes and group, a delay and some jitter, and is done with', async () => {
    const { client, options, lines } = given();
    const message = waiting();

    const response = await consume(OrderPlaced, waits(60), options)({ Records: [message] });

    expect(response).toEqual({ batchItemFailures: [] });
    expect(client.calls.map(({ input }) => input['QueueUrl'])).toEqual([QUEUE_URL]);
    expect(entriesOf(client.calls[0]!.input)).toEqual([
      {
        Id: '0',
        MessageBody: message.body,
        MessageAttributes: {
          eventType: { DataType: 'String', StringValue: 'OrderPlaced' },
          tenantId: { DataType: 'String', StringValue: 'acme' },
        },
        DelaySeconds: 63,
        MessageGroupId: 'acme',
      },
    ]);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'message put-back', retryAfter: 60 }));
  });

  test('waits no longer at a time than SQS delays a message', async () => {
    const { client, options } = given();
    await consume(OrderPlaced, waits(100_000), options)({ Records: [waiting()] });
    expect(entriesOf(client.calls[0]!.input)[0]).toMatchObject({ DelaySeconds: MAX_DELAY_SECONDS });
  });

  test('also at its last receive: it has not failed', async () => {
    const { client, options } = given();
    const response = await consume(OrderPlaced, waits(1), options)({ Records: [waiting(3)] });
    expect(response).toEqual({ batchItemFailures: [] });
    expect(client.calls.map(({ input }) => input['QueueUrl'])).toEqual([QUEUE_URL]);
  });

  test('because of a switch goes back too, and for the controls it is not done with', async () => {
    const { client, options } = given();
    const settled: Outcome[] = [];
    const verdict: Verdict = { kind: 'postpone', seconds: 120, reason: 'CONSUMER_PAUSED' };
    const controls = {
      admit: () => Promise.resolve(verdict),
      settled: (_: unknown, outcome: Outcome) => {
        settled.push(outcome);
        return Promise.resolve(true);
      },
      countFailure: () => Promise.resolve(1),
      holdReceives: () => Promise.resolve(0),
    };
    const response = await consume(OrderPlaced, () => {}, { ...options, controls })({ Records: [waiting()] });
    expect(response).toEqual({ batchItemFailures: [] });
    expect(entriesOf(client.calls[0]!.input)[0]).toMatchObject({ DelaySeconds: 126 });
    expect(settled).toEqual(['postponed']);
  });
});

describe('what can not be put back has failed', () => {
  const refusing = () =>
    fakeClient((name, input) =>
      name === 'SendMessageBatch' ? acceptUnless(input, () => ({ Code: 'InternalError' })) : undefined,
    );

  test('it comes back after a backoff', async () => {
    const { client, options, lines } = given(refusing());
    const message = waiting();
    const response = await consume(OrderPlaced, waits(60), options)({ Records: [message] });
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: message.messageId }] });
    expect(client.calls.map(({ name }) => name)).toEqual([
      'SendMessageBatch',
      'ChangeMessageVisibilityBatch',
    ]);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'message failed', detail: expect.stringContaining('PutBackError') }),
    );
  });

  test('what is too old is dead-lettered at its last receive, with the reason', async () => {
    const { client, options } = given(fakeClient(), () => Date.now() + HOUR + 1_000);
    const response = await consume(OrderPlaced, waits(60), options)({ Records: [waiting(3)] });
    expect(response).toEqual({ batchItemFailures: [] });
    expect(client.calls.map(({ input }) => input['QueueUrl'])).toEqual([DEAD_LETTER_QUEUE_URL]);
    expect(JSON.stringify(entriesOf(client.calls[0]!.input))).toContain('WAYBILL_WAITED_TOO_LONG');
  });
});
