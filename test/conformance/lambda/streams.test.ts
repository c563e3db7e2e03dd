/** Conformance of Lambda: event source mappings of Kinesis streams. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { lambdaFunction, lambdaOf, mapping, reportingFunction } from '../functions.ts';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { stream } from '../streams.ts';

const behaviour = behavioursOf('lambda');
const API = 'https://docs.aws.amazon.com/lambda/latest/api';
const GUIDE = 'https://docs.aws.amazon.com/lambda/latest/dg';
const SILENT = 'export const handler = async () => {};';

const textsOf = (body: string | undefined): readonly string[] =>
  (JSON.parse(body ?? '') as { Records: { kinesis: { data: string } }[] }).Records.map(({ kinesis }) =>
    Buffer.from(kinesis.data, 'base64').toString(),
  );

behaviour('records reach the function in its shape', `${GUIDE}/with-kinesis.html`, async (aws) => {
  const [tested, reports] = [await stream(aws), await aws.queue()];
  const { sequenceNumber } = await tested.put('hello', 'key');
  const worker = await reportingFunction(aws, reports);
  await mapping(aws, {
    FunctionName: worker.name,
    EventSourceArn: tested.arn,
    StartingPosition: 'TRIM_HORIZON',
  });

  const [report] = await reports.receive(1);

  expect((JSON.parse(report?.Body ?? '') as { Records: unknown[] }).Records[0]).toMatchObject({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'key',
      sequenceNumber,
      data: Buffer.from('hello').toString('base64'),
      approximateArrivalTimestamp: expect.any(Number) as unknown,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    awsRegion: aws.region,
    eventSourceARN: tested.arn,
  });
});

behaviour('a filter looks into the decoded data', `${GUIDE}/with-kinesis-filtering.html`, async (aws) => {
  const [tested, reports] = [await stream(aws), await aws.queue()];
  for (const text of ['{"kind":"other"}', 'text', '{"kind":"order"}']) await tested.put(text);
  const worker = await reportingFunction(aws, reports);
  await mapping(aws, {
    FunctionName: worker.name,
    EventSourceArn: tested.arn,
    StartingPosition: 'TRIM_HORIZON',
    FilterCriteria: { Filters: [{ Pattern: '{"data":{"kind":["order"]}}' }] },
  });

  const [report] = await reports.receive(1);

  expect(textsOf(report?.Body)).toEqual(['{"kind":"order"}']);
});

behaviour(
  'what was given up is told to the destination, without the records',
  `${GUIDE}/kinesis-on-failure-destination.html`,
  async (aws) => {
    const [tested, failed] = [await stream(aws), await aws.queue()];
    const { sequenceNumber } = await tested.put('bad');
    const worker = await lambdaFunction(
      aws,
      'export const handler = async () => { throw new Error("no"); };',
    );
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: tested.arn,
      StartingPosition: 'TRIM_HORIZON',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: failed.arn } },
    });

    const [message] = await failed.receive(1);

    const record = JSON.parse(message?.Body ?? '') as Record<string, unknown>;
    expect(record).toMatchObject({
      version: '1.0',
      requestContext: { functionArn: worker.arn, condition: 'RetryAttemptsExhausted' },
      responseContext: { statusCode: 200, functionError: 'Unhandled' },
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: sequenceNumber,
        endSequenceNumber: sequenceNumber,
        batchSize: 1,
        streamArn: tested.arn,
      },
    });
    expect(record).not.toHaveProperty('payload');
  },
);

behaviour(
  'a failing batch is halved until the bad record is alone',
  `${GUIDE}/kinesis-on-failure-destination.html`,
  async (aws) => {
    const [tested, failed, reports] = [await stream(aws), await aws.queue(), await aws.queue()];
    for (const text of ['a', 'b', 'bad', 'd']) await tested.put(text);
    const worker = await reportingFunction(
      aws,
      reports,
      'if (event.Records.some(({ kinesis }) => atob(kinesis.data) === "bad")) throw new Error("no");',
    );
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: tested.arn,
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: failed.arn } },
    });

    const [message] = await failed.receive(1);

    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ KinesisBatchInfo: { batchSize: 1 } });
  },
);

behaviour(
  'a partial answer is tried again from the lowest failed item',
  `${GUIDE}/services-kinesis-batchfailurereporting.html`,
  async (aws) => {
    const [tested, reports] = [await stream(aws), await aws.queue()];
    for (const text of ['a', 'b', 'c']) await tested.put(text);
    const worker = await reportingFunction(
      aws,
      reports,
      `if (event.Records.length < 3) return;
     return { batchItemFailures: [{ itemIdentifier: event.Records[1].kinesis.sequenceNumber }] };`,
    );
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: tested.arn,
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });

    const messages = await reports.receive(2);

    expect(messages.map(({ Body }) => textsOf(Body).join('')).toSorted()).toEqual(['abc', 'bc']);
  },
);

behaviour(
  'a stream’s mapping needs a starting position',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const [tested, worker] = [await stream(aws), await lambdaFunction(aws, SILENT)];

    await refused(
      mapping(aws, { FunctionName: worker.name, EventSourceArn: tested.arn }),
      'InvalidParameterValueException',
      'ValidationException',
    );
  },
);

behaviour(
  'more than ten batches of a shard at once are refused',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const [tested, worker] = [await stream(aws), await lambdaFunction(aws, SILENT)];

    await refused(
      mapping(aws, {
        FunctionName: worker.name,
        EventSourceArn: tested.arn,
        StartingPosition: 'LATEST',
        ParallelizationFactor: 11,
      }),
      'InvalidParameterValueException',
      'ValidationException',
    );
  },
);

behaviour(
  'a stream’s mapping shows what it does with failures',
  `${API}/API_GetEventSourceMapping.html`,
  async (aws) => {
    const [tested, worker] = [await stream(aws), await lambdaFunction(aws, SILENT)];
    const UUID = await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: tested.arn,
      StartingPosition: 'LATEST',
    });

    expect(await lambdaOf(aws).send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      StartingPosition: 'LATEST',
      BatchSize: 100,
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: false,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      TumblingWindowInSeconds: 0,
    });
  },
);

behaviour(
  'changes of a table reach the function with keys and images',
  `${GUIDE}/with-ddb.html`,
  async (aws) => {
    const [table, reports] = [await tableWithStream(aws), await aws.queue()];
    const worker = await reportingFunction(aws, reports);
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: table.streamArn,
      StartingPosition: 'TRIM_HORIZON',
    });

    await table.put('1', 'new');

    const [report] = await reports.receive(1);
    expect((JSON.parse(report?.Body ?? '') as { Records: unknown[] }).Records[0]).toMatchObject({
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      eventVersion: '1.1',
      awsRegion: aws.region,
      eventSourceARN: table.streamArn,
      dynamodb: {
        Keys: { id: { S: '1' } },
        NewImage: { id: { S: '1' }, text: { S: 'new' } },
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        SequenceNumber: expect.any(String) as unknown,
        ApproximateCreationDateTime: expect.any(Number) as unknown,
      },
    });
  },
);

behaviour(
  'a filter looks into the images of a table’s changes',
  `${GUIDE}/with-ddb-filtering.html`,
  async (aws) => {
    const [table, reports] = [await tableWithStream(aws), await aws.queue()];
    const worker = await reportingFunction(aws, reports);
    await table.put('1', 'other');
    await table.put('2', 'order');
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: table.streamArn,
      StartingPosition: 'TRIM_HORIZON',
      FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"NewImage":{"text":{"S":["order"]}}}}' }] },
    });

    const [report] = await reports.receive(1);

    const { Records } = JSON.parse(report?.Body ?? '') as { Records: { dynamodb: { Keys: unknown } }[] };
    expect(Records.map(({ dynamodb }) => dynamodb.Keys)).toEqual([{ id: { S: '2' } }]);
  },
);

behaviour(
  'what was given up of a table’s changes is told to the destination',
  `${GUIDE}/services-dynamodb-errors.html`,
  async (aws) => {
    const [table, failed] = [await tableWithStream(aws), await aws.queue()];
    const worker = await lambdaFunction(
      aws,
      'export const handler = async () => { throw new Error("no"); };',
    );
    await table.put('1', 'bad');
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: table.streamArn,
      StartingPosition: 'TRIM_HORIZON',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: failed.arn } },
    });

    const [message] = await failed.receive(1);

    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted' },
      DDBStreamBatchInfo: { batchSize: 1, streamArn: table.streamArn },
    });
  },
);

behaviour(
  'a table’s stream has no position by time',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const [table, worker] = [await tableWithStream(aws), await lambdaFunction(aws, SILENT)];

    await refused(
      mapping(aws, {
        FunctionName: worker.name,
        EventSourceArn: table.streamArn,
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: new Date(0),
      }),
      'InvalidParameterValueException',
      'ValidationException',
    );
  },
);

/** A table whose changes are streamed. Deleted afterwards. */
async function tableWithStream(aws: Conformance): Promise<{
  readonly streamArn: string;
  put(id: string, text: string): Promise<unknown>;
}> {
  const client = aws.client(DynamoDBClient);
  const TableName = aws.uniqueName('table');
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  aws.cleanup(() => client.send(new DeleteTableCommand({ TableName })));
  const put = (id: string, text: string) =>
    client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, text: { S: text } } }));
  await aws.eventually(async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus !== 'ACTIVE') throw new Error('the table is not active yet');
  }, 60);
  return { streamArn: TableDescription?.LatestStreamArn ?? '', put };
}
