/** ARNs and places: what they are made of. */

/** Where a resource lives. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

export interface Arn {
  readonly partition: string;
  /** For example `sqs`. */
  readonly service: string;
  /** Empty for what is in no Region, such as roles and buckets. */
  readonly region: string;
  /** Empty for buckets. */
  readonly accountId: string;
  /** All that follows, for example `queue-name` or `function:name`. */
  readonly resource: string;
}

/** Undefined for what is no ARN. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([\w-]+):([\w-]+):([\w-]*):(\d{12}|aws|):(.+)$/s.exec(text);
  if (match === null) return undefined;
  const [, partition = '', service = '', region = '', accountId = '', resource = ''] = match;
  return { partition, service, region, accountId, resource };
}

/** `aws`, `aws-cn` or `aws-us-gov`, by the Region. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** `amazonaws.com`, in China `amazonaws.com.cn`. */
export function urlSuffixOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

export function formatArn(service: string, { accountId, region }: Place, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
}

/** `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` of a queue's ARN; undefined where it is none. */
export function queueArnOf(queueUrl: string): string | undefined {
  const match = /^https:\/\/sqs\.([\w-]+)\.[\w.]+\/(\d{12})\/([\w.-]+)$/.exec(queueUrl);
  if (match === null) return undefined;
  const [, region = '', accountId = '', name = ''] = match;
  return formatArn('sqs', { accountId, region }, name);
}
