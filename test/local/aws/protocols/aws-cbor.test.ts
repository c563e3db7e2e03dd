/** AWS JSON in CBOR, as Java's SDKs speak it with Kinesis: byte strings, times in milliseconds, errors in CBOR. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext } from '../../../../local/aws/context.ts';
import { startEndpoint, type Endpoint } from '../../../../local/aws/endpoint.ts';
import { createKinesisService } from '../../../../local/aws/kinesis/index.ts';
import { AWS_CBOR } from '../../../../local/aws/protocols/aws-cbor.ts';
import { decodeCbor, encodeCbor } from '../../../../local/aws/protocols/cbor.ts';

const clock = manualClock();
let endpoint: Endpoint;
beforeAll(async () => {
  const context = createAwsContext({ clock });
  context.services.register(createKinesisService(context));
  endpoint = await startEndpoint(context);
});
afterAll(() => endpoint.close());

async function call(action: string, input: object) {
  const response = await fetch(endpoint.url, {
    method: 'POST',
    headers: { 'content-type': AWS_CBOR, 'x-amz-target': `Kinesis_20131202.${action}` },
    body: encodeCbor(input, new Set(['Timestamp']), new Set(['Data'])),
  });
  const body = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: body,
    output: decodeCbor(body) as Record<string, never>,
  };
}

test('a record goes in and comes out as bytes; its time is in milliseconds', async () => {
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await clock.advance(60_000);
  const Data = Buffer.from([0, 1, 254, 255]).toString('base64');
  await call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data });
  // The time that is asked for is in milliseconds, too: taken for seconds it would lie far in the future.
  const { output: at } = await call('GetShardIterator', {
    StreamName: 's',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'AT_TIMESTAMP',
    Timestamp: clock.now() - 1000,
  });

  const { output, bytes, type } = await call('GetRecords', { ShardIterator: at['ShardIterator'] });

  expect(type).toBe(AWS_CBOR);
  expect(output['Records']).toMatchObject([{ Data, ApproximateArrivalTimestamp: clock.now() }]);
  // The four bytes as they are, behind the head of a byte string of that length.
  expect(bytes.includes(Buffer.from([0x44, 0, 1, 254, 255]))).toBe(true);
});

test('an error is CBOR, too; a body that is none is refused', async () => {
  const missing = await call('DescribeStream', { StreamName: 'none' });
  expect(missing).toMatchObject({
    status: 400,
    type: AWS_CBOR,
    output: { __type: 'ResourceNotFoundException' },
  });

  const response = await fetch(endpoint.url, {
    method: 'POST',
    headers: { 'content-type': AWS_CBOR, 'x-amz-target': 'Kinesis_20131202.ListStreams' },
    body: Buffer.from([0xff, 0xff]),
  });
  expect(response.status).toBe(400);
});
