/** EventBridge over the wire. */
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DescribeArchiveCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  InvalidEventPatternException,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  ResourceNotFoundException,
  StartReplayCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { type Endpoint, startEndpoint } from '../../../../local/aws/endpoint.ts';
import { createHarness, queueArn, START } from './harness.ts';

const h = createHarness();
let endpoint: Endpoint;
let client: EventBridgeClient;

beforeAll(async () => {
  endpoint = await startEndpoint(h.context);
  client = new EventBridgeClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  await h.createQueues('q');
});
afterAll(async () => {
  client.destroy();
  h.close();
  await endpoint.close();
});

test('the SDK makes a bus, a rule and a target, and its events arrive', async () => {
  const EventBusName = 'orders';
  const { EventBusArn } = await client.send(new CreateEventBusCommand({ Name: EventBusName }));
  const EventPattern = JSON.stringify({ 'detail-type': ['OrderPlaced'] });
  const { RuleArn } = await client.send(new PutRuleCommand({ Name: 'r', EventBusName, EventPattern }));
  const Targets = [
    { Id: 't', Arn: queueArn('q'), InputPath: '$.detail', RetryPolicy: { MaximumRetryAttempts: 3 } },
  ];
  await client.send(new PutTargetsCommand({ Rule: 'r', EventBusName, Targets }));
  await client.send(
    new CreateArchiveCommand({ ArchiveName: 'all', EventSourceArn: EventBusArn, RetentionDays: 7 }),
  );

  const { Entries, FailedEntryCount } = await client.send(
    new PutEventsCommand({
      Entries: [
        { EventBusName, Source: 'shop', DetailType: 'OrderPlaced', Detail: '{"n":1}', Time: new Date(START) },
        { EventBusName, Source: 'shop', DetailType: 'OrderPlaced', Detail: 'broken' },
        { EventBusName, Source: 'shop', DetailType: 'Other', Detail: '{"n":2}' },
      ],
    }),
  );

  expect(FailedEntryCount).toBe(1);
  expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, 'MalformedDetail', undefined]);
  expect(h.bodies('q')).toEqual([{ n: 1 }]);
  expect(await client.send(new DescribeRuleCommand({ Name: 'r', EventBusName }))).toMatchObject({
    Arn: RuleArn,
    EventPattern,
    State: 'ENABLED',
    CreatedBy: '000000000000',
  });
  expect((await client.send(new ListRulesCommand({ EventBusName }))).Rules).toHaveLength(1);
  expect((await client.send(new ListTargetsByRuleCommand({ Rule: 'r', EventBusName }))).Targets).toEqual(
    Targets,
  );

  const archive = await client.send(new DescribeArchiveCommand({ ArchiveName: 'all' }));
  expect(archive).toMatchObject({ EventCount: 2, CreationTime: new Date(START) });
  await client.send(
    new StartReplayCommand({
      ReplayName: 'again',
      EventSourceArn: archive.ArchiveArn,
      EventStartTime: new Date(START),
      EventEndTime: new Date(START + 60_000),
      Destination: { Arn: EventBusArn },
    }),
  );
  await h.clock.advance(1);
  expect(h.bodies('q')).toEqual([{ n: 1 }, { n: 1 }]);
});

test('errors arrive as the classes of the SDK', async () => {
  await expect(client.send(new DescribeRuleCommand({ Name: 'none' }))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
  await expect(
    client.send(new PutRuleCommand({ Name: 'x', EventPattern: '{"a":[{"EXISTS":true}]}' })),
  ).rejects.toBeInstanceOf(InvalidEventPatternException);
  await expect(
    client.send(new TestEventPatternCommand({ EventPattern: '{"a":["b"]}', Event: 'x' })),
  ).rejects.toThrow('Parameter Event is not valid.');
});
