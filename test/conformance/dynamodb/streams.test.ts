/** Conformance of DynamoDB: tables, time to live and streams. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record,
  type ShardIteratorType,
} from '@aws-sdk/client-dynamodb-streams';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { api, guide, key, n, table, VALIDATION, type TestTable } from './tables.ts';

const behaviour = behavioursOf('dynamodb');
const STREAMS = guide('Streams');

interface Stream {
  readonly subject: TestTable;
  readonly arn: string;
  readonly client: DynamoDBStreamsClient;
  iterator(type: ShardIteratorType, sequenceNumber?: string): Promise<string | undefined>;
  /** Reads until so many records came. */
  read(iterator: string | undefined, count: number): Promise<readonly _Record[]>;
}

async function streaming(
  aws: Conformance,
  viewType: 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES' = 'NEW_AND_OLD_IMAGES',
): Promise<Stream> {
  const subject = await table(aws, false, {
    StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
  });
  const { Table } = await subject.client.send(new DescribeTableCommand({ TableName: subject.name }));
  const arn = Table?.LatestStreamArn ?? '';
  const client = aws.client(DynamoDBStreamsClient);
  return {
    subject,
    arn,
    client,
    async iterator(ShardIteratorType, SequenceNumber) {
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn: arn }));
      const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
      const input = { StreamArn: arn, ShardId, ShardIteratorType, SequenceNumber };
      return (await client.send(new GetShardIteratorCommand(input))).ShardIterator;
    },
    async read(start, count) {
      const records: _Record[] = [];
      let ShardIterator = start;
      await aws.eventually(async () => {
        const answer = await client.send(new GetRecordsCommand({ ShardIterator }));
        records.push(...(answer.Records ?? []));
        ShardIterator = answer.NextShardIterator ?? ShardIterator;
        if (records.length < count) throw new Error(`${records.length} of ${count} records came`);
      }, 20);
      return records;
    },
  };
}

for (const [viewType, shown] of [
  ['KEYS_ONLY', []],
  ['NEW_IMAGE', ['NewImage']],
  ['OLD_IMAGE', ['OldImage']],
  ['NEW_AND_OLD_IMAGES', ['NewImage', 'OldImage']],
] as const) {
  behaviour(`a stream of ${viewType} shows ${shown.join(' and ') || 'keys'}`, STREAMS, async (aws) => {
    const { subject, iterator, read } = await streaming(aws, viewType);
    await subject.put({ ...key('a'), v: n(1) });
    await subject.put({ ...key('a'), v: n(2) });
    const [, modified] = await read(await iterator('TRIM_HORIZON'), 2);
    expect(modified?.dynamodb?.Keys).toEqual(key('a'));
    const images = Object.keys(modified?.dynamodb ?? {}).filter((name) => name.endsWith('Image'));
    expect(images.sort()).toEqual(shown);
  });
}

behaviour('puts, changes and deletes come in order as INSERT, MODIFY and REMOVE', STREAMS, async (aws) => {
  const { subject, iterator, read } = await streaming(aws);
  await subject.put(key('a'));
  await subject.update(key('a'), 'SET v = :v', { ExpressionAttributeValues: { ':v': n(1) } });
  await subject.delete(key('a'));
  const records = await read(await iterator('TRIM_HORIZON'), 3);
  expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
  const numbers = records.map(({ dynamodb }) => BigInt(dynamodb?.SequenceNumber ?? 0));
  expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
});

behaviour('a write that changes nothing leaves no record', STREAMS, async (aws) => {
  const { subject, iterator, read } = await streaming(aws);
  await subject.put(key('a'));
  await subject.put(key('a'));
  await subject.put(key('b'));
  const records = await read(await iterator('TRIM_HORIZON'), 2);
  expect(records.map(({ dynamodb }) => dynamodb?.Keys?.['pk']?.S ?? '').sort()).toEqual(['a', 'b']);
});

behaviour(
  'AT and AFTER start with the record and behind it',
  api('streams_GetShardIterator'),
  async (aws) => {
    const { subject, iterator, read } = await streaming(aws);
    await subject.put({ ...key('a'), v: n(1) });
    await subject.put({ ...key('a'), v: n(2) });
    const [first] = await read(await iterator('TRIM_HORIZON'), 2);
    const number = first?.dynamodb?.SequenceNumber;
    expect(await read(await iterator('AT_SEQUENCE_NUMBER', number), 2)).toHaveLength(2);
    expect(await read(await iterator('AFTER_SEQUENCE_NUMBER', number), 1)).toHaveLength(1);
  },
);

behaviour('LATEST shows only what comes later', api('streams_GetShardIterator'), async (aws) => {
  const { subject, iterator, read } = await streaming(aws);
  await subject.put(key('before'));
  const latest = await iterator('LATEST');
  await subject.put(key('after'));
  const records = await read(latest, 1);
  expect(records.map(({ dynamodb }) => dynamodb?.Keys)).toEqual([key('after')]);
});

behaviour('an iterator is good for 15 minutes', api('streams_GetRecords'), async (aws) => {
  const { client, iterator } = await streaming(aws);
  const ShardIterator = await iterator('TRIM_HORIZON');
  await aws.wait(15 * 60 + 1);
  await refused(client.send(new GetRecordsCommand({ ShardIterator })), 'ExpiredIteratorException');
});

behaviour('a stream that is not there is not found', api('streams_DescribeStream'), async (aws) => {
  const { client, arn } = await streaming(aws);
  const StreamArn = arn.replace(/stream\/.*$/, 'stream/2020-01-01T00:00:00.000');
  await refused(client.send(new DescribeStreamCommand({ StreamArn })), 'ResourceNotFoundException');
});

behaviour('a stream is not switched on twice', api('UpdateTable'), async (aws) => {
  const { subject } = await streaming(aws);
  const update = new UpdateTableCommand({
    TableName: subject.name,
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  });
  await refused(subject.client.send(update), 'ResourceInUseException', VALIDATION);
});

behaviour('time to live is switched and described', api('UpdateTimeToLive'), async (aws) => {
  const { client, name: TableName } = await table(aws);
  const update = () =>
    client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      }),
    );
  await update();
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  expect(TimeToLiveDescription?.AttributeName).toBe('expires');
  expect(['ENABLING', 'ENABLED']).toContain(TimeToLiveDescription?.TimeToLiveStatus);
  await refused(update(), VALIDATION);
});

behaviour(
  'an expired item is deleted by the service, and the stream says so',
  guide('time-to-live-ttl-streams'),
  async (aws) => {
    const { subject, iterator, read } = await streaming(aws);
    await subject.client.send(
      new UpdateTimeToLiveCommand({
        TableName: subject.name,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      }),
    );
    if (!aws.embedded) aws.notRun('AWS deletes within days');
    const start = await iterator('LATEST');
    await subject.put({ ...key('a'), expires: n(Math.floor(Date.now() / 1000) - 10) });
    await aws.wait(120);
    const records = await read(start, 2);
    expect(records.at(-1)).toMatchObject({
      eventName: 'REMOVE',
      userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' },
    });
    expect(await subject.get(key('a'))).toBeUndefined();
  },
);

behaviour('a table that exists is not made again', api('CreateTable'), async (aws) => {
  const { client, name: TableName } = await table(aws);
  const create = new CreateTableCommand({
    TableName,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  await refused(client.send(create), 'ResourceInUseException');
});

behaviour('attributes that are no keys are not defined', api('CreateTable'), async (aws) => {
  const create = new CreateTableCommand({
    TableName: aws.uniqueName('table'),
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'other', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  await refused(aws.client(DynamoDBClient).send(create), VALIDATION);
});

behaviour('a protected table is not deleted', api('DeleteTable'), async (aws) => {
  const { client, name: TableName } = await table(aws, false, { DeletionProtectionEnabled: true });
  aws.cleanup(() => client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false })));
  await refused(client.send(new DeleteTableCommand({ TableName })), VALIDATION);
});

behaviour('a table that is not there is not found', api('DescribeTable'), async (aws) => {
  const describe = new DescribeTableCommand({ TableName: aws.uniqueName('none') });
  await refused(aws.client(DynamoDBClient).send(describe), 'ResourceNotFoundException');
});
