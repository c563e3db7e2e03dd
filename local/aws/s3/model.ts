/** What S3 keeps: buckets, the versions of their objects, and uploads in parts. */
import type { Checksum, ChecksumAlgorithm } from './checksums.ts';
import type { Content } from './content.ts';
import type { XmlTree } from './xml.ts';

/** The version id of objects that were put while versioning was not enabled. */
export const NULL_VERSION = 'null';

export interface Bucket {
  readonly name: string;
  readonly createdAt: number;
  versioning: 'Enabled' | 'Suspended' | undefined;
  /** JSON text. */
  policy: string | undefined;
  /** Configurations by sub-resource (`lifecycle`, `notification` ...), as their XML says them. */
  readonly configurations: Map<string, XmlTree>;
  /** Versions by key, newest first. A key without versions is not in it. */
  readonly objects: Map<string, ObjectVersion[]>;
  readonly uploads: Map<string, Upload>;
  /** The keys in order, until one comes or goes. */
  sortedKeys: readonly string[] | undefined;
}

/** What a client says about an object when it puts it, and gets back with it. */
export interface ObjectDescription {
  /** Header name -> value: `content-type`, `cache-control` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without the `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
  readonly encryption: string;
  readonly kmsKeyId: string | undefined;
}

export interface ObjectVersion extends ObjectDescription {
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: number;
  readonly size: number;
  /** With its quotation marks. */
  readonly etag: string;
  /** Undefined for a delete marker. */
  readonly content: Content | undefined;
  readonly checksum: Checksum | undefined;
  readonly parts: number | undefined;
  tags: Readonly<Record<string, string>>;
}

export interface Upload extends ObjectDescription {
  readonly uploadId: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly checksumType: Checksum['type'];
  readonly tags: Readonly<Record<string, string>>;
  readonly parts: Map<number, Part>;
}

export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly content: Content;
  /** Base64. */
  readonly checksum: string | undefined;
}

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

/** What GET answers without a version id; undefined behind a delete marker. */
export function currentVersion(bucket: Bucket, key: string): ObjectVersion | undefined {
  const newest = bucket.objects.get(key)?.[0];
  return newest?.content === undefined ? undefined : newest;
}
