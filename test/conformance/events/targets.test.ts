/** What each kind of target receives, and how the event is shaped for it. */
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { CreateTopicCommand, DeleteTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, type Conformance } from '../harness.ts';
import { API, bus, eventOf, GUIDE } from './rules.ts';

const behaviour = behavioursOf('events');
const TRANSFORM = `${GUIDE}/eb-transform-target-input.html`;
const DEAD = `${GUIDE}/eb-rule-dlq.html`;

const detail = {
  user: 'Anna',
  card: { last4: '1234' },
  items: [{ sku: 'a' }, { sku: 'b' }],
  total: 3,
  ok: true,
};

/** What a queue gets of an event with {@link detail}, shaped by the target. */
async function received(aws: Conformance, target: object): Promise<string> {
  const shop = await bus(aws);
  const queue = await (await shop.rule()).queue(target);
  await shop.put(detail);
  const [message] = await queue.receive(1);
  return message?.Body ?? 'nothing came';
}

behaviour('Input replaces the event', `${API}/API_Target.html`, async (aws) => {
  expect(await received(aws, { Input: '{"constant":true}' })).toBe('{"constant":true}');
});

for (const [path, expected] of [
  ['$.detail.card', '{"last4":"1234"}'],
  ['$.detail.items[1].sku', '"b"'],
  ['$.detail.total', '3'],
  ['$.detail-type', '"OrderPlaced"'],
] as const) {
  behaviour(`InputPath ${path} takes a part of the event`, `${API}/API_Target.html`, async (aws) => {
    expect(await received(aws, { InputPath: path })).toBe(expected);
  });
}

const InputPathsMap = {
  user: '$.detail.user',
  card: '$.detail.card',
  total: '$.detail.total',
  skus: '$.detail.items[*].sku',
  missing: '$.detail.missing',
};
const templates: readonly (readonly [why: string, template: string, expected: unknown])[] = [
  ['a string', '"<user> pays <total>"', 'Anna pays 3'],
  [
    'an object',
    '{"who": <user>, "sum": <total>, "card": <card>}',
    { who: 'Anna', sum: 3, card: { last4: '1234' } },
  ],
  ['text inside an object', '{"text": "user <user>"}', { text: 'user Anna' }],
  ['escaped quotes', '{"text": "user \\"<user>\\""}', { text: 'user "Anna"' }],
  ['a mix with constants', '{"list": [9, <total>, true]}', { list: [9, 3, true] }],
  ['several values of a wildcard', '{"skus": <skus>}', { skus: ['a', 'b'] }],
  ['what is not there as nothing', '"[<missing>]"', '[]'],
];
for (const [why, InputTemplate, expected] of templates) {
  behaviour(`a template makes ${why}`, TRANSFORM, async (aws) => {
    const body = await received(aws, { InputTransformer: { InputPathsMap, InputTemplate } });

    expect(JSON.parse(body)).toEqual(expected);
  });
}

behaviour('a template knows the rule and the event', TRANSFORM, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  const InputTemplate =
    '{"arn": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "json": <aws.events.event.json>, "at": <aws.events.event.ingestion-time>}';
  const queue = await rule.queue({ InputTransformer: { InputTemplate } });
  const id = await shop.put(detail);

  const [message] = await queue.receive(1);
  const filled = JSON.parse(message?.Body ?? '{}') as Record<string, unknown>;
  expect(filled).toMatchObject({ arn: rule.arn, name: rule.name, json: { id, detail } });
  expect(String(filled['at'])).toMatch(/^\d{4}-\d\d-\d\dT/);
});

behaviour('aws.events.event is the event without its detail', TRANSFORM, async (aws) => {
  const body = await received(aws, { InputTransformer: { InputTemplate: '{"event": <aws.events.event>}' } });
  const { event } = JSON.parse(body) as { event: Record<string, unknown> };

  expect(event).toMatchObject({ source: 'shop' });
  expect(event).not.toHaveProperty('detail');
});

behaviour('the JSON that a target gets is minified', TRANSFORM, async (aws) => {
  const InputTemplate = '{\n  "who": <user>\n}';

  expect(await received(aws, { InputTransformer: { InputPathsMap, InputTemplate } })).toBe('{"who":"Anna"}');
});

behaviour('every target of a rule gets the event', `${GUIDE}/eb-targets.html`, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  const first = await rule.queue({ InputPath: '$.detail.total' });
  const second = await rule.queue({ InputPath: '$.detail.user' });
  await shop.put(detail);

  expect(bodies(await first.receive(1))).toEqual(['3']);
  expect(bodies(await second.receive(1))).toEqual(['"Anna"']);
});

behaviour(
  'a FIFO queue gets the message group of its target',
  `${API}/API_SqsParameters.html`,
  async (aws) => {
    const shop = await bus(aws);
    const queue = await (
      await shop.rule()
    ).queue(
      { SqsParameters: { MessageGroupId: 'orders' } },
      { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
    );
    await shop.put(detail);

    const [message] = await queue.receive(1);
    expect(message?.Attributes?.['MessageGroupId']).toBe('orders');
  },
);

behaviour('a topic gets the event as its message', `${GUIDE}/eb-targets.html`, async (aws) => {
  if (!aws.embedded) aws.notRun('needs a topic policy');
  const shop = await bus(aws);
  const rule = await shop.rule();
  const { TopicArn = '' } = await aws.sns.send(new CreateTopicCommand({ Name: aws.uniqueName('topic') }));
  aws.cleanup(() => aws.sns.send(new DeleteTopicCommand({ TopicArn })));
  const queue = await aws.queue();
  await aws.allow(queue, 'sns.amazonaws.com', TopicArn);
  const Attributes = { RawMessageDelivery: 'true' };
  await aws.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn, Attributes }));
  await rule.target({ Arn: TopicArn });
  await shop.put(detail);

  const [message] = await queue.receive(1);
  expect(eventOf(message)).toMatchObject({ source: 'shop', detail });
});

/** A role for targets that need one; only the embedded AWS takes one that nobody made. */
async function role(aws: Conformance): Promise<string> {
  if (!aws.embedded) aws.notRun('needs a role for EventBridge');
  return `arn:aws:iam::${await aws.accountId()}:role/events`;
}

behaviour('another bus gets the event as it was', `${GUIDE}/eb-bus-to-bus.html`, async (aws) => {
  const [shop, archive] = [await bus(aws), await bus(aws)];
  await (await shop.rule()).target({ Arn: archive.arn, RoleArn: await role(aws) });
  const queue = await (await archive.rule()).queue();
  const id = await shop.put(detail);

  const [message] = await queue.receive(1);
  expect(eventOf(message)).toMatchObject({ id, source: 'shop', detail });
});

behaviour(
  'an event that came from a bus is not routed to a third one',
  `${GUIDE}/eb-bus-to-bus.html`,
  async (aws) => {
    const [first, second, third] = [await bus(aws), await bus(aws), await bus(aws)];
    const RoleArn = await role(aws);
    await (await first.rule()).target({ Arn: second.arn, RoleArn });
    await (await second.rule()).target({ Arn: third.arn, RoleArn });
    const there = await (await second.rule()).queue();
    const notThere = await (await third.rule()).queue();
    await first.put(detail);

    expect(await there.receive(1)).toHaveLength(1);
    expect(await notThere.receiveOnce()).toEqual([]);
  },
);

async function stream(aws: Conformance) {
  const kinesis = aws.client(KinesisClient);
  const StreamName = aws.uniqueName('stream');
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  aws.cleanup(() => kinesis.send(new DeleteStreamCommand({ StreamName })));
  const described = await aws.eventually(async () => {
    const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName }));
    if (StreamDescription?.StreamStatus !== 'ACTIVE') {
      if (aws.embedded) await aws.wait(1);
      throw new Error('the stream is not active');
    }
    return StreamDescription;
  }, 60);
  const ShardId = described.Shards?.[0]?.ShardId;
  const records = async () => {
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    return (await kinesis.send(new GetRecordsCommand({ ShardIterator }))).Records ?? [];
  };
  return { arn: described.StreamARN ?? '', records };
}

behaviour(
  'a stream gets a record with a partition key of the event',
  `${API}/API_KinesisParameters.html`,
  async (aws) => {
    const RoleArn = await role(aws);
    const { arn, records } = await stream(aws);
    const shop = await bus(aws);
    await (
      await shop.rule()
    ).target({ Arn: arn, RoleArn, KinesisParameters: { PartitionKeyPath: '$.detail.user' } });
    await shop.put(detail);

    const [record] = await aws.eventually(async () => {
      const found = await records();
      if (found.length === 0) throw new Error('no record came');
      return found;
    });
    expect(record?.PartitionKey).toBe('Anna');
    expect(JSON.parse(Buffer.from(record?.Data ?? []).toString())).toMatchObject({ source: 'shop', detail });
  },
);

behaviour(
  "without a path the partition key is the event's id",
  `${API}/API_KinesisParameters.html`,
  async (aws) => {
    const RoleArn = await role(aws);
    const { arn, records } = await stream(aws);
    const shop = await bus(aws);
    await (await shop.rule()).target({ Arn: arn, RoleArn });
    const id = await shop.put(detail);

    const [record] = await aws.eventually(async () => {
      const found = await records();
      if (found.length === 0) throw new Error('no record came');
      return found;
    });
    expect(record?.PartitionKey).toBe(id);
  },
);

behaviour(
  'a state machine starts an execution with the event as its input',
  `${GUIDE}/eb-targets.html`,
  async (aws) => {
    const roleArn = await role(aws);
    const sfn = aws.client(SFNClient);
    const definition = JSON.stringify({ StartAt: 'End', States: { End: { Type: 'Pass', End: true } } });
    const name = aws.uniqueName('machine');
    const { stateMachineArn = '' } = await sfn.send(
      new CreateStateMachineCommand({ name, definition, roleArn }),
    );
    aws.cleanup(() => sfn.send(new DeleteStateMachineCommand({ stateMachineArn })));
    const shop = await bus(aws);
    await (await shop.rule()).target({ Arn: stateMachineArn, RoleArn: roleArn, InputPath: '$.detail' });
    await shop.put(detail);

    const executionArn = await aws.eventually(async () => {
      const { executions } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      if (!executions?.[0]) throw new Error('no execution started');
      return executions[0].executionArn;
    });
    const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(JSON.parse(input ?? '{}')).toEqual(detail);
  },
);

behaviour('a log group gets the event as a line', `${GUIDE}/eb-targets.html`, async (aws) => {
  if (!aws.embedded) aws.notRun('needs a resource policy of CloudWatch Logs');
  const logs = aws.client(CloudWatchLogsClient);
  const logGroupName = `/aws/events/${aws.uniqueName('group')}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  aws.cleanup(() => logs.send(new DeleteLogGroupCommand({ logGroupName })));
  const shop = await bus(aws);
  const arn = `arn:aws:logs:${aws.region}:${await aws.accountId()}:log-group:${logGroupName}`;
  await (await shop.rule()).target({ Arn: arn });
  await shop.put(detail);

  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  expect(JSON.parse(events?.[0]?.message ?? '{}')).toMatchObject({ source: 'shop', detail });
});

behaviour(
  'an event for a queue that is gone comes to the dead-letter queue with the reason',
  DEAD,
  async (aws) => {
    const shop = await bus(aws);
    const rule = await shop.rule();
    const dead = await aws.queue();
    await aws.allow(dead, 'events.amazonaws.com', rule.arn);
    const queue = await rule.queue({ DeadLetterConfig: { Arn: dead.arn } });
    await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    await aws.applied();
    const id = await shop.put(detail);

    const [letter] = await dead.receive(1);
    expect(eventOf(letter)).toMatchObject({ id, detail });
    const attributes = Object.fromEntries(
      Object.entries(letter?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
    );
    expect(attributes).toMatchObject({
      RULE_ARN: rule.arn,
      TARGET_ARN: queue.arn,
      ERROR_CODE: 'NO_RESOURCE',
    });
    expect(attributes).toHaveProperty('ERROR_MESSAGE');
  },
);

behaviour('what a dead letter holds is the event, not what the target would have got', DEAD, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  const dead = await aws.queue();
  await aws.allow(dead, 'events.amazonaws.com', rule.arn);
  const queue = await rule.queue({ Input: '{"constant":true}', DeadLetterConfig: { Arn: dead.arn } });
  await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();
  await shop.put(detail);

  const [letter] = await dead.receive(1);
  expect(eventOf(letter)).toMatchObject({ source: 'shop', detail });
});
