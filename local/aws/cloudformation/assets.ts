/** Files that templates name by bucket and key: fetched from S3 and unpacked, so that providers find them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../../lib/assembly/template.ts';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { unzip } from '../lambda/zip.ts';

export interface Assets {
  readonly directory: string;
  /** Fetches what the properties name and is not there yet. */
  fetch(properties: JsonObject): Promise<void>;
  /** The directory or file, by object key. */
  find(objectKey: string): string | undefined;
  close(): Promise<void>;
}

const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Beside what the process runs in, so that unpacked code finds the packages there; or in the state directory, whose
 * functions outlive the process.
 */
export function createAssets(context: AwsContext): Assets {
  const directory =
    context.state.directory === undefined
      ? join(process.cwd(), '.waybill', `cloudformation-${process.pid}`)
      : join(context.state.directory, 'cloudformation');
  const files = new Map<string, string>();

  const fetchOne = async (bucket: string, key: string): Promise<void> => {
    const s3 = context.services.find('s3');
    if (s3?.bucketNames().includes(bucket) !== true) return;
    let bytes: Buffer;
    try {
      bytes = await s3.readObject(bucket, key);
    } catch (cause) {
      const code = cause instanceof AwsError ? cause.code : 'InternalError';
      throw new Error(`Error occurred while GetObject of ${bucket}/${key}. S3 Error Code: ${code}.`, {
        cause,
      });
    }
    const place = join(directory, createHash('sha256').update(bytes).digest('hex').slice(0, 32));
    const path = join(place, 'content');
    await mkdir(place, { recursive: true });
    await linkPackages(directory);
    if (bytes.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE)) {
      await mkdir(path, { recursive: true });
      // As in Lambda, what the archive says about modules counts, and not the project around this directory.
      await writeFile(join(place, 'package.json'), '{}');
      unzip(bytes, path);
    } else await writeFile(path, bytes);
    files.set(key, path);
    files.set(key.split('/').at(-1) ?? key, path);
  };

  return {
    directory,
    async fetch(properties) {
      for (const { bucket, key } of locationsIn(properties)) await fetchOne(bucket, key);
    },
    find: (objectKey) => files.get(objectKey),
    async close() {
      if (files.size > 0 && context.state.directory === undefined) {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** A state directory may be anywhere: code unpacked there finds the packages of where the process runs. */
async function linkPackages(directory: string): Promise<void> {
  const packages = join(process.cwd(), 'node_modules');
  if (directory.startsWith(process.cwd()) || !existsSync(packages)) return;
  const link = join(directory, 'node_modules');
  await rm(link, { force: true });
  await symlink(packages, link, 'junction');
}

/** `https://s3.REGION.amazonaws.com/bucket/key`, `https://bucket.s3.REGION.amazonaws.com/key`, or this endpoint's. */
export function locationOfUrl(text: string): { readonly bucket: string; readonly key: string } | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  const path = decodeURIComponent(url.pathname.slice(1));
  const bucketInHost = /^(.+?)\.s3[.-]/.exec(url.hostname)?.[1];
  if (bucketInHost !== undefined) return { bucket: bucketInHost, key: path };
  const [, bucket, key] = /^([^/]+)\/(.+)$/s.exec(path) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}

/** Every place in the properties that is a bucket and a key, however it is spelt. */
function locationsIn(value: unknown): readonly { readonly bucket: string; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(locationsIn);
  const members = value as Record<string, unknown>;
  const own = [];
  const bucket = members['S3Bucket'] ?? members['Bucket'];
  const key = members['S3Key'] ?? members['Key'];
  if (typeof bucket === 'string' && typeof key === 'string') own.push({ bucket, key });
  const url = members['TemplateURL'];
  const location = typeof url === 'string' ? locationOfUrl(url) : undefined;
  return [...own, ...(location ? [location] : []), ...Object.values(members).flatMap(locationsIn)];
}
