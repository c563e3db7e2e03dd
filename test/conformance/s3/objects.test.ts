/** Conformance of S3: objects, what is kept with them, ranges, conditions and checksums. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { behavioursOf, expect, refused } from '../harness.ts';
import { api, bucketOf, ERRORS, guide } from './buckets.ts';

const behaviour = behavioursOf('s3');
const MEGABYTE = 1_048_576;

behaviour(
  'an object comes back with its type, its metadata and its MD5 as ETag',
  api('PutObject'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    const put = await bucket.put('a', 'hello', { ContentType: 'text/plain', Metadata: { owner: 'me' } });

    const got = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.Bucket, Key: 'a' }));

    expect(put.ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`);
    expect(got).toMatchObject({ ContentType: 'text/plain', ContentLength: 5, ETag: put.ETag });
    expect(got.Metadata).toEqual({ owner: 'me' });
    expect(await got.Body?.transformToString()).toBe('hello');
  },
);

behaviour(
  'an object without a type is binary/octet-stream, or what the SDK says',
  api('GetObject'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    await bucket.put('a', 'hello');
    const { ContentType } = await bucket.client.send(
      new HeadObjectCommand({ Bucket: bucket.Bucket, Key: 'a' }),
    );
    expect(['binary/octet-stream', 'application/octet-stream']).toContain(ContentType);
  },
);

behaviour('keys keep every character', guide('object-keys'), async (aws) => {
  const bucket = await bucketOf(aws);
  for (const key of ['a b+c', 'ü/日本/😀', '../x', 'a//b', "q?'=&%25#"]) {
    await bucket.put(key, key);
    expect(await bucket.text(key)).toBe(key);
  }
});

behaviour('a key of 1,024 bytes is taken, one more is not', guide('object-keys'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('k'.repeat(1024));
  await refused(bucket.put('k'.repeat(1025)), 'KeyTooLongError');
});

behaviour('metadata is limited to 2 KB', guide('UsingMetadata'), async (aws) => {
  const bucket = await bucketOf(aws);
  await refused(bucket.put('a', 'x', { Metadata: { big: 'x'.repeat(2049) } }), 'MetadataTooLarge');
});

behaviour('what is not there is NoSuchKey and 404', ERRORS, async (aws) => {
  const bucket = await bucketOf(aws);
  const error = await refused(bucket.text('none'), 'NoSuchKey');
  expect(error.status).toBe(404);
});

behaviour('HEAD of what is not there is 404 without a body', api('HeadObject'), async (aws) => {
  const bucket = await bucketOf(aws);
  const head = bucket.client.send(new HeadObjectCommand({ Bucket: bucket.Bucket, Key: 'none' }));
  await refused(head, 'NotFound');
});

behaviour('a range gives those bytes and 206', api('GetObject'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a', '0123456789');
  const range = async (Range: string) => {
    const got = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.Bucket, Key: 'a', Range }));
    return [await got.Body?.transformToString(), got.ContentRange, got.$metadata.httpStatusCode];
  };

  expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10', 206]);
  expect(await range('bytes=7-')).toEqual(['789', 'bytes 7-9/10', 206]);
  expect(await range('bytes=-2')).toEqual(['89', 'bytes 8-9/10', 206]);
  expect(await range('bytes=8-100')).toEqual(['89', 'bytes 8-9/10', 206]);
});

behaviour('a range behind the end is InvalidRange and 416', ERRORS, async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a', '0123456789');
  const get = new GetObjectCommand({ Bucket: bucket.Bucket, Key: 'a', Range: 'bytes=10-' });
  const error = await refused(bucket.client.send(get), 'InvalidRange');
  expect(error.status).toBe(416);
});

behaviour('If-None-Match: * puts only what is not there', guide('conditional-writes'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a', 'first', { IfNoneMatch: '*' });
  const error = await refused(bucket.put('a', 'second', { IfNoneMatch: '*' }), 'PreconditionFailed');
  expect(error.status).toBe(412);
  expect(await bucket.text('a')).toBe('first');
});

behaviour('of many writers with If-None-Match: * one wins', guide('conditional-writes'), async (aws) => {
  const bucket = await bucketOf(aws);
  const writers = Array.from({ length: 8 }, (_, index) => bucket.put('a', `${index}`, { IfNoneMatch: '*' }));
  const results = await Promise.allSettled(writers);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

behaviour('If-Match puts only over that ETag', guide('conditional-writes'), async (aws) => {
  const bucket = await bucketOf(aws);
  const { ETag } = await bucket.put('a', 'first');
  await bucket.put('a', 'second', { IfMatch: ETag });
  await refused(bucket.put('a', 'third', { IfMatch: ETag }), 'PreconditionFailed');
  await refused(bucket.put('none', 'x', { IfMatch: ETag }), 'NoSuchKey');
  expect(await bucket.text('a')).toBe('second');
});

behaviour(
  'If-None-Match on a read is 304, If-Match that fails is 412',
  guide('conditional-reads'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    const { ETag } = await bucket.put('a', 'x');
    const get = (input: object) =>
      bucket.client.send(new GetObjectCommand({ Bucket: bucket.Bucket, Key: 'a', ...input }));

    await expect(get({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await refused(get({ IfMatch: '"0123"' }), 'PreconditionFailed');
    await expect(get({ IfModifiedSince: new Date(Date.now() + 3_600_000) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
  },
);

for (const algorithm of Object.values(ChecksumAlgorithm).filter((each) =>
  ['CRC32', 'CRC32C', 'SHA1', 'SHA256'].includes(each),
)) {
  behaviour(
    `a streamed body with a ${algorithm} behind it is checked, and the checksum kept`,
    guide('checking-object-integrity-upload'),
    async (aws) => {
      const bucket = await bucketOf(aws);
      const bytes = Buffer.alloc(2 * MEGABYTE + 17, 'waybill');
      await bucket.put('a', undefined, {
        Body: Readable.from([bytes.subarray(0, 999_999), bytes.subarray(999_999)]),
        ContentLength: bytes.length,
        ChecksumAlgorithm: algorithm,
      });

      // The SDK compares the checksum with what it reads.
      const got = await bucket.client.send(
        new GetObjectCommand({ Bucket: bucket.Bucket, Key: 'a', ChecksumMode: 'ENABLED' }),
      );

      expect(got).toHaveProperty(`Checksum${algorithm}`, expect.any(String));
      expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    },
  );
}

behaviour('a checksum that does not fit is BadDigest, and nothing is stored', ERRORS, async (aws) => {
  const bucket = await bucketOf(aws);
  await refused(bucket.put('a', 'hello', { ChecksumCRC32: 'AAAAAA==' }), 'BadDigest');
  await refused(bucket.put('a', 'hello', { ContentMD5: 'XUFAKrxLKna5cZ2REBfFkw==' }), 'BadDigest');
  await refused(bucket.text('a'), 'NoSuchKey');
});

behaviour('a Content-MD5 that is none is InvalidDigest', ERRORS, async (aws) => {
  const bucket = await bucketOf(aws);
  await refused(bucket.put('a', 'hello', { ContentMD5: 'bm8=' }), 'InvalidDigest');
});

behaviour('a copy keeps the metadata unless it is replaced', api('CopyObject'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a b', 'hello', { Metadata: { x: '1' } });
  const { client, Bucket } = bucket;
  const CopySource = `${Bucket}/${encodeURIComponent('a b')}`;
  await client.send(new CopyObjectCommand({ Bucket, Key: 'kept', CopySource }));
  await client.send(
    new CopyObjectCommand({
      Bucket,
      Key: 'replaced',
      CopySource,
      MetadataDirective: 'REPLACE',
      Metadata: { y: '2' },
    }),
  );

  const metadata = async (Key: string) =>
    (await client.send(new HeadObjectCommand({ Bucket, Key }))).Metadata;
  expect(await bucket.text('kept')).toBe('hello');
  expect(await metadata('kept')).toEqual({ x: '1' });
  expect(await metadata('replaced')).toEqual({ y: '2' });
});

behaviour('a copy onto itself without a change is refused', api('CopyObject'), async (aws) => {
  const bucket = await bucketOf(aws);
  const { client, Bucket } = bucket;
  await bucket.put('a', 'hello');
  const copy = client.send(new CopyObjectCommand({ Bucket, Key: 'a', CopySource: `${Bucket}/a` }));
  await refused(copy, 'InvalidRequest');
});

behaviour('a delete of what is not there succeeds', api('DeleteObject'), async (aws) => {
  const { client, Bucket } = await bucketOf(aws);
  const { $metadata } = await client.send(new DeleteObjectCommand({ Bucket, Key: 'none' }));
  expect($metadata.httpStatusCode).toBe(204);
});

behaviour(
  'DeleteObjects tells what it deleted, or with Quiet only what failed',
  api('DeleteObjects'),
  async (aws) => {
    const bucket = await bucketOf(aws);
    const { client, Bucket } = bucket;
    await bucket.put('a&b');
    await bucket.put('c');
    const remove = (Key: string, Quiet: boolean) =>
      client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }], Quiet } }));

    expect((await remove('a&b', false)).Deleted).toEqual([{ Key: 'a&b' }]);
    expect((await remove('c', true)).Deleted ?? []).toEqual([]);
    await refused(bucket.text('c'), 'NoSuchKey');
  },
);

behaviour('tags are put, counted and read', api('PutObjectTagging'), async (aws) => {
  const bucket = await bucketOf(aws);
  const { client, Bucket } = bucket;
  await bucket.put('a', 'x', { Tagging: 'team=core&stage=dev' });
  const { TagCount } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  await client.send(
    new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } }),
  );

  expect(TagCount).toBe(2);
  expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'a' }))).TagSet).toEqual([
    { Key: 'k', Value: 'v' },
  ]);
});

behaviour('more than ten tags are refused', guide('object-tagging'), async (aws) => {
  const bucket = await bucketOf(aws);
  const Tagging = Array.from({ length: 11 }, (_, index) => `k${index}=v`).join('&');
  await refused(bucket.put('a', 'x', { Tagging }), 'BadRequest');
});

behaviour('attributes are given as asked for', api('GetObjectAttributes'), async (aws) => {
  const bucket = await bucketOf(aws);
  await bucket.put('a', 'hello', { ChecksumAlgorithm: 'SHA256' });
  const attributes = await bucket.client.send(
    new GetObjectAttributesCommand({
      Bucket: bucket.Bucket,
      Key: 'a',
      ObjectAttributes: ['ObjectSize', 'Checksum'],
    }),
  );
  expect(attributes.ObjectSize).toBe(5);
  expect(attributes.Checksum?.ChecksumSHA256).toBe(createHash('sha256').update('hello').digest('base64'));
  expect(attributes.ETag).toBeUndefined();
});
