/** Request metrics, for buckets that are configured to have them. https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html */
import type { AwsContext, StreamedResponse } from '../context.ts';
import type { Bucket } from './model.ts';
import { children, childText } from './xml.ts';

/** The sub-resource under which a bucket keeps its metrics configurations. */
export const METRICS = 'metrics';

const METHOD_METRICS: Readonly<Record<string, string>> = {
  DELETE: 'DeleteRequests',
  GET: 'GetRequests',
  HEAD: 'HeadRequests',
  POST: 'PostRequests',
  PUT: 'PutRequests',
};

/** Begins to measure a request; the returned function ends it. */
export function requestMetrics(
  context: AwsContext,
  bucket: Bucket | undefined,
): (method: string, response: StreamedResponse) => void {
  const filters = children(bucket?.configurations.get(METRICS), 'MetricsConfiguration');
  if (bucket === undefined || filters.length === 0) return () => {};
  const began = context.clock.now();
  return (method, { status, body }) => {
    const bytes = Buffer.isBuffer(body) ? body.length : 0;
    for (const filter of filters) {
      const dimensions = { BucketName: bucket.name, FilterId: childText(filter, 'Id') ?? '' };
      const put = (name: string, value: number, unit = 'Count'): void =>
        context.metrics.put({ namespace: 'AWS/S3', name, dimensions, value, unit });
      put('AllRequests', 1);
      put(METHOD_METRICS[method] ?? 'GetRequests', 1);
      put('4xxErrors', status >= 400 && status < 500 ? 1 : 0);
      put('5xxErrors', status >= 500 ? 1 : 0);
      put('TotalRequestLatency', context.clock.now() - began, 'Milliseconds');
      if (method === 'GET') put('BytesDownloaded', bytes, 'Bytes');
    }
  };
}
