/** Shorthand of the S3 behaviours: a bucket that goes away with everything in it. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import type { Conformance } from '../harness.ts';

const API = 'https://docs.aws.amazon.com/AmazonS3/latest/API';
const GUIDE = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide';

/** The API reference of an action. */
export function api(name: string): string {
  return `${API}/API_${name}.html`;
}

/** A page of the user guide. */
export function guide(page: string): string {
  return `${GUIDE}/${page}.html`;
}

export const ERRORS = `${API}/ErrorResponses.html`;

export interface TestBucket {
  readonly client: S3Client;
  readonly Bucket: string;
  put(
    key: string,
    body?: string | Uint8Array,
    input?: Partial<PutObjectCommandInput>,
  ): Promise<{ readonly ETag?: string | undefined; readonly VersionId?: string | undefined }>;
  text(key: string, versionId?: string): Promise<string | undefined>;
}

export async function bucketOf(aws: Conformance): Promise<TestBucket> {
  const client = aws.client(S3Client);
  const Bucket = aws.uniqueName('bucket').toLowerCase();
  await client.send(new CreateBucketCommand({ Bucket }));
  aws.cleanup(() => client.send(new DeleteBucketCommand({ Bucket })));
  aws.cleanup(async () => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) {
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    }
  });
  return {
    client,
    Bucket,
    put: (Key, Body = 'x', input = {}) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...input })),
    async text(Key, VersionId) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      return Body?.transformToString();
    },
  };
}
