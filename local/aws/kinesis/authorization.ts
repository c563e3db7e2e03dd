/**
 * Which permission an action of Kinesis needs, on what.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesis.html
 */
import type { AuthorizationRequest } from '../context.ts';
import type { Input } from './input.ts';
import type { Streams } from './streams.ts';

const ON_NO_RESOURCE: ReadonlySet<string> = new Set([
  'ListStreams',
  'DescribeLimits',
  'DescribeAccountSettings',
  'UpdateAccountSettings',
]);

export function kinesisAuthorization(
  streams: Streams,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const iamAction = `kinesis:${action}`;
  if (ON_NO_RESOURCE.has(action)) return [{ action: iamAction, resourceArn: '*' }];
  const arn = input['StreamARN'] ?? input['ResourceARN'] ?? input['ConsumerARN'];
  const name = typeof input['StreamName'] === 'string' ? input['StreamName'] : streamOfIterator(input);
  const resourceArn = typeof arn === 'string' ? arn : streams.arnOf(name);
  const policy = streams.byName(/stream\/([^/]+)/.exec(resourceArn)?.[1] ?? '')?.data.policy;
  return [{ action: iamAction, resourceArn, ...(policy !== undefined && { resourcePolicy: policy }) }];
}

/** GetRecords and a next page of ListShards name their stream within what they were given before. */
function streamOfIterator(input: Input): string {
  const text = input['ShardIterator'] ?? input['NextToken'];
  if (typeof text !== 'string') return '*';
  try {
    const { stream } = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as {
      readonly stream?: string;
    };
    return stream ?? '*';
  } catch {
    return '*';
  }
}
