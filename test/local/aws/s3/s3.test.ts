/** S3 by what the conformance suite cannot see: files, restarts, hosts, raw requests, events, permissions. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createHasher, type ChecksumAlgorithm } from '../../../../local/aws/s3/checksums.ts';
import { createAwsContext, rootCaller, type AwsContext } from '../../../../local/aws/context.ts';
import { manualClock } from '../../../../local/aws/clock.ts';
import { startEndpoint } from '../../../../local/aws/endpoint.ts';
import { createS3Service, type S3Service } from '../../../../local/aws/s3/index.ts';
import { openStateStore } from '../../../../local/aws/state/index.ts';

const MEGABYTE = 1_048_576;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-s3-test-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function start(options: Parameters<typeof createAwsContext>[0] = {}) {
  const context = createAwsContext({ clock: manualClock(), ...options });
  const s3 = createS3Service(context);
  context.services.register(s3);
  const endpoint = await startEndpoint(context);
  closers.push(
    () => endpoint.close(),
    () => s3.close?.(),
  );
  const call = (action: string, input: Record<string, unknown>) =>
    s3.handle(action, { Bucket: 'bucket', ...input }, rootCaller(context)) as Promise<
      Record<string, unknown>
    >;
  await call('CreateBucket', {});
  return { context, s3, call, url: endpoint.url };
}

const signed = {
  authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, Signature=0',
};

/** By hand: fetch does not let the Host be chosen. */
function textOf(port: number, path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => (text += String(piece)));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

describe('checksums', () => {
  // The check values of the CRC catalogue for "123456789".
  test.each<[ChecksumAlgorithm, string]>([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
  ])('%s of the digits', (algorithm, expected) => {
    const hasher = createHasher(algorithm);
    hasher.update(Buffer.from('1234'));
    hasher.update(Buffer.from('56789'));

    expect(Buffer.from(hasher.digest(), 'base64').toString('hex')).toBe(expected);
  });
});

describe('aws-chunked bodies', () => {
  const put = async (body: string, headers: Record<string, string> = {}) => {
    const { s3, url } = await start();
    const response = await fetch(`${url}/bucket/key`, {
      method: 'PUT',
      headers: {
        ...signed,
        'content-encoding': 'aws-chunked',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        ...headers,
      },
      body,
    });
    return { s3, response, text: await response.text() };
  };

  test('are put together, with the checksum behind them', async () => {
    const { s3, response } = await put(
      '5\r\nhello\r\n1;chunk-signature=0\r\n!\r\n0\r\nx-amz-checksum-crc32:mobJYA==\r\n\r\n',
      { 'x-amz-trailer': 'x-amz-checksum-crc32', 'x-amz-decoded-content-length': '6' },
    );
    expect([response.status, response.headers.get('x-amz-checksum-crc32')]).toEqual([200, 'mobJYA==']);
    expect((await s3.readObject('bucket', 'key')).toString()).toBe('hello!');
  });

  test.each([
    ['a checksum of something else', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
    ['a body that breaks off', '5\r\nhel', 'IncompleteBody'],
    ['a size that is none', 'zz\r\nhello\r\n', 'IncompleteBody'],
    ['another length than promised', '4\r\nhell\r\n0\r\n\r\n', 'IncompleteBody'],
  ])('with %s are refused, and nothing is stored', async (_what, body, code) => {
    const { s3, response, text } = await put(body, {
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'x-amz-decoded-content-length': '5',
    });
    expect(response.status).toBe(400);
    expect(text).toContain(`<Code>${code}</Code>`);
    await expect(s3.readObject('bucket', 'key')).rejects.toMatchObject({ code: 'NoSuchKey' });
  });
});

describe('addresses', () => {
  test('a bucket in the host, in the path, and unsigned', async () => {
    const { url, call } = await start();
    await call('PutObject', { Key: 'a/b', Body: 'hello' });
    const { port } = new URL(url);
    const fetched = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}${path}`, { headers })).text();

    expect(await fetched('/bucket/a/b')).toBe('hello');
    expect(await fetched('/bucket/a/b', signed)).toBe('hello');
    expect(await textOf(Number(port), '/a/b', { ...signed, host: `bucket.localhost:${port}` })).toBe('hello');
  });

  test('a path that names no bucket goes to the other services', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/none/key`);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('<Error>');
  });

  test.each([['//'], ['/bucket/%ZZ'], ['/%00'], ['/bucket?acl&x'], ['/bucket/k?partNumber=x&uploadId=y']])(
    '%s is answered, and the endpoint lives',
    async (path) => {
      const { url, s3 } = await start();
      const response = await fetch(`${url}${path}`, { method: 'PUT', headers: signed, body: '<x>' });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(600);
      expect(s3.bucketNames()).toEqual(['bucket']);
    },
  );

  test('a presigned URL ends with its time', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 1));
    const { url, call } = await start({ clock });
    await call('PutObject', { Key: 'a', Body: 'hello' });
    const query =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local%2F20260101%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Signature=0';

    expect((await fetch(`${url}/bucket/a?${query}`)).status).toBe(200);
    await clock.advance(61_000);
    const late = await fetch(`${url}/bucket/a?${query}`);
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
  });
});

describe('large objects', () => {
  test('are files, not memory, and their file goes with them', async () => {
    const directory = await temporaryDirectory();
    const state = openStateStore(directory);
    closers.push(() => state.close());
    const { url, call } = await start({ state });
    const bytes = Buffer.alloc(20 * MEGABYTE, 'waybill');
    // A file goes one turn after the record that named it.
    const files = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return readdir(join(directory, 's3'));
    };

    const put = await fetch(`${url}/bucket/big`, { method: 'PUT', headers: signed, body: bytes });
    expect([put.status, (await files()).length]).toEqual([200, 1]);
    const got = await fetch(`${url}/bucket/big`, { headers: signed });
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);

    await call('CopyObject', { Key: 'copy', CopySource: 'bucket/big' });
    await call('DeleteObject', { Key: 'big' });
    expect((await files()).length).toBe(1);
    await call('DeleteObject', { Key: 'copy' });
    expect(await files()).toEqual([]);
  });
});

describe('a state directory', () => {
  test('brings buckets, versions, configurations and unfinished uploads back', async () => {
    const directory = await temporaryDirectory();
    const first = openStateStore(directory);
    const { call } = await start({ state: first });
    await call('PutBucketVersioning', { Configuration: { Status: 'Enabled' } });
    await call('PutBucketPolicy', { Policy: '{"Statement":[]}' });
    await call('PutObject', { Key: 'a', Body: 'one', Metadata: { x: 'y' } });
    await call('PutObject', { Key: 'a', Body: 'two' });
    await call('PutObject', { Key: 'big', Body: Buffer.alloc(2 * MEGABYTE, 1) });
    await call('PutObject', { Key: 'gone', Body: 'x' });
    await call('DeleteObject', { Key: 'gone' });
    const { UploadId } = await call('CreateMultipartUpload', { Key: 'parts' });
    await call('UploadPart', { Key: 'parts', UploadId, PartNumber: 1, Body: 'part' });
    first.flush();
    first.close();

    const second = openStateStore(directory);
    closers.push(() => second.close());
    const context = createAwsContext({ state: second });
    const again: S3Service = createS3Service(context);
    const ask = (action: string, input: Record<string, unknown>) =>
      again.handle(action, { Bucket: 'bucket', ...input }, rootCaller(context)) as Promise<
        Record<string, unknown>
      >;

    expect((await again.readObject('bucket', 'a')).toString()).toBe('two');
    expect((await again.readObject('bucket', 'big')).length).toBe(2 * MEGABYTE);
    const listed = await ask('ListObjectVersions', { Prefix: 'a' });
    const [newest, oldest] = listed['Versions'] as Record<string, string>[];
    expect([newest?.['IsLatest'], oldest?.['IsLatest']]).toEqual([true, false]);
    expect((await again.readObject('bucket', 'a', oldest?.['VersionId'])).toString()).toBe('one');
    await expect(again.readObject('bucket', 'gone')).rejects.toMatchObject({ code: 'NoSuchKey' });
    expect(await ask('GetBucketPolicy', {})).toEqual({ Policy: '{"Statement":[]}' });
    const parts = await ask('ListParts', { Key: 'parts', UploadId });
    expect(parts['Parts']).toHaveLength(1);
  });
});

test('permissions are those of IAM, a version having its own', async () => {
  const { s3 } = await start();
  const needed = (action: string, input: Record<string, unknown>) =>
    s3
      .authorization?.(action, { Bucket: 'bucket', ...input })
      .map(({ action: each, resourceArn }) => [each, resourceArn]);

  expect(needed('GetObject', { Key: 'a' })).toEqual([['s3:GetObject', 'arn:aws:s3:::bucket/a']]);
  expect(needed('HeadObject', { Key: 'a', VersionId: '1' })).toEqual([
    ['s3:GetObjectVersion', 'arn:aws:s3:::bucket/a'],
  ]);
  expect(needed('ListObjectsV2', {})).toEqual([['s3:ListBucket', 'arn:aws:s3:::bucket']]);
  expect(needed('CopyObject', { Key: 'b', CopySource: 'other/a%20b' })).toEqual([
    ['s3:PutObject', 'arn:aws:s3:::bucket/b'],
    ['s3:GetObject', 'arn:aws:s3:::other/a b'],
  ]);
  expect(needed('PutBucketEncryption', {})).toEqual([
    ['s3:PutEncryptionConfiguration', 'arn:aws:s3:::bucket'],
  ]);
  expect(needed('DeleteBucketLifecycle', {})).toEqual([
    ['s3:PutLifecycleConfiguration', 'arn:aws:s3:::bucket'],
  ]);
});

test('what nothing here does is refused by name', async () => {
  const { url } = await start();
  const cors = await fetch(`${url}/bucket?cors`, {
    method: 'PUT',
    headers: signed,
    body: '<CORSConfiguration/>',
  });
  const acl = await fetch(`${url}/bucket/a`, {
    method: 'PUT',
    headers: { ...signed, 'x-amz-acl': 'public-read' },
    body: 'x',
  });
  expect([cors.status, await cors.text()]).toEqual([501, expect.stringContaining('NotImplemented')]);
  expect([acl.status, await acl.text()]).toEqual([
    400,
    expect.stringContaining('AccessControlListNotSupported'),
  ]);
});

test('a bucket with metrics configurations measures its requests', async () => {
  const { context, s3, url } = await start();
  const samples: string[] = [];
  const stop = (context satisfies AwsContext).metrics.observe(({ name, value, dimensions }) => {
    if (value > 0) samples.push(`${name} ${dimensions['FilterId']}`);
  });
  await s3.handle('PutBucketMetrics', { Bucket: 'bucket', Ids: ['all'] }, rootCaller(context));

  await fetch(`${url}/bucket/none`, { headers: signed });
  stop();

  expect(samples).toEqual(expect.arrayContaining(['AllRequests all', 'GetRequests all', '4xxErrors all']));
});
