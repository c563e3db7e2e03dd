/**
 * What Kinesis publishes about itself, as it happens.
 *
 * https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
import type { AwsContext } from '../context.ts';

export interface KinesisMetrics {
  incoming(streamName: string, bytes: number): void;
  writeThrottled(streamName: string): void;
  readThrottled(streamName: string): void;
  putRecord(streamName: string, bytes: number, succeeded: boolean): void;
  putRecords(
    streamName: string,
    outcome: { readonly bytes: number; readonly total: number; readonly failed: number },
  ): void;
  getRecords(
    streamName: string,
    outcome: { readonly bytes: number; readonly records: number; readonly ageMilliseconds: number },
  ): void;
}

export function createKinesisMetrics(context: AwsContext): KinesisMetrics {
  const put = (StreamName: string, name: string, value: number, unit = 'Count'): void =>
    context.metrics.put({ namespace: 'AWS/Kinesis', name, dimensions: { StreamName }, value, unit });
  return {
    incoming(stream, bytes) {
      put(stream, 'IncomingBytes', bytes, 'Bytes');
      put(stream, 'IncomingRecords', 1);
    },
    writeThrottled: (stream) => put(stream, 'WriteProvisionedThroughputExceeded', 1),
    readThrottled: (stream) => put(stream, 'ReadProvisionedThroughputExceeded', 1),
    putRecord(stream, bytes, succeeded) {
      put(stream, 'PutRecord.Bytes', bytes, 'Bytes');
      put(stream, 'PutRecord.Success', succeeded ? 1 : 0);
    },
    putRecords(stream, { bytes, total, failed }) {
      put(stream, 'PutRecords.Bytes', bytes, 'Bytes');
      put(stream, 'PutRecords.Success', failed < total ? 1 : 0);
      put(stream, 'PutRecords.TotalRecords', total);
      put(stream, 'PutRecords.SuccessfulRecords', total - failed);
      put(stream, 'PutRecords.FailedRecords', 0);
      put(stream, 'PutRecords.ThrottledRecords', failed);
    },
    getRecords(stream, { bytes, records, ageMilliseconds }) {
      put(stream, 'GetRecords.Bytes', bytes, 'Bytes');
      put(stream, 'GetRecords.Records', records);
      put(stream, 'GetRecords.IteratorAgeMilliseconds', ageMilliseconds, 'Milliseconds');
      put(stream, 'GetRecords.Success', 1);
    },
  };
}
