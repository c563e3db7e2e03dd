/** Streams and time to live: views, iterators, trimming by the clock, deletes by the service, and the wake-up in process. */
import { describe, expect, test } from '@jest/globals';
import type { StreamRecord } from '../../../../local/aws/dynamodb/streams/index.ts';
import { database, put, type Database, type Json } from './database.ts';

const HOUR = 60 * 60 * 1000;

async function streaming(
  StreamViewType = 'NEW_AND_OLD_IMAGES',
): Promise<Database & { readonly arn: string; readonly shard: string }> {
  const db = database();
  await db.table({ StreamSpecification: { StreamEnabled: true, StreamViewType } });
  const arn = db.dynamodb.table('orders').streamArn ?? '';
  return { ...db, arn, shard: db.streams.shards(arn)[0]?.ShardId ?? '' };
}

async function iterator(db: Awaited<ReturnType<typeof streaming>>, more: Json): Promise<unknown> {
  const answer = await db.stream('GetShardIterator', { StreamArn: db.arn, ShardId: db.shard, ...more });
  return answer['ShardIterator'];
}

async function records(
  db: Awaited<ReturnType<typeof streaming>>,
  more: Json = { ShardIteratorType: 'TRIM_HORIZON' },
) {
  const ShardIterator = await iterator(db, more);
  return (await db.stream('GetRecords', { ShardIterator }))['Records'] as readonly StreamRecord[];
}

const OLD = { pk: { S: 'a' }, v: { N: '1' } };
const NEW = { pk: { S: 'a' }, v: { N: '2' } };

describe('records', () => {
  test.each([
    ['KEYS_ONLY', {}],
    ['NEW_IMAGE', { NewImage: NEW }],
    ['OLD_IMAGE', { OldImage: OLD }],
    ['NEW_AND_OLD_IMAGES', { NewImage: NEW, OldImage: OLD }],
  ])('%s shows its images', async (viewType, images) => {
    const db = await streaming(viewType);
    await put(db, OLD, NEW);
    const [, modified] = await records(db);
    expect(modified).toMatchObject({
      eventName: 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: { Keys: { pk: { S: 'a' } }, StreamViewType: viewType, ...images },
    });
    const { NewImage, OldImage } = modified?.dynamodb ?? {};
    expect({ ...(NewImage && { NewImage }), ...(OldImage && { OldImage }) }).toEqual(images);
  });

  test('a write that changes nothing leaves no record, and neither does a delete of nothing', async () => {
    const db = await streaming();
    await put(db, OLD, OLD);
    await db.call('DeleteItem', { TableName: 'orders', Key: { pk: { S: 'absent' } } });
    await db.call('DeleteItem', { TableName: 'orders', Key: { pk: { S: 'a' } } });
    expect((await records(db)).map(({ eventName }) => eventName)).toEqual(['INSERT', 'REMOVE']);
  });

  test('a transaction that fails leaves none', async () => {
    const db = await streaming();
    const TransactItems = [
      { Put: { TableName: 'orders', Item: OLD } },
      {
        ConditionCheck: {
          TableName: 'orders',
          Key: { pk: { S: 'b' } },
          ConditionExpression: 'attribute_exists(pk)',
        },
      },
    ];
    await expect(db.call('TransactWriteItems', { TransactItems })).rejects.toThrow('cancelled');
    expect(await records(db)).toEqual([]);
  });
});

describe('iterators', () => {
  test('the four kinds start where they say', async () => {
    const db = await streaming();
    await put(db, OLD, NEW);
    const [, second] = await records(db);
    const SequenceNumber = second?.dynamodb.SequenceNumber;
    const latest = await iterator(db, { ShardIteratorType: 'LATEST' });
    await put(db, OLD);
    const names = (found: readonly StreamRecord[]) =>
      found.map(({ dynamodb }) => dynamodb.NewImage?.['v']?.N);
    expect(names(await records(db, { ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber }))).toEqual([
      '2',
      '1',
    ]);
    expect(names(await records(db, { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }))).toEqual([
      '1',
    ]);
    const answer = await db.stream('GetRecords', { ShardIterator: latest });
    expect(names(answer['Records'] as readonly StreamRecord[])).toEqual(['1']);
  });

  test('the next iterator goes on after the limit', async () => {
    const db = await streaming();
    await put(db, OLD, NEW, OLD);
    let ShardIterator = await iterator(db, { ShardIteratorType: 'TRIM_HORIZON' });
    const counts: number[] = [];
    for (let page = 0; page < 3; page++) {
      const answer = await db.stream('GetRecords', { ShardIterator, Limit: 2 });
      counts.push((answer['Records'] as unknown[]).length);
      ShardIterator = answer['NextShardIterator'];
    }
    expect(counts).toEqual([2, 1, 0]);
  });

  test('one is good for 15 minutes', async () => {
    const db = await streaming();
    const ShardIterator = await iterator(db, { ShardIteratorType: 'TRIM_HORIZON' });
    await db.clock.advance(15 * 60 * 1000);
    await db.stream('GetRecords', { ShardIterator });
    await db.clock.advance(1);
    await expect(db.stream('GetRecords', { ShardIterator })).rejects.toMatchObject({
      code: 'ExpiredIteratorException',
    });
    await expect(db.stream('GetRecords', { ShardIterator: 'none' })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  test('records are trimmed after 24 hours', async () => {
    const db = await streaming();
    await put(db, OLD);
    const [first] = await records(db);
    await db.clock.advance(24 * HOUR + 1);
    await put(db, NEW);
    expect((await records(db)).length).toBe(1);
    await expect(
      iterator(db, {
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: first?.dynamodb.SequenceNumber,
      }),
    ).rejects.toMatchObject({ code: 'TrimmedDataAccessException' });
  });

  test('a disabled stream closes its shard, stays readable for 24 hours, and a new one has another ARN', async () => {
    const db = await streaming();
    await put(db, OLD);
    const update = (StreamSpecification: Json) =>
      db.call('UpdateTable', { TableName: 'orders', StreamSpecification });
    await update({ StreamEnabled: false });
    await put(db, NEW);

    const ShardIterator = await iterator(db, { ShardIteratorType: 'TRIM_HORIZON' });
    const answer = await db.stream('GetRecords', { ShardIterator });
    expect((answer['Records'] as unknown[]).length).toBe(1);
    expect(answer).not.toHaveProperty('NextShardIterator');
    const described = await db.stream('DescribeStream', { StreamArn: db.arn });
    expect(described['StreamDescription']).toMatchObject({
      StreamStatus: 'DISABLED',
      Shards: [{ SequenceNumberRange: { EndingSequenceNumber: expect.any(String) } }],
    });

    await update({ StreamEnabled: true, StreamViewType: 'KEYS_ONLY' });
    expect(db.dynamodb.table('orders').streamArn).not.toBe(db.arn);
    expect((await db.stream('ListStreams', { TableName: 'orders' }))['Streams']).toHaveLength(2);
    await db.clock.advance(24 * HOUR);
    await expect(db.stream('DescribeStream', { StreamArn: db.arn })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
  });
});

describe('in process', () => {
  test('a listener is called once per burst, and reading goes on from a position', async () => {
    const db = await streaming();
    let calls = 0;
    const stop = db.streams.onRecords(db.arn, () => calls++);
    const start = db.streams.position(db.arn, db.shard, { type: 'LATEST' });
    db.dynamodb.put('orders', OLD);
    db.dynamodb.put('orders', NEW);
    expect(calls).toBe(0);
    await Promise.resolve();
    expect(calls).toBe(1);

    const first = db.streams.read(db.arn, db.shard, start, 1);
    const second = db.streams.read(db.arn, db.shard, first.next ?? 0, 10);
    expect([...first.records, ...second.records].map(({ eventName }) => eventName)).toEqual([
      'INSERT',
      'MODIFY',
    ]);
    expect(db.streams.read(db.arn, db.shard, second.next ?? 0, 10)).toEqual({
      records: [],
      next: second.next,
    });

    stop();
    db.dynamodb.put('orders', OLD);
    await Promise.resolve();
    expect(calls).toBe(1);
  });
});

describe('time to live', () => {
  const seconds = (db: Database, after: number) => String(Math.floor(db.clock.now() / 1000) + after);
  const enable = (db: Database, Enabled = true) =>
    db.call('UpdateTimeToLive', {
      TableName: 'orders',
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled },
    });

  test('an expired item is seen until the sweep, and then goes with a mark in the stream', async () => {
    const db = await streaming();
    await enable(db);
    await put(db, { pk: { S: 'a' }, expires: { N: seconds(db, 60) } }, { pk: { S: 'b' } });

    await db.clock.advance(60_000);
    expect(db.dynamodb.items('orders').length).toBe(2);
    await db.clock.advance(60_000);
    expect(db.dynamodb.items('orders')).toEqual([{ pk: { S: 'b' } }]);
    expect((await records(db)).at(-1)).toMatchObject({
      eventName: 'REMOVE',
      userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' },
      dynamodb: { Keys: { pk: { S: 'a' } }, OldImage: { pk: { S: 'a' } } },
    });
  });

  test('a later expiry counts; texts, times over five years ago and other tables do not', async () => {
    const db = await streaming();
    await put(db, { pk: { S: 'before' }, expires: { N: seconds(db, 10) } });
    await enable(db);
    await put(
      db,
      { pk: { S: 'moved' }, expires: { N: seconds(db, 10) } },
      { pk: { S: 'moved' }, expires: { N: seconds(db, 7200) } },
      { pk: { S: 'text' }, expires: { S: seconds(db, 10) } },
      { pk: { S: 'ancient' }, expires: { N: '1000' } },
    );
    await db.clock.advance(HOUR);
    expect(
      db.dynamodb
        .items('orders')
        .map(({ pk }) => pk?.S ?? '')
        .sort(),
    ).toEqual(['ancient', 'moved', 'text']);
    await enable(db, false);
    await db.clock.advance(2 * HOUR);
    expect(db.dynamodb.items('orders').length).toBe(3);
  });

  test('switching it is described, and not twice', async () => {
    const db = await streaming();
    const described = async () =>
      (await db.call('DescribeTimeToLive', { TableName: 'orders' }))['TimeToLiveDescription'];
    expect(await described()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    await enable(db);
    expect(await described()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
    await expect(enable(db)).rejects.toThrow('TimeToLive is already enabled');
  });
});
