/** What IAM calls the permission that an S3 call needs. service-authorization/latest/reference/list_amazons3.html */
import type { AuthorizationRequest } from '../context.ts';
import type { Input } from '../input.ts';
import { CONFIGURATIONS } from './buckets.ts';
import { optionalText } from './input.ts';
import { bucketArn, type Bucket } from './model.ts';

const BUCKET_PERMISSIONS: Readonly<Record<string, string>> = {
  CreateBucket: 'CreateBucket',
  DeleteBucket: 'DeleteBucket',
  DeleteBucketPolicy: 'DeleteBucketPolicy',
  GetBucketLocation: 'GetBucketLocation',
  GetBucketPolicy: 'GetBucketPolicy',
  HeadBucket: 'ListBucket',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListObjectVersions: 'ListBucketVersions',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  PutBucketPolicy: 'PutBucketPolicy',
};

const OBJECT_PERMISSIONS: Readonly<Record<string, string>> = {
  AbortMultipartUpload: 'AbortMultipartUpload',
  CompleteMultipartUpload: 'PutObject',
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  DeleteObject: 'DeleteObject',
  DeleteObjectTagging: 'DeleteObjectTagging',
  GetObject: 'GetObject',
  GetObjectAttributes: 'GetObjectAttributes',
  GetObjectTagging: 'GetObjectTagging',
  HeadObject: 'GetObject',
  ListParts: 'ListMultipartUploadParts',
  PutObject: 'PutObject',
  PutObjectTagging: 'PutObjectTagging',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
};

/** Those that IAM tells apart when a version is named. */
const VERSIONED = /^(DeleteObject|GetObject)(Tagging|Attributes)?$/;

export function s3Authorization(
  buckets: ReadonlyMap<string, Bucket>,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  if (action === 'ListBuckets') return [{ action: 's3:ListAllMyBuckets', resourceArn: '*' }];
  const name = optionalText(input, 'Bucket') ?? '';
  const onBucket = (permission: string): AuthorizationRequest => ({
    action: `s3:${permission}`,
    resourceArn: bucketArn(name),
    resourcePolicy: buckets.get(name)?.policy,
    ...(permission.startsWith('ListBucket') && {
      conditionKeys: {
        's3:prefix': optionalText(input, 'Prefix') ?? '',
        's3:delimiter': optionalText(input, 'Delimiter') ?? '',
      },
    }),
  });
  const onObject = (permission: string, bucket: string, key: string): AuthorizationRequest => ({
    action: `s3:${permission}`,
    resourceArn: `${bucketArn(bucket)}/${key}`,
    resourcePolicy: buckets.get(bucket)?.policy,
  });

  const bucketPermission = BUCKET_PERMISSIONS[action];
  if (bucketPermission !== undefined) return [onBucket(bucketPermission)];
  const configuration = CONFIGURATIONS.find(
    ({ name: kind }) => action.endsWith(kind.replace('Configuration', '')) || action.endsWith(kind),
  );
  if (configuration !== undefined) {
    // There is no permission of its own to take a configuration away.
    const verb = action.startsWith('Get') ? 'Get' : 'Put';
    return [onBucket(`${verb}${configuration.permission ?? configuration.name}`)];
  }
  if (action === 'DeleteObjects') {
    const { Objects = [] } = (input['Delete'] ?? {}) as { readonly Objects?: readonly Input[] };
    return Objects.map((each) =>
      onObject(
        each['VersionId'] === undefined ? 'DeleteObject' : 'DeleteObjectVersion',
        name,
        optionalText(each, 'Key') ?? '',
      ),
    );
  }
  const permission = OBJECT_PERMISSIONS[action];
  if (permission === undefined) return [];
  const versioned = input['VersionId'] !== undefined && VERSIONED.test(permission);
  const needed = versioned ? permission.replace(/^(Delete|Get)Object/, '$1ObjectVersion') : permission;
  const requests = [onObject(needed, name, optionalText(input, 'Key') ?? '')];
  const source = /^\/?([^/]+)\/([^?]+)/.exec(optionalText(input, 'CopySource') ?? '');
  if (source) {
    requests.push(
      onObject('GetObject', decodeURIComponent(source[1] ?? ''), decodeURIComponent(source[2] ?? '')),
    );
  }
  return requests;
}

/**
 * Who may not list a bucket is not told that an object is missing, but that access is denied. The request has no prefix,
 * so a grant that asks for one does not count. AmazonS3/latest/API/API_GetObject.html, "Permissions".
 */
export function seeingWhatIsThere(buckets: ReadonlyMap<string, Bucket>, input: Input): AuthorizationRequest {
  const name = optionalText(input, 'Bucket') ?? '';
  return {
    action: 's3:ListBucket',
    resourceArn: bucketArn(name),
    resourcePolicy: buckets.get(name)?.policy,
  };
}
