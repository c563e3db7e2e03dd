/** Which operation a request is: by what its URL names, its method, its sub-resource and its headers. */
import { ABSENT_CONFIGURATIONS, CONFIGURATIONS } from './buckets.ts';
import { AwsError } from '../errors.ts';
import { notImplemented } from './errors.ts';

/** What a URL names. Neither: the service. */
export interface Address {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

/** Sub-resources that choose an operation, and which. `METHOD` -> action, on buckets and on objects. */
const BUCKET_SUBRESOURCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  delete: { POST: 'DeleteObjects' },
  location: { GET: 'GetBucketLocation' },
  policy: { GET: 'GetBucketPolicy', PUT: 'PutBucketPolicy', DELETE: 'DeleteBucketPolicy' },
  uploads: { GET: 'ListMultipartUploads' },
  versions: { GET: 'ListObjectVersions' },
  ...Object.fromEntries(
    CONFIGURATIONS.map(({ subresource, name, removable }) => [
      subresource,
      {
        GET: `Get${name}`,
        PUT: `Put${name}`,
        ...(removable !== false && {
          DELETE: `Delete${name.replace('LifecycleConfiguration', 'Lifecycle')}`,
        }),
      },
    ]),
  ),
};

const OBJECT_SUBRESOURCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  attributes: { GET: 'GetObjectAttributes' },
  tagging: { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' },
  uploads: { POST: 'CreateMultipartUpload' },
};

/** Sub-resources that S3 has and nothing here answers. Without this list they would be taken for the bucket itself. */
const MISSING_SUBRESOURCES = [
  'accelerate',
  'acl',
  'analytics',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'logging',
  'metadataTable',
  'metrics',
  'policyStatus',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'torrent',
  ...Object.keys(ABSENT_CONFIGURATIONS),
];

/** `/bucket/key`, `bucket.localhost:4566/key` or `bucket.s3.REGION.amazonaws.com/key`. Parts are decoded. */
export function addressOf(host: string, path: string): Address {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const inHost =
    /^(.+?)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com$/.exec(name)?.[1] ??
    /^(.+?)(?:\.s3)?(?:\.[a-z]{2}-[a-z]+-\d)?\.localhost$/.exec(name)?.[1];
  const isBucket = inHost !== undefined && inHost !== 's3';
  const [, first = '', rest = ''] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  if (isBucket) return { bucket: inHost, key: decoded(path.slice(1)) };
  return { bucket: decoded(first), key: decoded(rest) };
}

/** @throws AwsError MethodNotAllowed, NotImplemented, or what a bucket without that configuration answers */
export function operationOf(
  method: string,
  { bucket, key }: Address,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): string {
  if (bucket === undefined) {
    if (method === 'GET') return 'ListBuckets';
    throw methodNotAllowed();
  }
  const subresources = key === undefined ? BUCKET_SUBRESOURCES : OBJECT_SUBRESOURCES;
  for (const name of query.keys()) {
    const action = subresources[name]?.[method];
    if (action !== undefined) return action;
    if (Object.hasOwn(subresources, name)) throw methodNotAllowed();
    if (!MISSING_SUBRESOURCES.includes(name)) continue;
    const absent = ABSENT_CONFIGURATIONS[name];
    if (method === 'GET' && absent !== undefined) throw new AwsError(...absent, 404);
    throw notImplemented(`${method} ?${name}`);
  }
  return key === undefined ? bucketOperation(method, query) : objectOperation(method, query, headers);
}

function bucketOperation(method: string, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
      return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    case 'PUT':
      return 'CreateBucket';
    case 'HEAD':
      return 'HeadBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'POST':
      throw notImplemented('upload by HTML form');
    default:
      throw methodNotAllowed();
  }
}

function objectOperation(
  method: string,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): string {
  const ofUpload = query.has('uploadId');
  const copies = headers['x-amz-copy-source'] !== undefined;
  switch (method) {
    case 'GET':
      return ofUpload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (ofUpload) return copies ? 'UploadPartCopy' : 'UploadPart';
      return copies ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (ofUpload) return 'CompleteMultipartUpload';
      throw methodNotAllowed();
    case 'DELETE':
      return ofUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      throw methodNotAllowed();
  }
}

function methodNotAllowed(): AwsError {
  return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
}

function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}
