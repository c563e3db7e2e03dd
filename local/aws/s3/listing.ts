/** Lists of objects, versions and uploads: in order, by prefix, rolled up at a delimiter, in pages. */
import type { Input } from '../input.ts';
import { invalidArgument } from './errors.ts';
import { numberOf, optionalText, requiredText } from './input.ts';
import { currentVersion, type Bucket, type ObjectVersion } from './model.ts';
import type { Action, Output } from './objects.ts';
import { inByteOrder, type Store } from './store.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
const MAXIMUM_KEYS = 1000;
/** Greater than every key that begins with what stands before it. */
const AFTER_ALL = '\u{10ffff}';

interface Page<Item> {
  readonly items: readonly Item[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix of the page. */
  readonly last: string | undefined;
}

export function listingActions(accountId: string, store: Store): Readonly<Record<string, Action>> {
  const bucketOf = (input: Input): Bucket => store.existing(requiredText(input, 'Bucket'));
  const Owner = { ID: accountId, DisplayName: 'local' };

  const current = (bucket: Bucket): ((key: string) => ObjectVersion | undefined) => {
    return (key) => currentVersion(bucket, key);
  };

  return {
    ListBuckets(input) {
      const prefix = optionalText(input, 'Prefix') ?? '';
      const Buckets = [...store.buckets.values()]
        .filter(({ name }) => name.startsWith(prefix))
        .toSorted((a, b) => inByteOrder(a.name, b.name))
        .map(({ name, createdAt }) => ({ Name: name, CreationDate: new Date(createdAt).toISOString() }));
      return { Buckets, Owner };
    },
    ListObjectsV2(input) {
      const bucket = bucketOf(input);
      const token = optionalText(input, 'ContinuationToken');
      const after = token === undefined ? optionalText(input, 'StartAfter') : keyOfToken(token);
      const list = page(store.sortedKeys(bucket), input, after, current(bucket));
      const encode = encoder(input);
      return {
        ...echo(bucket, input, encode),
        KeyCount: list.items.length + list.prefixes.length,
        IsTruncated: list.truncated,
        ...(token !== undefined && { ContinuationToken: token }),
        ...(list.truncated && { NextContinuationToken: tokenOf(list.last ?? '') }),
        ...(optionalText(input, 'StartAfter') !== undefined && {
          StartAfter: encode(optionalText(input, 'StartAfter') ?? ''),
        }),
        Contents: list.items.map((version) => ({
          ...contentsMember(version, encode),
          ...(String(input['FetchOwner']) === 'true' && { Owner }),
        })),
        CommonPrefixes: list.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      };
    },
    ListObjects(input) {
      const bucket = bucketOf(input);
      const marker = optionalText(input, 'Marker');
      const list = page(store.sortedKeys(bucket), input, marker, current(bucket));
      const encode = encoder(input);
      return {
        ...echo(bucket, input, encode),
        Marker: encode(marker ?? ''),
        IsTruncated: list.truncated,
        ...(list.truncated &&
          optionalText(input, 'Delimiter') !== undefined && { NextMarker: encode(list.last ?? '') }),
        Contents: list.items.map((version) => ({ ...contentsMember(version, encode), Owner })),
        CommonPrefixes: list.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      };
    },
    ListObjectVersions(input) {
      const bucket = bucketOf(input);
      const encode = encoder(input);
      const { versions, prefixes, truncated, next } = versionPage(store, bucket, input);
      const describe = (version: ObjectVersion): Output => ({
        Key: encode(version.key),
        VersionId: version.versionId,
        IsLatest: bucket.objects.get(version.key)?.[0] === version,
        LastModified: new Date(version.lastModified).toISOString(),
        ...(version.content !== undefined && {
          ETag: version.etag,
          Size: version.size,
          StorageClass: version.storageClass,
        }),
        Owner,
      });
      return {
        ...echo(bucket, input, encode),
        IsTruncated: truncated,
        KeyMarker: encode(optionalText(input, 'KeyMarker') ?? ''),
        VersionIdMarker: optionalText(input, 'VersionIdMarker') ?? '',
        ...(next && { NextKeyMarker: encode(next.key), NextVersionIdMarker: next.versionId }),
        Versions: versions.filter(({ content }) => content !== undefined).map(describe),
        DeleteMarkers: versions.filter(({ content }) => content === undefined).map(describe),
        CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      };
    },
    ListMultipartUploads(input) {
      const bucket = bucketOf(input);
      const prefix = optionalText(input, 'Prefix') ?? '';
      const marker = optionalText(input, 'KeyMarker') ?? '';
      const maximum = numberOf(input, 'MaxUploads', 0, MAXIMUM_KEYS) ?? MAXIMUM_KEYS;
      const all = [...bucket.uploads.values()]
        .filter(({ key }) => key.startsWith(prefix) && inByteOrder(key, marker) > 0)
        .toSorted((a, b) => inByteOrder(a.key, b.key) || a.initiatedAt - b.initiatedAt);
      const shown = all.slice(0, maximum);
      const last = shown.at(-1);
      return {
        Bucket: bucket.name,
        KeyMarker: marker,
        Prefix: prefix,
        MaxUploads: maximum,
        IsTruncated: all.length > maximum,
        ...(all.length > maximum && last && { NextKeyMarker: last.key, NextUploadIdMarker: last.uploadId }),
        Uploads: shown.map(({ key, uploadId, initiatedAt, storageClass }) => ({
          Key: key,
          UploadId: uploadId,
          Initiated: new Date(initiatedAt).toISOString(),
          StorageClass: storageClass,
          Owner,
          Initiator: Owner,
        })),
      };
    },
  };
}

/** What comes after `after`: items of the keys that have one, and what rolls up at the delimiter, once. */
function page<Item>(
  keys: readonly string[],
  input: Input,
  after: string | undefined,
  itemOf: (key: string) => Item | undefined,
): Page<Item> {
  const prefix = optionalText(input, 'Prefix') ?? '';
  const delimiter = optionalText(input, 'Delimiter') ?? '';
  const maximum = numberOf(input, 'MaxKeys', 0, 2 ** 31 - 1) ?? MAXIMUM_KEYS;
  const limit = Math.min(maximum, MAXIMUM_KEYS);
  const items: Item[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  // A page that ended with a common prefix goes on behind all that it stands for.
  const rolledUp = after !== undefined && delimiter !== '' && after.endsWith(delimiter);
  const behind =
    after === undefined
      ? 0
      : firstWhere(keys, (key) => inByteOrder(key, rolledUp ? after + AFTER_ALL : after) > 0);
  let index = Math.max(
    behind,
    firstWhere(keys, (key) => inByteOrder(key, prefix) >= 0),
  );
  for (; index < keys.length; index++) {
    const key = keys[index] ?? '';
    if (!key.startsWith(prefix)) break;
    const item = itemOf(key);
    if (item === undefined) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0 && prefixes.at(-1) === key.slice(0, cut + delimiter.length)) continue;
    if (items.length + prefixes.length >= limit) return { items, prefixes, truncated: limit > 0, last };
    if (cut >= 0) {
      last = key.slice(0, cut + delimiter.length);
      prefixes.push(last);
    } else {
      items.push(item);
      last = key;
    }
  }
  return { items, prefixes, truncated: false, last };
}

/** The index of the first of the sorted keys for which it is true; it stays true behind it. */
function firstWhere(keys: readonly string[], isTrue: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(keys[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}

function versionPage(
  store: Store,
  bucket: Bucket,
  input: Input,
): {
  readonly versions: readonly ObjectVersion[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  readonly next: { readonly key: string; readonly versionId: string } | undefined;
} {
  const prefix = optionalText(input, 'Prefix') ?? '';
  const delimiter = optionalText(input, 'Delimiter') ?? '';
  const keyMarker = optionalText(input, 'KeyMarker') ?? '';
  const versionMarker = optionalText(input, 'VersionIdMarker');
  const limit = numberOf(input, 'MaxKeys', 0, MAXIMUM_KEYS) ?? MAXIMUM_KEYS;
  const versions: ObjectVersion[] = [];
  const prefixes: string[] = [];
  for (const key of store.sortedKeys(bucket)) {
    const order = inByteOrder(key, keyMarker);
    if (order < 0 || (order === 0 && keyMarker !== '' && versionMarker === undefined)) continue;
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0) {
      const rolled = key.slice(0, cut + delimiter.length);
      if (prefixes.at(-1) !== rolled) prefixes.push(rolled);
      continue;
    }
    const all = bucket.objects.get(key) ?? [];
    const from = order === 0 ? all.findIndex(({ versionId }) => versionId === versionMarker) + 1 : 0;
    for (const version of all.slice(from)) {
      if (versions.length + prefixes.length >= limit) {
        return { versions, prefixes, truncated: true, next: versions.at(-1) };
      }
      versions.push(version);
    }
  }
  return { versions, prefixes, truncated: false, next: undefined };
}

/** What a list says about the request. */
function echo(bucket: Bucket, input: Input, encode: (text: string) => string): Output {
  const delimiter = optionalText(input, 'Delimiter');
  return {
    Name: bucket.name,
    Prefix: encode(optionalText(input, 'Prefix') ?? ''),
    ...(delimiter !== undefined && { Delimiter: encode(delimiter) }),
    MaxKeys: Math.min(numberOf(input, 'MaxKeys', 0, 2 ** 31 - 1) ?? MAXIMUM_KEYS, MAXIMUM_KEYS),
    ...(optionalText(input, 'EncodingType') !== undefined && { EncodingType: 'url' }),
  };
}

function encoder(input: Input): (text: string) => string {
  const type = optionalText(input, 'EncodingType');
  if (type === undefined) return (text) => text;
  if (type !== 'url')
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', type);
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/');
}

function contentsMember(version: ObjectVersion, encode: (text: string) => string): Output {
  return {
    Key: encode(version.key),
    LastModified: new Date(version.lastModified).toISOString(),
    ETag: version.etag,
    ...(version.checksum && {
      ChecksumAlgorithm: version.checksum.algorithm,
      ChecksumType: version.checksum.type,
    }),
    Size: version.size,
    StorageClass: version.storageClass,
  };
}

function tokenOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function keyOfToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key === '' || tokenOf(key) !== token) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  }
  return key;
}
