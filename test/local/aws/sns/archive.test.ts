/** The archive of a FIFO topic, and its replay. */
import { afterEach, describe, expect, test } from '@jest/globals';

import { createHarness, type Harness, queueArn, refusal } from './harness.ts';

const open: Harness[] = [];
afterEach(() => {
  for (const { sns } of open.splice(0)) sns.close();
});

const MINUTE = 60_000;

/** A topic with three messages, one a minute, the first at midnight. */
async function archivedTopic(retentionDays = 30) {
  const h = createHarness();
  open.push(h);
  const { TopicArn } = h.sns.createTopic({
    Name: 'orders.fifo',
    Attributes: {
      FifoTopic: 'true',
      ArchivePolicy: JSON.stringify({ MessageRetentionPeriod: retentionDays }),
    },
  });
  const publish = (n: number) =>
    h.sns.publish({
      TopicArn,
      Message: `m${n}`,
      MessageGroupId: 'g',
      MessageDeduplicationId: `d${n}`,
      MessageAttributes: { odd: { DataType: 'String', StringValue: String(n % 2 === 1) } },
    });
  for (const n of [1, 2, 3]) {
    await publish(n);
    await h.clock.advance(MINUTE);
  }
  const policy = (StartingPoint: string, EndingPoint?: string) =>
    JSON.stringify({ PointType: 'Timestamp', StartingPoint, EndingPoint });
  const subscribe = (Attributes: Record<string, string>) =>
    h.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q.fifo'), Attributes });
  const read = async (SubscriptionArn: string) => {
    const caller = { accountId: '000000000000', arn: 'arn:aws:iam::000000000000:root' };
    const answer = await h.sns.handle('GetSubscriptionAttributes', { SubscriptionArn }, caller);
    return (answer as { Attributes: Record<string, string> }).Attributes;
  };
  return { ...h, TopicArn, publish, policy, subscribe, read };
}

describe('the archive of a FIFO topic', () => {
  test('is replayed to a new subscription from a point in time, marked, before what comes next', async () => {
    const { subscribe, policy, publish, received, read } = await archivedTopic();

    const { SubscriptionArn } = subscribe({
      RawMessageDelivery: 'true',
      ReplayPolicy: policy('2026-01-01T00:01:00Z'),
    });
    await publish(4);

    expect(received.map(({ body, attributes }) => [body, attributes['Replayed']?.StringValue])).toEqual([
      ['m2', 'true'],
      ['m3', 'true'],
      ['m4', undefined],
    ]);
    expect(await read(SubscriptionArn)).toMatchObject({ ReplayStatus: 'Completed' });
  });

  test('up to an end, through the filter, with the ids of the originals', async () => {
    const { sns, clock, subscribe, policy, received } = await archivedTopic();
    const { SubscriptionArn } = subscribe({ FilterPolicy: '{"odd":["true"]}' });

    sns.setSubscriptionAttributes({
      SubscriptionArn,
      AttributeName: 'ReplayPolicy',
      AttributeValue: policy('2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z'),
    });
    await clock.advance(0);

    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ groupId: 'g', deduplicationId: 'd1' });
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      Message: 'm1',
      Replayed: 'true',
      Timestamp: '2026-01-01T00:00:00.000Z',
    });
  });

  test('forgets what is older than its retention', async () => {
    const { clock, subscribe, policy, bodies } = await archivedTopic(1);

    await clock.advance(24 * 60 * MINUTE - 2 * MINUTE);
    subscribe({ RawMessageDelivery: 'true', ReplayPolicy: policy('2026-01-01T00:00:00Z') });
    await clock.advance(0);

    expect(bodies()).toEqual(['m2', 'm3']);
  });

  test('keeps its topic from being deleted until it is taken away', async () => {
    const { sns, TopicArn } = await archivedTopic();

    expect(await refusal(() => sns.deleteTopic({ TopicArn }))).toEqual([
      'InvalidState',
      expect.stringContaining('Invalid state'),
    ]);
    sns.setTopicAttributes({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue: '{}' });
    sns.deleteTopic({ TopicArn });

    expect(sns.topics()).toEqual([]);
  });

  test('is refused where it can not be', async () => {
    const { sns, TopicArn, subscribe, policy } = await archivedTopic();
    const set = (AttributeValue: string) =>
      refusal(() => sns.setTopicAttributes({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue }));
    const replay = (ReplayPolicy: string) => refusal(() => subscribe({ ReplayPolicy }));

    expect(await set('{"MessageRetentionPeriod":366}')).toEqual([
      'InvalidParameter',
      expect.stringContaining('1 to 365'),
    ]);
    expect(await replay('{}')).toEqual(['InvalidParameter', expect.stringContaining('PointType')]);
    expect(await replay(policy('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z'))).toEqual([
      'InvalidParameter',
      expect.stringContaining('EndingPoint'),
    ]);
    await set('{}');
    expect(await replay(policy('2026-01-01T00:00:00Z'))).toEqual([
      'InvalidParameter',
      expect.stringContaining('the topic has no archive'),
    ]);
  });
});
