/** Subscriptions: making, confirming, changing, listing, ending. */
import {
  ConfirmSubscriptionCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { behavioursOf, bodies, expect, refused, type Conformance } from '../harness.ts';
import { API, GUIDE, redriveTo, setSubscriptionAttribute, subscriptionAttributes, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const INVALID = ['InvalidParameter', 'InvalidParameterException'];
const NOT_FOUND = ['NotFound', 'NotFoundException'];
const SUBSCRIBE = `${API}/API_Subscribe.html`;

const subscribe = (
  aws: Conformance,
  TopicArn: string,
  Protocol: string,
  Endpoint: string,
  Attributes: Record<string, string> = {},
) => aws.sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));

behaviour("a queue's subscription needs no confirmation", SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const arn = await orders.subscribe(await aws.queue());

  expect(arn.startsWith(`${orders.arn}:`)).toBe(true);
  expect(await subscriptionAttributes(aws, arn)).toMatchObject({
    PendingConfirmation: 'false',
    ConfirmationWasAuthenticated: 'true',
    RawMessageDelivery: 'false',
  });
});

behaviour('a subscription describes itself', `${API}/API_GetSubscriptionAttributes.html`, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();
  const arn = await orders.subscribe(queue, { FilterPolicy: '{"type":["a"]}' });

  expect(await subscriptionAttributes(aws, arn)).toMatchObject({
    SubscriptionArn: arn,
    TopicArn: orders.arn,
    Protocol: 'sqs',
    Endpoint: queue.arn,
    Owner: await aws.accountId(),
    FilterPolicy: '{"type":["a"]}',
    FilterPolicyScope: 'MessageAttributes',
  });
});

behaviour('subscribing again gives the same subscription', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();
  const first = await orders.subscribe(queue, { RawMessageDelivery: 'true' });

  expect(await orders.subscribe(queue, { RawMessageDelivery: 'true' })).toBe(first);
  expect(await orders.subscribe(queue)).toBe(first);
});

behaviour('subscribing again with other attributes is refused', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();
  await orders.subscribe(queue, { RawMessageDelivery: 'true' });

  await refused(orders.subscribe(queue, { RawMessageDelivery: 'false' }), ...INVALID);
});

behaviour('subscribing to a topic that does not exist is not found', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();

  await refused(subscribe(aws, `${orders.arn}-not`, 'sqs', queue.arn), ...NOT_FOUND);
});

const badEndpoints: readonly (readonly [protocol: string, endpoint: string])[] = [
  ['carrier-pigeon', 'Trafalgar Square'],
  ['sqs', 'no-arn'],
  ['lambda', 'arn:aws:sqs:us-east-1:123456789012:orders'],
  ['email', 'nobody'],
  ['http', 'https://example.com'],
  ['https', 'http://example.com'],
  ['sms', 'call me'],
];
for (const [protocol, endpoint] of badEndpoints) {
  behaviour(`a subscription of ${protocol} to "${endpoint}" is refused`, SUBSCRIBE, async (aws) => {
    const orders = await topic(aws);

    await refused(subscribe(aws, orders.arn, protocol, endpoint), ...INVALID);
  });
}

behaviour(
  'a FIFO queue can not subscribe to a standard topic',
  `${GUIDE}/fifo-message-delivery.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await aws.queue({ FifoQueue: 'true' });

    await refused(orders.subscribe(queue), ...INVALID);
  },
);

behaviour('an e-mail address and an HTTP endpoint have to confirm', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const { SubscriptionArn } = await subscribe(aws, orders.arn, 'email', 'nobody@example.com');

  expect(SubscriptionArn?.toLowerCase()).toBe('pending confirmation');
  expect((await orders.attributes())['SubscriptionsPending']).toBe('1');
});

behaviour('ReturnSubscriptionArn gives the ARN before the confirmation', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const { SubscriptionArn = '' } = await aws.sns.send(
    new SubscribeCommand({
      TopicArn: orders.arn,
      Protocol: 'email',
      Endpoint: 'nobody@example.com',
      ReturnSubscriptionArn: true,
    }),
  );

  expect((await subscriptionAttributes(aws, SubscriptionArn))['PendingConfirmation']).toBe('true');
});

behaviour(
  'a pending subscription is listed without its ARN',
  `${API}/API_ListSubscriptionsByTopic.html`,
  async (aws) => {
    const orders = await topic(aws);
    await subscribe(aws, orders.arn, 'email', 'nobody@example.com');
    const { Subscriptions } = await aws.sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: orders.arn }),
    );

    expect(Subscriptions).toMatchObject([
      { SubscriptionArn: 'PendingConfirmation', Protocol: 'email', Endpoint: 'nobody@example.com' },
    ]);
  },
);

behaviour(
  'confirming with a token that was never given is refused',
  `${API}/API_ConfirmSubscription.html`,
  async (aws) => {
    const orders = await topic(aws);

    await refused(
      aws.sns.send(new ConfirmSubscriptionCommand({ TopicArn: orders.arn, Token: 'nonsense' })),
      ...INVALID,
    );
  },
);

behaviour(
  'subscriptions are listed by topic and all together',
  `${API}/API_ListSubscriptions.html`,
  async (aws) => {
    const orders = await topic(aws);
    const arn = await orders.subscribe(await aws.queue());
    const byTopic = await aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: orders.arn }));
    const all: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const answer = await aws.sns.send(
        new ListSubscriptionsCommand(NextToken === undefined ? {} : { NextToken }),
      );
      all.push(...(answer.Subscriptions ?? []).map(({ SubscriptionArn }) => SubscriptionArn));
      ({ NextToken } = answer);
    } while (NextToken !== undefined);

    expect(byTopic.Subscriptions?.map(({ SubscriptionArn }) => SubscriptionArn)).toEqual([arn]);
    expect(all).toContain(arn);
  },
);

behaviour(
  'a subscription that was ended gets nothing any more',
  `${API}/API_Unsubscribe.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await aws.queue();
    const arn = await orders.subscribe(queue);
    await aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await orders.publish('a');

    expect(await queue.receiveOnce()).toEqual([]);
    await refused(subscriptionAttributes(aws, arn), ...NOT_FOUND);
  },
);

behaviour('ending a subscription twice is no error', `${API}/API_Unsubscribe.html`, async (aws) => {
  const orders = await topic(aws);
  const arn = await orders.subscribe(await aws.queue());
  await aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
  await aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
});

behaviour('ending what is no subscription is refused', `${API}/API_Unsubscribe.html`, async (aws) => {
  const orders = await topic(aws);

  await refused(aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: orders.arn })), ...INVALID);
  await refused(aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: 'nonsense' })), ...INVALID);
});

behaviour(
  'a subscription that does not exist is not found',
  `${API}/API_GetSubscriptionAttributes.html`,
  async (aws) => {
    const orders = await topic(aws);
    const SubscriptionArn = `${orders.arn}:11111111-2222-3333-4444-555555555555`;

    const call = aws.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect((await refused(call, ...NOT_FOUND)).status).toBe(404);
  },
);

const badValues: readonly (readonly [name: string, value: string])[] = [
  ['Colour', 'red'],
  ['RawMessageDelivery', 'maybe'],
  ['FilterPolicyScope', 'Headers'],
  ['FilterPolicy', 'no JSON'],
  ['RedrivePolicy', 'no JSON'],
  ['RedrivePolicy', '{"deadLetterTargetArn":"nonsense"}'],
  ['DeliveryPolicy', 'no JSON'],
  ['ReplayPolicy', '{"PointType":"Timestamp","StartingPoint":"2026-01-01T00:00:00Z"}'],
];
for (const [name, value] of badValues) {
  behaviour(`${name} ${value} is refused`, `${API}/API_SetSubscriptionAttributes.html`, async (aws) => {
    const orders = await topic(aws);
    const arn = await orders.subscribe(await aws.queue());

    await refused(setSubscriptionAttribute(aws, arn, name, value), ...INVALID);
  });
}

behaviour('an unknown attribute is refused when subscribing', SUBSCRIBE, async (aws) => {
  const orders = await topic(aws);
  const queue = await aws.queue();

  await refused(subscribe(aws, orders.arn, 'sqs', queue.arn, { Colour: 'red' }), ...INVALID);
});

behaviour(
  'raw delivery is not for e-mail',
  `${GUIDE}/sns-large-payload-raw-message-delivery.html`,
  async (aws) => {
    const orders = await topic(aws);

    await refused(
      subscribe(aws, orders.arn, 'email', 'nobody@example.com', { RawMessageDelivery: 'true' }),
      ...INVALID,
    );
  },
);

behaviour(
  'raw delivery can be switched on later',
  `${API}/API_SetSubscriptionAttributes.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await aws.queue();
    const arn = await orders.subscribe(queue);
    await setSubscriptionAttribute(aws, arn, 'RawMessageDelivery', 'true');
    await aws.applied();
    await orders.publish('raw');

    expect(bodies(await queue.receive(1))).toEqual(['raw']);
  },
);

behaviour(
  'a filter policy is taken away with an empty one',
  `${GUIDE}/message-filtering-policy-remove.html`,
  async (aws) => {
    const orders = await topic(aws);
    const queue = await aws.queue();
    const arn = await orders.subscribe(queue, { RawMessageDelivery: 'true', FilterPolicy: '{"a":["b"]}' });
    await setSubscriptionAttribute(aws, arn, 'FilterPolicy', '{}');
    await aws.applied();
    await orders.publish('all');

    expect(bodies(await queue.receive(1))).toEqual(['all']);
  },
);

behaviour(
  'a dead-letter queue of a standard subscription is a standard queue',
  `${GUIDE}/sns-configure-dead-letter-queue.html`,
  async (aws) => {
    const orders = await topic(aws);
    const arn = await orders.subscribe(await aws.queue());
    const fifo = await aws.queue({ FifoQueue: 'true' });

    await refused(setSubscriptionAttribute(aws, arn, 'RedrivePolicy', redriveTo(fifo)), ...INVALID);
  },
);
