/** AWS::S3::* */
import { createHash } from 'node:crypto';

import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import { listProperty, objectProperty, tagsOf, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME_LENGTH = 63;
const HASH_LENGTH = 12;

/** Properties that are one configuration of the bucket: the action that sets it, and the document in S3's words. */
const CONFIGURATIONS: Readonly<
  Record<
    string,
    { readonly put: string; readonly remove?: string; readonly document: (value: JsonObject) => JsonObject }
  >
> = {
  BucketEncryption: {
    put: 'PutBucketEncryption',
    remove: 'DeleteBucketEncryption',
    document: (value) => ({
      Rule: listProperty(value, 'ServerSideEncryptionConfiguration')
        .filter(isJsonObject)
        .map((rule) => ({
          ApplyServerSideEncryptionByDefault: objectProperty(rule, 'ServerSideEncryptionByDefault'),
          BucketKeyEnabled: textProperty(rule, 'BucketKeyEnabled') ?? 'false',
        })),
    }),
  },
  LifecycleConfiguration: {
    put: 'PutBucketLifecycleConfiguration',
    remove: 'DeleteBucketLifecycle',
    document: (value) => ({
      Rule: listProperty(value, 'Rules').filter(isJsonObject).map(lifecycleRule),
    }),
  },
  NotificationConfiguration: {
    put: 'PutBucketNotificationConfiguration',
    document: (value) => ({
      QueueConfiguration: notifications(value, 'QueueConfigurations', 'Queue', 'Queue'),
      TopicConfiguration: notifications(value, 'TopicConfigurations', 'Topic', 'Topic'),
      CloudFunctionConfiguration: notifications(value, 'LambdaConfigurations', 'Function', 'CloudFunction'),
      ...(isJsonObject(value['EventBridgeConfiguration']) && { EventBridgeConfiguration: {} }),
    }),
  },
  OwnershipControls: {
    put: 'PutBucketOwnershipControls',
    remove: 'DeleteBucketOwnershipControls',
    document: (value) => ({ Rule: listProperty(value, 'Rules') }),
  },
  PublicAccessBlockConfiguration: {
    put: 'PutPublicAccessBlock',
    remove: 'DeletePublicAccessBlock',
    document: texts,
  },
  VersioningConfiguration: { put: 'PutBucketVersioning', document: texts },
};

export const S3_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::S3::Bucket': {
    honoured: ['BucketName', 'MetricsConfigurations', 'Tags', ...Object.keys(CONFIGURATIONS)],
    inert: [
      'AbacStatus',
      'AccelerateConfiguration',
      'AnalyticsConfigurations',
      'IntelligentTieringConfigurations',
      'InventoryConfigurations',
      'LoggingConfiguration',
    ],
    replacedOnChange: ['BucketName'],
    async create(properties, context) {
      const name = textProperty(properties, 'BucketName') ?? generatedBucketName(context);
      if (context.aws.services.find('s3')?.bucketNames().includes(name)) {
        throw new Error(`${name} already exists`);
      }
      const region = context.aws.region;
      await context.call('s3', 'CreateBucket', {
        Bucket: name,
        ...(region !== 'us-east-1' && { CreateBucketConfiguration: { LocationConstraint: region } }),
      });
      await configure(name, properties, {}, context);
      return createdBucket(name, context);
    },
    async update(created, properties, previous, context) {
      await configure(created.physicalId, properties, previous, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('s3', 'DeleteBucket', { Bucket: created.physicalId });
    },
  },
  'AWS::S3::BucketPolicy': {
    honoured: ['Bucket', 'PolicyDocument'],
    inert: [],
    replacedOnChange: ['Bucket'],
    async create(properties, context) {
      await putPolicy(properties, context);
      return { physicalId: textProperty(properties, 'Bucket') ?? '', attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await putPolicy(properties, context);
      return created;
    },
    async delete(_created, properties, context) {
      await context.call('s3', 'DeleteBucketPolicy', { Bucket: properties['Bucket'] });
    },
  },
};

/** Every object and version goes, as `autoDeleteObjects` of CDK wants it. */
export async function emptyBucket(bucket: string, context: ProviderContext): Promise<void> {
  if (context.aws.services.find('s3')?.bucketNames().includes(bucket) !== true) return;
  for (;;) {
    const listed = await context.call('s3', 'ListObjectVersions', { Bucket: bucket });
    const versions = [...listProperty(listed, 'Versions'), ...listProperty(listed, 'DeleteMarkers')].filter(
      isJsonObject,
    );
    if (versions.length === 0) return;
    for (const { Key, VersionId } of versions) {
      await context.call('s3', 'DeleteObject', { Bucket: bucket, Key, VersionId });
    }
  }
}

/** Buckets have lower-case names; what is too long loses its middle, not its hash. */
function generatedBucketName(context: ProviderContext): string {
  const name = context
    .generatedName(BUCKET_NAME_LENGTH)
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-');
  // Another account or stack may have buckets of this name in AWS; here the hash alone keeps them apart.
  return name.length >= HASH_LENGTH ? name : `${name}-${createHash('sha256').update(name).digest('hex')}`;
}

function createdBucket(name: string, { aws }: ProviderContext): Created {
  const domain = 's3.amazonaws.com';
  return {
    physicalId: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.${domain}`,
      DualStackDomainName: `${name}.s3.dualstack.${aws.region}.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${aws.region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website-${aws.region}.amazonaws.com`,
    },
  };
}

/** Sets what is new or changed; what the template lost goes back to the default. */
async function configure(
  bucket: string,
  properties: JsonObject,
  previous: JsonObject,
  context: ProviderContext,
): Promise<void> {
  for (const [name, { put, remove, document }] of Object.entries(CONFIGURATIONS)) {
    const value = properties[name];
    if (JSON.stringify(value) === JSON.stringify(previous[name])) continue;
    if (isJsonObject(value)) {
      await context.call('s3', put, { Bucket: bucket, Configuration: document(value) });
    } else if (remove !== undefined) await context.call('s3', remove, { Bucket: bucket });
    else {
      const Configuration = name === 'VersioningConfiguration' ? { Status: 'Suspended' } : {};
      await context.call('s3', put, { Bucket: bucket, Configuration });
    }
  }
  const metrics = listProperty(properties, 'MetricsConfigurations').filter(isJsonObject);
  if (metrics.length > 0 || listProperty(previous, 'MetricsConfigurations').length > 0) {
    const Ids = metrics.map((each) => textProperty(each, 'Id') ?? '');
    await context.call('s3', 'PutBucketMetrics', { Bucket: bucket, Ids });
  }
  const tags = Object.entries(tagsOf(properties)).map(([Key, Value]) => ({ Key, Value }));
  if (tags.length > 0) {
    const Configuration = { TagSet: { Tag: tags } };
    await context.call('s3', 'PutBucketTagging', { Bucket: bucket, Configuration });
  } else if (listProperty(previous, 'Tags').length > 0) {
    await context.call('s3', 'DeleteBucketTagging', { Bucket: bucket });
  }
}

async function putPolicy(properties: JsonObject, context: ProviderContext): Promise<void> {
  await context.call('s3', 'PutBucketPolicy', {
    Bucket: properties['Bucket'],
    Policy: JSON.stringify(properties['PolicyDocument']),
  });
}

/** Numbers and booleans of a template are texts in XML. */
function texts(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, textProperty(value, name) ?? each]),
  );
}

/** CloudFormation has older, flat spellings beside those of the API. */
function lifecycleRule(rule: JsonObject): JsonObject {
  const prefix = textProperty(rule, 'Prefix');
  const tags = listProperty(rule, 'TagFilters');
  const sizes = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'].filter((name) => rule[name] !== undefined);
  const expiration: Record<string, Json> = {};
  const days = textProperty(rule, 'ExpirationInDays');
  const date = textProperty(rule, 'ExpirationDate');
  if (days !== undefined) expiration['Days'] = days;
  if (date !== undefined) expiration['Date'] = date;
  if (textProperty(rule, 'ExpiredObjectDeleteMarker') === 'true') {
    expiration['ExpiredObjectDeleteMarker'] = 'true';
  }
  const noncurrent = objectProperty(rule, 'NoncurrentVersionExpiration');
  const noncurrentDays =
    textProperty(noncurrent, 'NoncurrentDays') ?? textProperty(rule, 'NoncurrentVersionExpirationInDays');
  const newer = textProperty(noncurrent, 'NewerNoncurrentVersions');
  return {
    ...(rule['Id'] !== undefined && { ID: rule['Id'] }),
    Status: textProperty(rule, 'Status') ?? '',
    Filter: {
      And: {
        ...(prefix !== undefined && { Prefix: prefix }),
        ...(tags.length > 0 && { Tag: tags }),
        ...Object.fromEntries(sizes.map((name) => [name, textProperty(rule, name) ?? ''])),
      },
    },
    ...(Object.keys(expiration).length > 0 && { Expiration: expiration }),
    ...(noncurrentDays !== undefined && {
      NoncurrentVersionExpiration: {
        NoncurrentDays: noncurrentDays,
        ...(newer !== undefined && { NewerNoncurrentVersions: newer }),
      },
    }),
    ...(isJsonObject(rule['AbortIncompleteMultipartUpload']) && {
      AbortIncompleteMultipartUpload: texts(rule['AbortIncompleteMultipartUpload']),
    }),
  };
}

function notifications(value: JsonObject, list: string, member: string, target: string): Json[] {
  return listProperty(value, list)
    .filter(isJsonObject)
    .map((each) => ({
      [target]: each[member] ?? '',
      Event: [each['Event'] ?? ''],
      Filter: {
        S3Key: {
          FilterRule: listProperty(objectProperty(objectProperty(each, 'Filter'), 'S3Key'), 'Rules'),
        },
      },
    }));
}
