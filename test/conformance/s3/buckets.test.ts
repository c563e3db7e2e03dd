/** Conformance of S3: buckets, their configurations, lists, versions, parts, lifecycle and notifications. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { behavioursOf, expect, refused } from '../harness.ts';
import { api, bucketOf, ERRORS, guide, type TestBucket } from './buckets.ts';

const behaviour = behavioursOf('s3');
const PART = 5 * 1024 * 1024;
const DAY_SECONDS = 86_400;

const enableVersioning = ({ client, Bucket }: TestBucket) =>
  client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));

behaviour('names outside the rules are refused', guide('bucketnamingrules'), async (aws) => {
  const client = aws.client(S3Client);
  for (const Bucket of ['ab', 'Upper-case', 'under_score', 'two..dots', '192.168.5.4', '-first']) {
    await refused(client.send(new CreateBucketCommand({ Bucket })), 'InvalidBucketName', 'InvalidBucket');
  }
});

behaviour('a bucket that is not there is NoSuchBucket, or 404 for HEAD', ERRORS, async (aws) => {
  const client = aws.client(S3Client);
  const Bucket = aws.uniqueName('none').toLowerCase();
  await refused(client.send(new ListObjectsV2Command({ Bucket })), 'NoSuchBucket');
  await refused(client.send(new HeadBucketCommand({ Bucket })), 'NotFound');
});

behaviour('a bucket with objects is not deleted', api('DeleteBucket'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a');
  const { client, Bucket } = bucket;
  const error = await refused(client.send(new DeleteBucketCommand({ Bucket })), 'BucketNotEmpty');
  expect(error.status).toBe(409);
});

behaviour(
  'new buckets are encrypted, closed to the public, without policy, tags and rules',
  guide('default-bucket-encryption'),
  async (aws) => {
    const { client, Bucket } = await bucketOf(aws);
    const encryption = await client.send(new GetBucketEncryptionCommand({ Bucket }));
    const block = await client.send(new GetPublicAccessBlockCommand({ Bucket }));

    expect(
      encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault,
    ).toEqual({ SSEAlgorithm: 'AES256' });
    expect(block.PublicAccessBlockConfiguration).toMatchObject({ BlockPublicAcls: true });
    await refused(client.send(new GetBucketPolicyCommand({ Bucket })), 'NoSuchBucketPolicy');
    await refused(client.send(new GetBucketTaggingCommand({ Bucket })), 'NoSuchTagSet');
    await refused(
      client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      'NoSuchLifecycleConfiguration',
    );
  },
);

behaviour('us-east-1 has no location constraint', api('GetBucketLocation'), async (aws) => {
  if (aws.region !== 'us-east-1') aws.notRun('the endpoint is in another Region');
  const { client, Bucket } = await bucketOf(aws);
  const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket }));
  expect(LocationConstraint).toBeUndefined();
});

behaviour('a policy that is no JSON is MalformedPolicy', ERRORS, async (aws) => {
  const { client, Bucket } = await bucketOf(aws);
  await refused(client.send(new PutBucketPolicyCommand({ Bucket, Policy: 'no' })), 'MalformedPolicy');
});

behaviour('keys are listed in the order of their UTF-8 bytes', api('ListObjectsV2'), async (aws) => {
  const bucket = await bucketOf(aws);
  const keys = ['a', 'B', 'a/', 'ä', '\u{ff5e}', '\u{1f600}', '10', '9'];
  for (const key of keys) await bucket.put(key);
  const { Contents = [] } = await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.Bucket }));
  const inBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(Contents.map(({ Key }) => Key)).toEqual(inBytes);
});

behaviour(
  'a delimiter rolls keys up, and each common prefix counts once',
  api('ListObjectsV2'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    for (const key of ['a.txt', 'x/1', 'x/2', 'x/y/3', 'z/4']) await bucket.put(key);
    const list = (input: object) =>
      bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.Bucket, Delimiter: '/', ...input }));

    const root = await list({});
    const inside = await list({ Prefix: 'x/' });

    expect(root.Contents?.map(({ Key }) => Key)).toEqual(['a.txt']);
    expect(root.CommonPrefixes).toEqual([{ Prefix: 'x/' }, { Prefix: 'z/' }]);
    expect(root.KeyCount).toBe(3);
    expect(inside.Contents?.map(({ Key }) => Key)).toEqual(['x/1', 'x/2']);
    expect(inside.CommonPrefixes).toEqual([{ Prefix: 'x/y/' }]);
  },
);

behaviour(
  'pages go on where the last one ended, common prefixes included',
  api('ListObjectsV2'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    for (const key of ['a', 'b/1', 'b/2', 'c', 'd/1', 'e']) await bucket.put(key);
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await bucket.client.send(
        new ListObjectsV2Command({ Bucket: bucket.Bucket, Delimiter: '/', MaxKeys: 2, ContinuationToken }),
      );
      const names = [
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
      expect(names.length).toBeLessThanOrEqual(2);
      seen.push(...names);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(new Set(seen)).toEqual(new Set(['a', 'b/', 'c', 'd/', 'e']));
    expect(seen).toHaveLength(5);
  },
);

behaviour('the first version of the list goes on at a marker', api('ListObjects'), async (aws) => {
  const bucket = await bucketOf(aws);
  for (const key of ['a', 'b', 'c']) await bucket.put(key);
  const { Contents } = await bucket.client.send(
    new ListObjectsCommand({ Bucket: bucket.Bucket, Marker: 'a' }),
  );
  expect(Contents?.map(({ Key }) => Key)).toEqual(['b', 'c']);
});

behaviour('StartAfter begins behind a key that need not be there', api('ListObjectsV2'), async (aws) => {
  const bucket = await bucketOf(aws);
  for (const key of ['a', 'c']) await bucket.put(key);
  const { Contents } = await bucket.client.send(
    new ListObjectsV2Command({ Bucket: bucket.Bucket, StartAfter: 'b' }),
  );
  expect(Contents?.map(({ Key }) => Key)).toEqual(['c']);
});

behaviour(
  'with versioning each put is a version, and a delete hides them behind a marker',
  guide('DeleteMarker'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    const { client, Bucket } = bucket;
    await enableVersioning(bucket);
    const first = await bucket.put('a', 'first');
    await bucket.put('a', 'second');

    const deleted = await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));

    expect(deleted.DeleteMarker).toBe(true);
    await refused(bucket.text('a'), 'NoSuchKey');
    expect(await bucket.text('a', first.VersionId)).toBe('first');
    const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions?.map(({ IsLatest }) => IsLatest)).toEqual([false, false]);
    expect(DeleteMarkers?.map(({ IsLatest }) => IsLatest)).toEqual([true]);

    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: deleted.VersionId }));
    expect(await bucket.text('a')).toBe('second');
  },
);

behaviour('a delete marker that is named is 405', api('GetObject'), async (aws) => {
  const bucket = await bucketOf(aws);
  await enableVersioning(bucket);
  await bucket.put('a');
  const { VersionId } = await bucket.client.send(
    new DeleteObjectCommand({ Bucket: bucket.Bucket, Key: 'a' }),
  );
  const error = await refused(bucket.text('a', VersionId), 'MethodNotAllowed');
  expect(error.status).toBe(405);
});

behaviour(
  'what was put before versioning has the version null',
  guide('versioning-workflows'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    await bucket.put('a', 'old');
    await enableVersioning(bucket);
    await bucket.put('a', 'new');
    expect(await bucket.text('a', 'null')).toBe('old');
  },
);

behaviour('parts become one object whose ETag tells how many', guide('mpuoverview'), async (aws) => {
  const bucket = await bucketOf(aws);
  const { client, Bucket } = bucket;
  const Key = 'big';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const bodies = [Buffer.alloc(PART, 'a'), Buffer.from('end')];
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  const listed = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  const done = await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
  );

  expect(listed.Parts?.map(({ Size }) => Size)).toEqual([PART, 3]);
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
  expect(await bucket.text(Key)).toBe(Buffer.concat(bodies).toString());
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
});

behaviour('a part under 5 MiB that is not the last is EntityTooSmall', guide('qfacts'), async (aws) => {
  const { client, Bucket } = await bucketOf(aws);
  const Key = 'small';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: 'x' }),
    );
    Parts.push({ PartNumber, ETag });
  }
  const complete = (parts: typeof Parts) =>
    client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
    );

  await refused(complete(Parts), 'EntityTooSmall');
  await refused(complete(Parts.toReversed()), 'InvalidPartOrder');
  await refused(complete([{ PartNumber: 3, ETag: Parts[0]?.ETag }]), 'InvalidPart');
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await refused(complete(Parts), 'NoSuchUpload');
});

behaviour(
  'objects expire at the midnight after their days',
  guide('lifecycle-expire-general-considerations'),
  async (aws) => {
    if (!aws.embedded) aws.notRun('takes days');
    const bucket = await bucketOf(aws);
    const { client, Bucket } = bucket;
    await bucket.put('logs/1');
    await bucket.put('kept/1');
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }],
        },
      }),
    );
    const keys = async () =>
      (await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key);

    expect(await keys()).toEqual(['kept/1', 'logs/1']);
    await aws.wait(3 * DAY_SECONDS);
    expect(await keys()).toEqual(['kept/1']);
    await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
  },
);

behaviour(
  'a queue is told of new objects that the filter lets through',
  guide('notification-content-structure'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    const { client, Bucket } = bucket;
    const queue = await aws.queue();
    await aws.allow(queue, 's3.amazonaws.com', `arn:aws:s3:::${Bucket}`);
    await client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: {
          QueueConfigurations: [
            {
              QueueArn: queue.arn,
              Events: ['s3:ObjectCreated:*'],
              Filter: { Key: { FilterRules: [{ Name: 'suffix', Value: '.json' }] } },
            },
          ],
        },
      }),
    );
    const [test] = await queue.receive(1);
    await bucket.put('in/a b.txt', 'no');
    await bucket.put('in/a b.json', '{}');
    const [message] = await queue.receive(1);

    expect(JSON.parse(test?.Body ?? '{}')).toMatchObject({ Event: 's3:TestEvent', Bucket });
    const { Records } = JSON.parse(message?.Body ?? '{}') as { Records: object[] };
    expect(Records).toHaveLength(1);
    expect(Records[0]).toMatchObject({
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: Bucket }, object: { key: 'in/a+b.json', size: 2 } },
    });
  },
);

behaviour(
  'a queue that is not there is refused as a destination',
  api('PutBucketNotificationConfiguration'),
  async (aws) => {
    const { client, Bucket } = await bucketOf(aws);
    const QueueArn = `arn:aws:sqs:${aws.region}:${await aws.accountId()}:${aws.uniqueName('none')}`;
    const put = client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*'] }] },
      }),
    );
    await refused(put, 'InvalidArgument');
  },
);
