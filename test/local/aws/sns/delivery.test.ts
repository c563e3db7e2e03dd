/** From a topic to its subscriptions: filters, shapes, retries, dead letters. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';

import { AwsError } from '../../../../local/aws/errors.ts';
import { createHarness, type Harness, queueArn } from './harness.ts';
import { until } from '../../../support/waiting.ts';

const open: Harness[] = [];
const harness = () => {
  const one = createHarness();
  open.push(one);
  return one;
};
afterEach(() => {
  for (const { sns } of open.splice(0)) sns.close();
});

const subscribe = (
  { sns }: Harness,
  TopicArn: string,
  queue: string,
  Attributes: Record<string, string> = {},
) => sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes }).SubscriptionArn;

const RAW = { RawMessageDelivery: 'true' };

describe('delivery to a queue', () => {
  test('the envelope has the members of AWS, in its order', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    const arn = subscribe(h, TopicArn, 'q');

    const { MessageId } = await h.sns.publish({
      TopicArn,
      Message: 'hello',
      Subject: 'Greetings',
      MessageAttributes: {
        colour: { DataType: 'String', StringValue: 'red' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([2, 3, 4]) },
      },
    });

    const envelope = JSON.parse(h.bodies()[0] ?? '') as Record<string, unknown>;
    expect(Object.keys(envelope)).toEqual([
      'Type',
      'MessageId',
      'TopicArn',
      'Subject',
      'Message',
      'Timestamp',
      'SignatureVersion',
      'Signature',
      'SigningCertURL',
      'UnsubscribeURL',
      'MessageAttributes',
    ]);
    expect(envelope).toMatchObject({
      Type: 'Notification',
      MessageId,
      TopicArn,
      Subject: 'Greetings',
      Message: 'hello',
      Timestamp: '2026-01-01T00:00:00.000Z',
      MessageAttributes: {
        colour: { Type: 'String', Value: 'red' },
        bytes: { Type: 'Binary', Value: 'AgME' },
      },
    });
    expect(String(envelope['UnsubscribeURL'])).toContain(arn);
    expect(h.received[0]?.attributes).toEqual({});
  });

  test('raw delivery is the message itself with its attributes', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    subscribe(h, TopicArn, 'q', RAW);

    await h.sns.publish({
      TopicArn,
      Message: 'hello',
      MessageGroupId: 'tenant-1',
      MessageAttributes: {
        n: { DataType: 'Number', StringValue: '1' },
        bytes: { DataType: 'Binary', BinaryValue: 'AgME' },
      },
    });

    expect(h.received).toEqual([
      {
        queue: 'q',
        body: 'hello',
        attributes: {
          n: { DataType: 'Number', StringValue: '1' },
          bytes: { DataType: 'Binary', BinaryValue: 'AgME' },
        },
        groupId: 'tenant-1',
        deduplicationId: undefined,
      },
    ]);
  });

  test('raw delivery of more than 10 attributes is a client error', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    const dead = JSON.stringify({ deadLetterTargetArn: queueArn('dead') });
    subscribe(h, TopicArn, 'raw', { ...RAW, RedrivePolicy: dead });
    subscribe(h, TopicArn, 'wrapped');
    const attributes = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'x' }]),
      );

    await h.sns.publish({ TopicArn, Message: 'ten', MessageAttributes: attributes(10) });
    await h.sns.publish({ TopicArn, Message: 'eleven', MessageAttributes: attributes(11) });

    expect(h.bodies('raw')).toEqual(['ten']);
    expect(h.bodies('wrapped')).toHaveLength(2);
    expect(JSON.parse(h.bodies('dead')[0] ?? '')).toMatchObject({ Message: 'eleven' });
  });

  test('with MessageStructure json each protocol gets its own text', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    subscribe(h, TopicArn, 'q', RAW);
    const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    h.sns.subscribe({ TopicArn, Protocol: 'lambda', Endpoint: functionArn });

    const Message = JSON.stringify({ default: 'for all', sqs: 'for queues' });
    await h.sns.publish({ TopicArn, Message, MessageStructure: 'json' });

    expect(h.bodies('q')).toEqual(['for queues']);
    expect(h.invoked).toMatchObject([
      {
        functionArn,
        event: {
          Records: [
            { EventSource: 'aws:sns', EventVersion: '1.0', Sns: { Message: 'for all', Subject: null } },
          ],
        },
      },
    ]);
  });
});

describe('filters', () => {
  test('attribute scope, body scope, and a change that applies at once', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    const byAttribute = subscribe(h, TopicArn, 'attribute', {
      ...RAW,
      FilterPolicy: JSON.stringify({ tenantId: ['a'] }),
    });
    subscribe(h, TopicArn, 'body', {
      ...RAW,
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify({ order: { total: [{ numeric: ['>', 10] }] } }),
    });
    const publish = (Message: string, tenantId: string) =>
      h.sns.publish({
        TopicArn,
        Message,
        MessageAttributes: { tenantId: { DataType: 'String', StringValue: tenantId } },
      });

    await publish('plain', 'a');
    await publish('{"order":{"total":11}}', 'b');
    h.sns.setSubscriptionAttributes({
      SubscriptionArn: byAttribute,
      AttributeName: 'FilterPolicy',
      AttributeValue: JSON.stringify({ tenantId: ['b'] }),
    });
    await publish('{"order":{"total":10}}', 'b');
    h.sns.setSubscriptionAttributes({
      SubscriptionArn: byAttribute,
      AttributeName: 'FilterPolicy',
      AttributeValue: '',
    });
    await publish('anybody', 'z');

    expect(h.bodies('attribute')).toEqual(['plain', '{"order":{"total":10}}', 'anybody']);
    expect(h.bodies('body')).toEqual(['{"order":{"total":11}}']);
    expect(h.happenings.filter(({ kind }) => kind === 'filtered')).toHaveLength(4);
  });
});

describe('a delivery that fails', () => {
  const gone = new AwsError('QueueDoesNotExist', 'gone', 400);
  const unavailable = new AwsError('ServiceUnavailable', 'not now', 503);

  test('a refusal for good goes to the dead-letter queue at once, as the queue would have got it', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    subscribe(h, TopicArn, 'q', {
      ...RAW,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }),
    });
    subscribe(h, TopicArn, 'lost', RAW);
    h.failing.set('q', gone).set('lost', gone);

    await h.sns.publish({
      TopicArn,
      Message: 'hello',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'x' } },
    });

    expect(h.received).toMatchObject([
      { queue: 'dead', body: 'hello', attributes: { a: { StringValue: 'x' } } },
    ]);
    expect(h.sns.busy()).toBe(0);
  });

  test('a passing error is retried: 3 times at once, then after 1 s', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    subscribe(h, TopicArn, 'q', RAW);
    h.failing.set('q', unavailable);

    await h.sns.publish({ TopicArn, Message: 'hello' });
    expect(h.bodies()).toEqual([]);
    expect(h.sns.busy()).toBe(1);
    h.failing.clear();
    await h.clock.advance(999);
    expect(h.bodies()).toEqual([]);
    await h.clock.advance(1);

    expect(h.bodies()).toEqual(['hello']);
    expect(h.happenings.at(-1)).toMatchObject({ kind: 'delivered', detail: { retries: 4 } });
    expect(h.sns.busy()).toBe(0);
  });

  test('a throttled queue is no refusal for good', async () => {
    const h = harness();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    subscribe(h, TopicArn, 'q', RAW);
    h.throttled.set('hello', 2);

    await h.sns.publish({ TopicArn, Message: 'hello' });

    expect(h.bodies()).toEqual(['hello']);
  });
});

describe('HTTP endpoints', () => {
  test('confirm first, then get the envelope with the headers of AWS', async () => {
    const h = harness();
    const requests: { headers: Record<string, unknown>; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        requests.push({ headers: request.headers, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const Endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });

    const first = h.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint });
    await until(() => requests.length === 1);
    await h.sns.publish({ TopicArn, Message: 'too early' });
    const { Token } = JSON.parse(requests[0]?.body ?? '') as { Token: string };
    const caller = { accountId: '000000000000', arn: 'arn:aws:iam::000000000000:root' };
    const confirmed = await h.sns.handle('ConfirmSubscription', { TopicArn, Token }, caller);
    await h.sns.publish({ TopicArn, Message: 'hello' });
    await until(() => requests.length === 2);
    await new Promise((resolve) => server.close(resolve));

    expect(first).toEqual({ SubscriptionArn: 'pending confirmation' });
    expect(confirmed).toMatchObject({ SubscriptionArn: expect.stringContaining(TopicArn) as unknown });
    expect(requests[0]?.headers).toMatchObject({ 'x-amz-sns-message-type': 'SubscriptionConfirmation' });
    expect(requests[1]?.headers).toMatchObject({ 'x-amz-sns-message-type': 'Notification' });
    expect(JSON.parse(requests[1]?.body ?? '')).toMatchObject({ Type: 'Notification', Message: 'hello' });
  });
});
