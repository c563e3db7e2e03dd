/** Uploads in parts. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { checksumMember, compositeChecksum, type Checksum } from './checksums.ts';
import { checkWriteConditions, rangeOf } from './conditions.ts';
import { piecesOf } from './content.ts';
import { badDigest, malformedXml } from './errors.ts';
import {
  algorithmOf,
  descriptionOf,
  keyOf,
  numberOf,
  optionalText,
  requiredText,
  tagsOfHeader,
} from './input.ts';
import { currentVersion, type Bucket, type ObjectVersion, type Part, type Upload } from './model.ts';
import type { Notify } from './notifications.ts';
import { checksumMembers, checksumOf, copySourceOf, versionMember, type Action } from './objects.ts';
import type { Store } from './store.ts';
import { storeUpload } from './upload-body.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MINIMUM_PART_BYTES = 5 * 1024 ** 2;
const MAXIMUM_PARTS = 10_000;
const MAXIMUM_LISTED_PARTS = 1000;

export function multipartActions(
  context: AwsContext,
  store: Store,
  notify: Notify,
): Readonly<Record<string, Action>> {
  const find = (input: Input): { readonly bucket: Bucket; readonly upload: Upload } => {
    const bucket = store.existing(requiredText(input, 'Bucket'));
    return { bucket, upload: store.existingUpload(bucket, keyOf(input), requiredText(input, 'UploadId')) };
  };
  const partNumberOf = (input: Input): number => numberOf(input, 'PartNumber', 1, MAXIMUM_PARTS) ?? 1;

  return {
    CreateMultipartUpload(input) {
      const bucket = store.existing(requiredText(input, 'Bucket'));
      const algorithm = algorithmOf(input);
      const fullObject = optionalText(input, 'ChecksumType') === 'FULL_OBJECT' || algorithm === 'CRC64NVME';
      const upload: Upload = {
        ...descriptionOf(input),
        uploadId: randomBytes(48).toString('base64url'),
        key: keyOf(input),
        initiatedAt: context.clock.now(),
        algorithm,
        checksumType: fullObject ? 'FULL_OBJECT' : 'COMPOSITE',
        tags: tagsOfHeader(optionalText(input, 'Tagging')),
        parts: new Map(),
      };
      store.addUpload(bucket, upload);
      return {
        Bucket: bucket.name,
        Key: upload.key,
        UploadId: upload.uploadId,
        ...(algorithm && { ChecksumAlgorithm: algorithm, ChecksumType: upload.checksumType }),
        ServerSideEncryption: upload.encryption,
      };
    },
    async UploadPart(input) {
      const { bucket, upload } = find(input);
      const number = partNumberOf(input);
      const { content, size, md5, checksum } = await storeUpload(store.content, {
        ChecksumAlgorithm: upload.algorithm,
        ...input,
      });
      const part: Part = {
        number,
        size,
        etag: `"${md5}"`,
        lastModified: context.clock.now(),
        content,
        checksum: checksum?.value,
      };
      if (!bucket.uploads.has(upload.uploadId)) {
        store.content.discard(content);
        find(input);
      }
      store.addPart(bucket, upload, part);
      return {
        ETag: part.etag,
        ...(checksum && { [checksumMember(checksum.algorithm)]: checksum.value }),
        ServerSideEncryption: upload.encryption,
      };
    },
    async UploadPartCopy(input) {
      const { bucket, upload } = find(input);
      const number = partNumberOf(input);
      const { version } = copySourceOf(store, input);
      const range = rangeOf(optionalText(input, 'CopySourceRange'), version.size);
      const source = version.content ?? { bytes: Buffer.alloc(0) };
      const stored = await store.content.store(
        piecesOf(store.content.read(source, range?.start ?? 0, range?.end)),
      );
      const part: Part = {
        number,
        size: stored.size,
        etag: `"${stored.md5}"`,
        lastModified: context.clock.now(),
        content: stored.content,
        checksum: upload.algorithm && (await checksumOf(store, stored, upload.algorithm)).value,
      };
      store.addPart(bucket, upload, part);
      return {
        CopyPartResult: {
          ETag: part.etag,
          LastModified: new Date(part.lastModified).toISOString(),
          ...(upload.algorithm && { [checksumMember(upload.algorithm)]: part.checksum }),
        },
      };
    },
    ListParts(input) {
      const { bucket, upload } = find(input);
      const maximum = numberOf(input, 'MaxParts', 0, MAXIMUM_LISTED_PARTS) ?? MAXIMUM_LISTED_PARTS;
      const marker = numberOf(input, 'PartNumberMarker', 0, MAXIMUM_PARTS) ?? 0;
      const all = inOrder(upload).filter(({ number }) => number > marker);
      const shown = all.slice(0, maximum);
      const owner = { ID: context.accountId, DisplayName: 'local' };
      return {
        Bucket: bucket.name,
        Key: upload.key,
        UploadId: upload.uploadId,
        PartNumberMarker: marker,
        NextPartNumberMarker: shown.at(-1)?.number ?? 0,
        MaxParts: maximum,
        IsTruncated: all.length > shown.length,
        Parts: shown.map(({ number, lastModified, etag, size, checksum }) => ({
          PartNumber: number,
          LastModified: new Date(lastModified).toISOString(),
          ETag: etag,
          Size: size,
          ...(upload.algorithm && checksum && { [checksumMember(upload.algorithm)]: checksum }),
        })),
        Initiator: owner,
        Owner: owner,
        StorageClass: upload.storageClass,
        ...(upload.algorithm && {
          ChecksumAlgorithm: upload.algorithm,
          ChecksumType: upload.checksumType,
        }),
      };
    },
    AbortMultipartUpload(input) {
      const { bucket, upload } = find(input);
      store.removeUpload(bucket, upload);
      return {};
    },
    async CompleteMultipartUpload(input) {
      const { bucket, upload } = find(input);
      checkWriteConditions(input, upload.key, currentVersion(bucket, upload.key));
      const parts = chosenParts(upload, input);
      const { content, size } = await store.content.store(joined(store, parts));
      const checksum = await checksumOfUpload(store, upload, parts, { content }, input);
      const hash = createHash('md5');
      for (const { etag } of parts) hash.update(Buffer.from(etag.replaceAll('"', ''), 'hex'));
      const { uploadId: _, key, initiatedAt: __, parts: ___, ...description } = upload;
      const version: ObjectVersion = {
        headers: description.headers,
        metadata: description.metadata,
        storageClass: description.storageClass,
        encryption: description.encryption,
        kmsKeyId: description.kmsKeyId,
        key,
        versionId: store.nextVersionId(bucket),
        lastModified: context.clock.now(),
        size,
        etag: `"${hash.digest('hex')}-${parts.length}"`,
        content,
        checksum,
        parts: parts.length,
        tags: upload.tags,
      };
      store.addVersion(bucket, version);
      store.removeUpload(bucket, upload);
      notify(bucket, 'ObjectCreated:CompleteMultipartUpload', version);
      return {
        Location: `${context.endpointUrl}/${bucket.name}/${encodeURIComponent(key)}`,
        Bucket: bucket.name,
        Key: key,
        ETag: version.etag,
        ...checksumMembers(checksum),
        ...versionMember(bucket, version),
      };
    },
  };
}

function inOrder({ parts }: Upload): readonly Part[] {
  return [...parts.values()].toSorted((a, b) => a.number - b.number);
}

/** @throws AwsError InvalidPart, InvalidPartOrder, EntityTooSmall, MalformedXML */
function chosenParts(upload: Upload, input: Input): readonly Part[] {
  const { Parts = [] } = (input['MultipartUpload'] ?? {}) as { readonly Parts?: readonly Input[] };
  if (Parts.length === 0) throw malformedXml();
  let previous = 0;
  const chosen = Parts.map((given) => {
    const number = Number(given['PartNumber']);
    const part = upload.parts.get(number);
    const etag = (optionalText(given, 'ETag') ?? '').replaceAll('"', '');
    const checksum = upload.algorithm && optionalText(given, checksumMember(upload.algorithm));
    if (
      part === undefined ||
      part.etag !== `"${etag}"` ||
      (checksum !== undefined && checksum !== part.checksum)
    ) {
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      );
    }
    if (number <= previous) {
      throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    previous = number;
    return part;
  });
  for (const part of chosen.slice(0, -1)) {
    if (part.size < MINIMUM_PART_BYTES) {
      throw new AwsError(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
        400,
        {
          fields: { PartNumber: String(part.number), MinSizeAllowed: String(MINIMUM_PART_BYTES) },
        },
      );
    }
  }
  return chosen;
}

async function* joined(store: Store, parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const { content } of parts) {
    const bytes = store.content.read(content);
    if (bytes instanceof Readable) yield* piecesOf(bytes);
    else yield bytes;
  }
}

async function checksumOfUpload(
  store: Store,
  upload: Upload,
  parts: readonly Part[],
  content: Pick<ObjectVersion, 'content'>,
  input: Input,
): Promise<Checksum | undefined> {
  const { algorithm } = upload;
  if (algorithm === undefined) return undefined;
  const checksum: Checksum =
    upload.checksumType === 'FULL_OBJECT'
      ? await checksumOf(store, content, algorithm)
      : {
          algorithm,
          type: 'COMPOSITE',
          value: compositeChecksum(
            algorithm,
            parts.map((part) => part.checksum ?? ''),
          ),
        };
  const expected = optionalText(input, checksumMember(algorithm));
  if (expected !== undefined && expected.split('-')[0] !== checksum.value.split('-')[0]) {
    store.content.discard(content.content);
    throw badDigest(algorithm);
  }
  return checksum;
}
