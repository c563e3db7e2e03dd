/** Objects: put, get, copy, delete, and their tags. */
import type { AwsContext } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { checksumMember, createHasher, type Checksum, type ChecksumAlgorithm } from './checksums.ts';
import { checkReadConditions, checkWriteConditions, rangeOf } from './conditions.ts';
import { piecesOf } from './content.ts';
import { invalidArgument, noSuchKey, noSuchVersion } from './errors.ts';
import {
  algorithmOf,
  checkedTags,
  descriptionOf,
  keyOf,
  OBJECT_HEADERS,
  optionalText,
  requiredText,
  tagsOfHeader,
} from './input.ts';
import { currentVersion, NULL_VERSION, type Bucket, type ObjectVersion } from './model.ts';
import type { Notify } from './notifications.ts';
import type { Store } from './store.ts';
import { storeUpload } from './upload-body.ts';

/** Keys of one DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MAXIMUM_DELETES = 1000;
const METHOD_NOT_ALLOWED = 405;

export type Output = Record<string, unknown>;
export type Action = (input: Input) => Output | Promise<Output>;

export function objectActions(
  context: AwsContext,
  store: Store,
  notify: Notify,
): Readonly<Record<string, Action>> {
  const bucketOf = (input: Input): Bucket => store.existing(requiredText(input, 'Bucket'));

  const PutObject: Action = async (input) => {
    const bucket = bucketOf(input);
    const key = keyOf(input);
    const description = descriptionOf(input);
    const tags = tagsOfHeader(optionalText(input, 'Tagging'));
    checkWriteConditions(input, key, currentVersion(bucket, key));
    const { content, size, md5, checksum } = await storeUpload(store.content, input);
    try {
      // The body took its time: somebody else may have put the key meanwhile.
      checkWriteConditions(input, key, currentVersion(bucket, key));
    } catch (error) {
      store.content.discard(content);
      throw error;
    }
    const version: ObjectVersion = {
      ...description,
      key,
      versionId: store.nextVersionId(bucket),
      lastModified: context.clock.now(),
      size,
      etag: `"${md5}"`,
      content,
      checksum: checksum && { ...checksum, type: 'FULL_OBJECT' },
      parts: undefined,
      tags,
    };
    store.addVersion(bucket, version);
    notify(bucket, 'ObjectCreated:Put', version);
    return writtenMembers(bucket, version);
  };

  const read = (input: Input): { readonly bucket: Bucket; readonly version: ObjectVersion } => {
    const bucket = bucketOf(input);
    const version = existingVersion(bucket, keyOf(input), optionalText(input, 'VersionId'));
    checkReadConditions(input, version);
    return { bucket, version };
  };

  const GetObject: Action = (input) => {
    const { bucket, version } = read(input);
    const range = rangeOf(optionalText(input, 'Range'), version.size);
    const members = readMembers(bucket, version, input);
    const content = version.content ?? { bytes: Buffer.alloc(0) };
    if (range === undefined) return { ...members, Body: store.content.read(content) };
    return {
      ...withoutChecksums(members),
      ContentLength: range.end - range.start + 1,
      ContentRange: `bytes ${range.start}-${range.end}/${version.size}`,
      Body: store.content.read(content, range.start, range.end),
    };
  };

  const HeadObject: Action = (input) => {
    const { bucket, version } = read(input);
    const range = rangeOf(optionalText(input, 'Range'), version.size);
    const members = readMembers(bucket, version, input);
    if (range === undefined) return members;
    return {
      ...withoutChecksums(members),
      ContentLength: range.end - range.start + 1,
      ContentRange: `bytes ${range.start}-${range.end}/${version.size}`,
    };
  };

  const CopyObject: Action = async (input) => {
    const bucket = bucketOf(input);
    const key = keyOf(input);
    const source = copySourceOf(store, input);
    const replaces = optionalText(input, 'MetadataDirective') === 'REPLACE';
    const retags = optionalText(input, 'TaggingDirective') === 'REPLACE';
    const given = descriptionOf(input);
    const changes =
      replaces || ['StorageClass', 'ServerSideEncryption'].some((name) => input[name] !== undefined);
    if (source.bucket === bucket && source.version.key === key && !changes && source.isCurrent) {
      throw new AwsError(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    }
    const { version: from } = source;
    const algorithm = algorithmOf(input);
    const version: ObjectVersion = {
      ...given,
      ...(!replaces && { headers: from.headers, metadata: from.metadata }),
      key,
      versionId: store.nextVersionId(bucket),
      lastModified: context.clock.now(),
      size: from.size,
      etag: from.parts === undefined ? from.etag : `"${await md5Of(store, from)}"`,
      content: from.content && store.content.copy(from.content),
      checksum:
        algorithm === undefined
          ? from.checksum?.type === 'FULL_OBJECT'
            ? from.checksum
            : undefined
          : await checksumOf(store, from, algorithm),
      parts: undefined,
      tags: retags ? tagsOfHeader(optionalText(input, 'Tagging')) : from.tags,
    };
    store.addVersion(bucket, version);
    notify(bucket, 'ObjectCreated:Copy', version);
    return {
      CopyObjectResult: {
        ETag: version.etag,
        LastModified: new Date(version.lastModified).toISOString(),
        ...checksumMembers(version.checksum),
      },
      ...versionMember(bucket, version),
      ...(source.bucket.versioning !== undefined && { CopySourceVersionId: from.versionId }),
      ServerSideEncryption: version.encryption,
    };
  };

  const deleteOne = (bucket: Bucket, key: string, versionId: string | undefined, input: Input): Output => {
    if (versionId !== undefined) {
      const version = bucket.objects.get(key)?.find((each) => each.versionId === versionId);
      if (version === undefined) return { VersionId: versionId };
      store.removeVersion(bucket, version);
      notify(bucket, 'ObjectRemoved:Delete', version);
      return { VersionId: versionId, ...(version.content === undefined && { DeleteMarker: true }) };
    }
    const current = currentVersion(bucket, key);
    if (optionalText(input, 'IfMatch') !== undefined) checkWriteConditions(input, key, current);
    if (bucket.versioning !== undefined) {
      const marker = deleteMarker(store, bucket, key, context.clock.now());
      store.addVersion(bucket, marker);
      notify(bucket, 'ObjectRemoved:DeleteMarkerCreated', marker);
      return { DeleteMarker: true, VersionId: marker.versionId };
    }
    if (current !== undefined) {
      store.removeVersion(bucket, current);
      notify(bucket, 'ObjectRemoved:Delete', current);
    }
    return {};
  };

  const DeleteObject: Action = (input) =>
    deleteOne(bucketOf(input), keyOf(input), optionalText(input, 'VersionId'), input);

  const DeleteObjects: Action = (input) => {
    const bucket = bucketOf(input);
    const { Objects = [], Quiet } = (input['Delete'] ?? {}) as {
      readonly Objects?: readonly Input[];
      readonly Quiet?: boolean;
    };
    if (Objects.length === 0 || Objects.length > MAXIMUM_DELETES) {
      throw new AwsError(
        'MalformedXML',
        'The XML you provided was not well-formed or did not validate against our published schema',
      );
    }
    const deleted: Output[] = [];
    const errors: Output[] = [];
    for (const each of Objects) {
      const Key = optionalText(each, 'Key') ?? '';
      const VersionId = optionalText(each, 'VersionId');
      try {
        const done = deleteOne(bucket, Key, VersionId, { IfMatch: each['ETag'] });
        deleted.push({
          Key,
          ...(VersionId !== undefined && { VersionId }),
          ...(done['DeleteMarker'] === true && {
            DeleteMarker: true,
            DeleteMarkerVersionId: done['VersionId'],
          }),
        });
      } catch (thrown) {
        const { code, message } = asAwsError(thrown);
        errors.push({ Key, ...(VersionId !== undefined && { VersionId }), Code: code, Message: message });
      }
    }
    return {
      ...(Quiet !== true && deleted.length > 0 && { Deleted: deleted }),
      ...(errors.length > 0 && { Errors: errors }),
    };
  };

  const tagged = (input: Input): { readonly bucket: Bucket; readonly version: ObjectVersion } => {
    const bucket = bucketOf(input);
    return { bucket, version: existingVersion(bucket, keyOf(input), optionalText(input, 'VersionId')) };
  };

  const setTags = (input: Input, tags: Record<string, string>, event: 'Put' | 'Delete'): Output => {
    const { bucket, version } = tagged(input);
    version.tags = tags;
    store.saveVersion(bucket, version);
    notify(bucket, `ObjectTagging:${event}`, version);
    return versionMember(bucket, version);
  };

  return {
    PutObject,
    GetObject,
    HeadObject,
    CopyObject,
    DeleteObject,
    DeleteObjects,
    GetObjectTagging(input) {
      const { bucket, version } = tagged(input);
      const TagSet = Object.entries(version.tags).map(([Key, Value]) => ({ Key, Value }));
      return { ...versionMember(bucket, version), TagSet };
    },
    PutObjectTagging(input) {
      const { TagSet = [] } = (input['Tagging'] ?? {}) as { readonly TagSet?: readonly Input[] };
      const tags = TagSet.map(
        (tag) => [optionalText(tag, 'Key') ?? '', optionalText(tag, 'Value') ?? ''] as const,
      );
      return setTags(input, checkedTags(tags), 'Put');
    },
    DeleteObjectTagging: (input) => setTags(input, {}, 'Delete'),
    GetObjectAttributes(input) {
      const { bucket, version } = tagged(input);
      const asked = (input['ObjectAttributes'] ?? []) as readonly string[];
      const { checksum } = version;
      const all: Output = {
        ETag: version.etag.replaceAll('"', ''),
        Checksum: checksum && { ...checksumMembers(checksum) },
        ObjectParts: version.parts === undefined ? undefined : { PartsCount: version.parts },
        StorageClass: version.storageClass,
        ObjectSize: version.size,
      };
      return {
        ...Object.fromEntries(asked.map((name) => [name, all[name]])),
        LastModified: new Date(version.lastModified).toUTCString(),
        ...versionMember(bucket, version),
      };
    },
  };
}

/** @throws AwsError NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker that is named */
export function existingVersion(bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion {
  const versions = bucket.objects.get(key) ?? [];
  if (versionId !== undefined) {
    const version = versions.find((each) => each.versionId === versionId);
    if (version === undefined) throw noSuchVersion(key, versionId);
    if (version.content !== undefined) return version;
    throw new AwsError(
      'MethodNotAllowed',
      'The specified method is not allowed against this resource.',
      METHOD_NOT_ALLOWED,
      { fields: { DeleteMarker: 'true', VersionId: versionId } },
    );
  }
  const [newest] = versions;
  if (newest?.content !== undefined) return newest;
  const error = noSuchKey(key);
  if (newest === undefined) throw error;
  throw new AwsError(error.code, error.message, error.httpStatus, {
    fields: { ...error.fields, DeleteMarker: 'true', VersionId: newest.versionId },
  });
}

export interface CopySource {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly isCurrent: boolean;
}

/** `bucket/key?versionId=...`, with or without a leading slash, percent-encoded. Its conditions are checked. */
export function copySourceOf(store: Store, input: Input): CopySource {
  const text = requiredText(input, 'CopySource');
  const [path = '', query] = text.split('?versionId=');
  const [, bucketName, encodedKey] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? [];
  if (bucketName === undefined || encodedKey === undefined) {
    throw invalidArgument('Invalid copy source object key', 'x-amz-copy-source', text);
  }
  const bucket = store.existing(decodeURIComponent(bucketName));
  const key = decodeURIComponent(encodedKey);
  const version = existingVersion(bucket, key, query);
  checkReadConditions(input, version, 'CopySource');
  return { bucket, version, isCurrent: currentVersion(bucket, key) === version };
}

export function deleteMarker(store: Store, bucket: Bucket, key: string, now: number): ObjectVersion {
  return {
    key,
    versionId: store.nextVersionId(bucket),
    lastModified: now,
    size: 0,
    etag: '',
    content: undefined,
    checksum: undefined,
    parts: undefined,
    tags: {},
    headers: {},
    metadata: {},
    storageClass: 'STANDARD',
    encryption: '',
    kmsKeyId: undefined,
  };
}

export function versionMember(bucket: Bucket, version: ObjectVersion): Output {
  return bucket.versioning === undefined && version.versionId === NULL_VERSION
    ? {}
    : { VersionId: version.versionId };
}

export function checksumMembers(checksum: Checksum | undefined): Output {
  return checksum === undefined
    ? {}
    : { [checksumMember(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };
}

/** Of the whole content, read once more. */
export async function checksumOf(
  store: Store,
  { content }: Pick<ObjectVersion, 'content'>,
  algorithm: ChecksumAlgorithm,
): Promise<Checksum> {
  const hasher = createHasher(algorithm);
  if (content) for await (const piece of piecesOf(store.content.read(content))) hasher.update(piece);
  return { algorithm, value: hasher.digest(), type: 'FULL_OBJECT' };
}

async function md5Of(store: Store, { content }: ObjectVersion): Promise<string> {
  if (content === undefined) return '';
  const { md5, content: copy } = await store.content.store(piecesOf(store.content.read(content)));
  store.content.discard(copy);
  return md5;
}

function writtenMembers(bucket: Bucket, version: ObjectVersion): Output {
  return {
    ETag: version.etag,
    ...checksumMembers(version.checksum),
    ...versionMember(bucket, version),
    ServerSideEncryption: version.encryption,
    ...(version.kmsKeyId !== undefined && { SSEKMSKeyId: version.kmsKeyId }),
  };
}

function readMembers(bucket: Bucket, version: ObjectVersion, input: Input): Output {
  const members: Output = {
    AcceptRanges: 'bytes',
    ContentLength: version.size,
    ETag: version.etag,
    LastModified: new Date(version.lastModified).toUTCString(),
    Metadata: version.metadata,
    ServerSideEncryption: version.encryption,
    ...(version.kmsKeyId !== undefined && { SSEKMSKeyId: version.kmsKeyId }),
    ...(version.storageClass !== 'STANDARD' && { StorageClass: version.storageClass }),
    ...(version.parts !== undefined && { PartsCount: version.parts }),
    ...versionMember(bucket, version),
    ...(optionalText(input, 'ChecksumMode') === 'ENABLED' && checksumMembers(version.checksum)),
  };
  const tagCount = Object.keys(version.tags).length;
  if (tagCount > 0) members['TagCount'] = tagCount;
  for (const [member, header] of Object.entries(OBJECT_HEADERS)) {
    const value = optionalText(input, `Response${member}`) ?? version.headers[header];
    if (value !== undefined) members[member] = value;
  }
  return members;
}

/** A checksum is of the whole object, and says nothing about a part of it. */
function withoutChecksums(members: Output): Output {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !name.startsWith('Checksum')));
}
