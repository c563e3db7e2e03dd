import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHarness, refusal } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = createHarness();
});
afterEach(() => harness.close());

describe('PutEvents', () => {
  test('the target gets the envelope of a classic bus, with the detail as it came', async () => {
    await harness.createQueues('q');
    const bus = await harness.bus({ Name: 'orders' });
    await harness.subscribe(bus, 'q');

    await harness.call('PutEvents', {
      EventBusArn: bus,
      Entries: [{ Source: 'shop', DetailType: 'Paid', Detail: '{"amount": 300.0}', Resources: ['arn:a'] }],
    });
    await harness.settle();

    const [message] = harness.messages('q');
    expect(message?.body).toContain('"detail":{"amount": 300.0}');
    expect(JSON.parse(message?.body ?? '')).toEqual({
      version: '0',
      id: expect.any(String),
      'detail-type': 'Paid',
      source: 'shop',
      account: '000000000000',
      time: '2026-01-21T12:00:00Z',
      region: 'us-east-1',
      resources: ['arn:a'],
      detail: { amount: 300 },
    });
  });

  test('each entry is accepted or refused on its own', async () => {
    const bus = await harness.bus();

    const answer = await harness.call('PutEvents', {
      EventBusArn: bus,
      Entries: [
        { Source: 'shop', DetailType: 'Paid', Detail: '{}' },
        { Source: 'shop', DetailType: 'Paid', Detail: '{' },
        { Source: 'aws.s3', DetailType: 'Paid', Detail: '{}' },
        { Source: 'shop', DetailType: 'Paid', SystemMetadata: { EventGroupId: 'x'.repeat(129) } },
      ],
    });

    expect(answer).toEqual({
      FailedEntryCount: 3,
      Entries: [
        { EventId: expect.any(String), SequenceNumber: '00000000000000000001', SuccessCode: 'PUBLISHED' },
        { ErrorCode: 'InvalidInputException', ErrorMessage: 'Detail is not a JSON object.' },
        { ErrorCode: 'InvalidInputException', ErrorMessage: expect.stringContaining('aws.') },
        { ErrorCode: 'InvalidInputException', ErrorMessage: expect.stringContaining('EventGroupId') },
      ],
    });
  });

  test('a duplicate within five minutes is a success and is delivered once, per event group', async () => {
    await harness.createQueues('q');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'q');
    const put = (group: string) => harness.put(bus, {}, { EventGroupId: group, DeduplicationId: 'e-1' });

    const first = await put('a');
    expect(await put('a')).toEqual({ ...first, SuccessCode: 'DEDUPLICATED' });
    expect(await put('b')).toMatchObject({ SuccessCode: 'PUBLISHED' });
    expect(harness.messages('q')).toHaveLength(2);

    await harness.clock.advance(300_000);
    expect(await put('a')).toMatchObject({ SuccessCode: 'PUBLISHED' });
  });

  test('by content, where the request says so', async () => {
    const bus = await harness.bus();
    const input = (detail: string) => ({
      EventBusArn: bus,
      DeduplicationConfiguration: { DeduplicationType: 'CONTENT_BASED' },
      Entries: [{ Source: 'shop', DetailType: 'Paid', Detail: detail }],
    });

    await harness.call('PutEvents', input('{"a":1}'));
    const again = await harness.call('PutEvents', input('{"a":1}'));
    const other = await harness.call('PutEvents', input('{"a":2}'));
    expect(
      [again, other].map(({ Entries }) => (Entries as { SuccessCode: string }[])[0]?.SuccessCode),
    ).toEqual(['DEDUPLICATED', 'PUBLISHED']);
  });

  test('at most a hundred entries, and an existing bus', async () => {
    const EventBusArn = await harness.bus();
    const Entries = Array.from({ length: 101 }, () => ({ Source: 's', DetailType: 'd', Detail: '{}' }));

    expect(await refusal(() => harness.call('PutEvents', { EventBusArn, Entries }))).toEqual([
      'InvalidInputException',
      expect.stringContaining('between 1 and 100'),
    ]);
    const gone = `${EventBusArn.slice(0, -1)}_`;
    expect(await refusal(() => harness.call('PutEvents', { EventBusArn: gone, Entries }))).toEqual([
      'ResourceNotFoundException',
      expect.any(String),
    ]);
  });
});

test('PutRawEvents: the data is what was sent, and METADATA filters see the publisher’s keys', async () => {
  await harness.createQueues('q');
  const EventBusArn = await harness.bus();
  await harness.subscribe(EventBusArn, 'q', {
    FilterConfiguration: { Filters: [{ Scope: 'METADATA', Pattern: '{"tenant":["acme"]}' }] },
  });
  const entry = (tenant: string) => ({
    Data: Buffer.from('{"n":1}').toString('base64'),
    Metadata: { tenant },
    SystemMetadata: { ContentType: 'application/json' },
  });

  await harness.call('PutRawEvents', { EventBusArn, Entries: [entry('acme'), entry('globex')] });
  await harness.settle();

  expect(harness.bodies('q')).toEqual([{ n: 1 }]);
});

describe('buses', () => {
  test('keep events as long as they are told, and say since when', async () => {
    const EventBusArn = await harness.bus({ StorageConfiguration: { RetentionPeriodInDays: 2 } });
    await harness.put(EventBusArn, {});
    await harness.clock.advance(2 * 86_400_000 + 1);
    await harness.put(EventBusArn, {});

    expect(harness.eventsv2.buses()[0]?.events).toHaveLength(1);
    expect(await harness.call('DescribeEventBus', { EventBusArn })).toMatchObject({
      State: 'ACTIVE',
      StorageConfiguration: {
        RetentionPeriodInDays: 2,
        RetentionWindowStartTime: (harness.clock.now() - 2 * 86_400_000) / 1_000,
      },
    });
    expect(EventBusArn).toMatch(/^arn:aws:events:us-east-1:000000000000:event-busv2\/bus-1\/[a-z0-9]{25}$/);
  });

  test('five of them, each with a name of its own, and none is deleted that has subscribers', async () => {
    await harness.createQueues('q');
    const buses: string[] = [];
    for (let index = 0; index < 5; index++) buses.push(await harness.bus());

    expect(await refusal(() => harness.bus())).toEqual(['LimitExceededException', expect.any(String)]);
    expect(await refusal(() => harness.bus({ Name: 'bus-1' }))).toEqual([
      'ResourceAlreadyExistsException',
      expect.any(String),
    ]);
    await harness.subscribe(buses[0]!, 'q');
    expect(await refusal(() => harness.call('DeleteEventBus', { EventBusArn: buses[0] }))).toEqual([
      'ResourceInUseException',
      expect.any(String),
    ]);
  });

  test('a public policy is refused', async () => {
    const ResourceArn = await harness.bus();
    const policy = (Principal: unknown) =>
      harness.call('PutResourcePolicy', {
        ResourceArn,
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal, Action: 'events:PutEvents', Resource: ResourceArn }],
        }),
      });

    expect(await refusal(() => policy('*'))).toEqual(['PublicPolicyException', expect.any(String)]);
    await policy({ AWS: 'arn:aws:iam::111122223333:root' });
    expect(await harness.call('GetResourcePolicy', { ResourceArn })).toMatchObject({ PolicyName: 'default' });
  });
});
