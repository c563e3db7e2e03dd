/** HTTP endpoints: confirmation, notifications, signatures, retries, the end of a subscription. */
import { createVerify, X509Certificate } from 'node:crypto';
import {
  ConfirmSubscriptionCommand,
  ListSubscriptionsByTopicCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { behavioursOf, expect, type Conformance } from '../harness.ts';
import { httpEndpoint } from '../http-endpoint.ts';
import { GUIDE, redriveTo, setSubscriptionAttribute, topic, type TestTopic } from './topics.ts';

const behaviour = behavioursOf('sns');
const RAW = `${GUIDE}/sns-large-payload-raw-message-delivery.html`;

/** Takes requests to confirm; answers notifications with the statuses given, then with 200. */
async function hook(aws: Conformance, ...statuses: number[]) {
  const { url, requests } = await httpEndpoint(aws, ({ body }) =>
    body.includes('SubscriptionConfirmation') ? 200 : (statuses.shift() ?? 200),
  );
  const notifications = () =>
    requests.filter(({ headers }) => headers['x-amz-sns-message-type'] === 'Notification');
  return { requests, notifications, url: `${url}/hook` };
}

async function subscribeHttp(
  aws: Conformance,
  orders: TestTopic,
  endpoint: Awaited<ReturnType<typeof hook>>,
  Attributes: Record<string, string> = {},
): Promise<string> {
  await aws.sns.send(
    new SubscribeCommand({ TopicArn: orders.arn, Protocol: 'http', Endpoint: endpoint.url, Attributes }),
  );
  const body = await aws.eventually(() => {
    const request = endpoint.requests[0];
    if (!request) throw new Error('no request to confirm came');
    return request.body;
  });
  const { Token } = JSON.parse(body) as { Token: string };
  const confirmed = await aws.sns.send(new ConfirmSubscriptionCommand({ TopicArn: orders.arn, Token }));
  return confirmed.SubscriptionArn ?? '';
}

const HTTP = `${GUIDE}/sns-http-https-endpoint-as-subscriber.html`;

/** Checks a signature as the guide says. */
async function isSigned(message: Readonly<Record<string, string>>): Promise<boolean> {
  const members = [
    'Message',
    'MessageId',
    'Subject',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ];
  const text = members
    .filter((member) => message[member] !== undefined)
    .map((member) => `${member}\n${message[member]}\n`)
    .join('');
  const certificate = await (await fetch(message['SigningCertURL'] ?? '')).text();
  const digest = message['SignatureVersion'] === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
  const { publicKey } = new X509Certificate(certificate);
  return createVerify(digest)
    .update(text)
    .verify(publicKey, message['Signature'] ?? '', 'base64');
}

behaviour('an HTTP endpoint is asked to confirm', HTTP, async (aws) => {
  const orders = await topic(aws);
  const endpoint = await hook(aws);
  await aws.sns.send(
    new SubscribeCommand({ TopicArn: orders.arn, Protocol: 'http', Endpoint: endpoint.url }),
  );

  const request = await aws.eventually(() => {
    if (!endpoint.requests[0]) throw new Error('no request came');
    return endpoint.requests[0];
  });
  expect(request.headers).toMatchObject({
    'x-amz-sns-message-type': 'SubscriptionConfirmation',
    'x-amz-sns-topic-arn': orders.arn,
    'content-type': 'text/plain; charset=UTF-8',
    'user-agent': 'Amazon Simple Notification Service Agent',
  });
  const message = JSON.parse(request.body) as Record<string, string>;
  expect(message).toMatchObject({ Type: 'SubscriptionConfirmation', TopicArn: orders.arn });
  expect(message['SubscribeURL']).toContain('Action=ConfirmSubscription');
  expect(await isSigned(message)).toBe(true);
});

behaviour('visiting the SubscribeURL confirms', HTTP, async (aws) => {
  const orders = await topic(aws);
  const endpoint = await hook(aws);
  await aws.sns.send(
    new SubscribeCommand({ TopicArn: orders.arn, Protocol: 'http', Endpoint: endpoint.url }),
  );
  const body = await aws.eventually(() => {
    if (!endpoint.requests[0]) throw new Error('no request came');
    return endpoint.requests[0].body;
  });
  const { SubscribeURL } = JSON.parse(body) as { SubscribeURL: string };

  expect((await fetch(SubscribeURL)).status).toBe(200);
  const listed = await aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: orders.arn }));
  expect(listed.Subscriptions?.[0]?.SubscriptionArn?.startsWith(orders.arn)).toBe(true);
});

behaviour('nothing is sent to an endpoint before it has confirmed', HTTP, async (aws) => {
  const orders = await topic(aws);
  const endpoint = await hook(aws);
  await aws.sns.send(
    new SubscribeCommand({ TopicArn: orders.arn, Protocol: 'http', Endpoint: endpoint.url }),
  );
  await orders.publish('early');
  await aws.wait(1);

  expect(endpoint.notifications()).toEqual([]);
});

behaviour(
  'a notification has the headers of SNS and its envelope',
  `${GUIDE}/http-header.html`,
  async (aws) => {
    const orders = await topic(aws);
    const endpoint = await hook(aws);
    const arn = await subscribeHttp(aws, orders, endpoint);
    const { MessageId } = await orders.publish('hello');

    const request = await aws.eventually(() => {
      const [first] = endpoint.notifications();
      if (!first) throw new Error('no notification came');
      return first;
    });
    expect(request.headers).toMatchObject({
      'x-amz-sns-message-id': MessageId,
      'x-amz-sns-topic-arn': orders.arn,
      'x-amz-sns-subscription-arn': arn,
    });
    expect(JSON.parse(request.body)).toMatchObject({ Type: 'Notification', Message: 'hello', MessageId });
  },
);

for (const version of ['1', '2']) {
  behaviour(
    `signature version ${version} verifies with the certificate at SigningCertURL`,
    `${GUIDE}/sns-verify-signature-of-message.html`,
    async (aws) => {
      const orders = await topic(aws, { SignatureVersion: version });
      const queue = await orders.queue();
      await orders.publish('signed', { Subject: 'with a subject' });

      const [message] = await queue.receive(1);
      const signed = JSON.parse(message?.Body ?? '{}') as Record<string, string>;
      expect(signed['SignatureVersion']).toBe(version);
      expect(await isSigned(signed)).toBe(true);
      expect(await isSigned({ ...signed, Message: 'changed' })).toBe(false);
    },
  );
}

behaviour('raw delivery to HTTP says so in a header', RAW, async (aws) => {
  const orders = await topic(aws);
  const endpoint = await hook(aws);
  await subscribeHttp(aws, orders, endpoint, { RawMessageDelivery: 'true' });
  await orders.publish('raw');

  const request = await aws.eventually(() => {
    const [first] = endpoint.notifications();
    if (!first) throw new Error('no notification came');
    return first;
  });
  expect(request.body).toBe('raw');
  expect(request.headers['x-amz-sns-rawdelivery']).toBe('true');
});

behaviour(
  'a server error is tried again, three times, 20 seconds apart',
  `${GUIDE}/sns-message-delivery-retries.html`,
  async (aws) => {
    const orders = await topic(aws);
    const endpoint = await hook(aws, 500, 503);
    await subscribeHttp(aws, orders, endpoint);
    await orders.publish('again');
    const count = (wanted: number) =>
      aws.eventually(() => expect(endpoint.notifications()).toHaveLength(wanted));

    await count(1);
    await aws.wait(20);
    await count(2);
    await aws.wait(20);
    await count(3);
    await aws.wait(60);
    await count(3);
  },
);

behaviour('a client error is not tried again', `${GUIDE}/sns-message-delivery-retries.html`, async (aws) => {
  const orders = await topic(aws);
  const dead = await aws.queue();
  await aws.allow(dead, 'sns.amazonaws.com', orders.arn);
  const endpoint = await hook(aws, 404);
  await subscribeHttp(aws, orders, endpoint, { RedrivePolicy: redriveTo(dead) });
  await orders.publish('refused');

  expect(await dead.receive(1)).toHaveLength(1);
  expect(endpoint.notifications()).toHaveLength(1);
});

behaviour(
  'a delivery policy of its own decides about retries',
  `${GUIDE}/sns-message-delivery-retries.html`,
  async (aws) => {
    const orders = await topic(aws);
    const endpoint = await hook(aws, 500, 500, 500, 500);
    const arn = await subscribeHttp(aws, orders, endpoint);
    const healthyRetryPolicy = {
      minDelayTarget: 30,
      maxDelayTarget: 30,
      numRetries: 2,
      numNoDelayRetries: 1,
    };
    await setSubscriptionAttribute(aws, arn, 'DeliveryPolicy', JSON.stringify({ healthyRetryPolicy }));
    await orders.publish('again');
    const count = (wanted: number) =>
      aws.eventually(() => expect(endpoint.notifications()).toHaveLength(wanted));

    await count(2);
    await aws.wait(30);
    await count(3);
    await aws.wait(60);
    await count(3);
  },
);

behaviour(
  'the content type of a delivery policy is sent',
  `${GUIDE}/sns-message-delivery-retries.html`,
  async (aws) => {
    const orders = await topic(aws);
    const endpoint = await hook(aws);
    const requestPolicy = { headerContentType: 'application/json' };
    await subscribeHttp(aws, orders, endpoint, { DeliveryPolicy: JSON.stringify({ requestPolicy }) });
    await orders.publish('{}');

    const request = await aws.eventually(() => {
      const [first] = endpoint.notifications();
      if (!first) throw new Error('no notification came');
      return first;
    });
    expect(request.headers['content-type']).toBe('application/json');
  },
);

behaviour(
  'an endpoint that is unsubscribed is told so, and can come back',
  `${GUIDE}/http-unsubscribe-confirmation-json.html`,
  async (aws) => {
    const orders = await topic(aws);
    const endpoint = await hook(aws);
    const arn = await subscribeHttp(aws, orders, endpoint);
    await aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));

    const request = await aws.eventually(() => {
      const found = endpoint.requests.find(
        ({ headers }) => headers['x-amz-sns-message-type'] === 'UnsubscribeConfirmation',
      );
      if (!found) throw new Error('nothing came');
      return found;
    });
    const message = JSON.parse(request.body) as Record<string, string>;
    expect(message['Type']).toBe('UnsubscribeConfirmation');
    expect(await isSigned(message)).toBe(true);

    await fetch(message['SubscribeURL'] ?? '');
    const listed = await aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: orders.arn }));
    expect(listed.Subscriptions?.map(({ SubscriptionArn }) => SubscriptionArn)).toEqual([arn]);
  },
);
