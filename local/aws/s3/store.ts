/** The buckets of one account, kept in the state directory when there is one. */
import { randomBytes } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { createContentStore, type ContentStore, type KeptContent } from './content.ts';
import { noSuchBucket, noSuchUpload } from './errors.ts';
import { NULL_VERSION, type Bucket, type ObjectVersion, type Part, type Upload } from './model.ts';
import type { XmlTree } from './xml.ts';

interface KeptBucket {
  readonly createdAt: number;
  readonly versioning: Bucket['versioning'] | null;
  readonly policy: string | null;
  readonly configurations: Readonly<Record<string, XmlTree>>;
}

type KeptVersion = Omit<ObjectVersion, 'content'> & {
  readonly bucket: string;
  readonly content: KeptContent | null;
};
type KeptUpload = Omit<Upload, 'parts'> & { readonly bucket: string };
type KeptPart = Omit<Part, 'content'> & {
  readonly bucket: string;
  readonly uploadId: string;
  readonly content: KeptContent;
};

export interface Store {
  readonly buckets: Map<string, Bucket>;
  readonly content: ContentStore;
  /** @throws AwsError NoSuchBucket */
  existing(name: string): Bucket;
  addBucket(name: string): Bucket;
  removeBucket(bucket: Bucket): void;
  /** Call after a change of a bucket's versioning, policy or configurations. */
  saveBucket(bucket: Bucket): void;
  /** A version id for what is put now. */
  nextVersionId(bucket: Bucket): string;
  /** Becomes the newest version; takes the place of a version with the same id. */
  addVersion(bucket: Bucket, version: ObjectVersion): void;
  removeVersion(bucket: Bucket, version: ObjectVersion): void;
  saveVersion(bucket: Bucket, version: ObjectVersion): void;
  sortedKeys(bucket: Bucket): readonly string[];
  addUpload(bucket: Bucket, upload: Upload): void;
  /** @throws AwsError NoSuchUpload */
  existingUpload(bucket: Bucket, key: string, uploadId: string): Upload;
  addPart(bucket: Bucket, upload: Upload, part: Part): void;
  /** Forgets the upload; its parts go too. */
  removeUpload(bucket: Bucket, upload: Upload): void;
  close(): void;
}

export function createStore(context: AwsContext): Store {
  const { state, clock } = context;
  const buckets = new Map<string, Bucket>();
  const content = createContentStore(state);
  const kept = {
    buckets: state.collection<KeptBucket>('s3.buckets'),
    objects: state.collection<KeptVersion>('s3.objects'),
    uploads: state.collection<KeptUpload>('s3.uploads'),
    parts: state.collection<KeptPart>('s3.parts'),
  };
  const versionKey = (bucket: Bucket, { key, versionId }: ObjectVersion): string =>
    `${bucket.name}/${key}?${versionId}`;

  const newBucket = (name: string, createdAt: number): Bucket => ({
    name,
    createdAt,
    versioning: undefined,
    policy: undefined,
    configurations: new Map(),
    objects: new Map(),
    uploads: new Map(),
    sortedKeys: undefined,
  });

  const forget = (bucket: Bucket, version: ObjectVersion): void => {
    const versions = bucket.objects.get(version.key)?.filter((each) => each !== version) ?? [];
    if (versions.length > 0) bucket.objects.set(version.key, versions);
    else {
      bucket.objects.delete(version.key);
      bucket.sortedKeys = undefined;
    }
  };

  const store: Store = {
    buckets,
    content,
    existing(name) {
      const bucket = buckets.get(name);
      if (bucket === undefined) throw noSuchBucket(name);
      return bucket;
    },
    addBucket(name) {
      const bucket = newBucket(name, clock.now());
      buckets.set(name, bucket);
      store.saveBucket(bucket);
      return bucket;
    },
    removeBucket(bucket) {
      for (const upload of bucket.uploads.values()) store.removeUpload(bucket, upload);
      buckets.delete(bucket.name);
      kept.buckets.delete(bucket.name);
    },
    saveBucket(bucket) {
      if (!state.persistent) return;
      kept.buckets.put(bucket.name, {
        createdAt: bucket.createdAt,
        versioning: bucket.versioning ?? null,
        policy: bucket.policy ?? null,
        configurations: Object.fromEntries(bucket.configurations),
      });
    },
    nextVersionId: (bucket) =>
      bucket.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : NULL_VERSION,
    addVersion(bucket, version) {
      const versions = bucket.objects.get(version.key);
      const replaced = versions?.find(({ versionId }) => versionId === version.versionId);
      if (replaced !== undefined && replaced.content !== version.content) content.discard(replaced.content);
      if (versions === undefined) bucket.sortedKeys = undefined;
      bucket.objects.set(version.key, [version, ...(versions ?? []).filter((each) => each !== replaced)]);
      store.saveVersion(bucket, version);
    },
    removeVersion(bucket, version) {
      forget(bucket, version);
      content.discard(version.content);
      kept.objects.delete(versionKey(bucket, version));
    },
    saveVersion(bucket, version) {
      if (!state.persistent) return;
      kept.objects.put(versionKey(bucket, version), {
        ...version,
        bucket: bucket.name,
        content: version.content === undefined ? null : content.kept(version.content),
      });
    },
    sortedKeys(bucket) {
      bucket.sortedKeys ??= [...bucket.objects.keys()].toSorted(inByteOrder);
      return bucket.sortedKeys;
    },
    addUpload(bucket, upload) {
      bucket.uploads.set(upload.uploadId, upload);
      const { parts: _, ...described } = upload;
      if (state.persistent) kept.uploads.put(upload.uploadId, { ...described, bucket: bucket.name });
    },
    existingUpload(bucket, key, uploadId) {
      const upload = bucket.uploads.get(uploadId);
      if (upload?.key !== key) throw noSuchUpload(uploadId);
      return upload;
    },
    addPart(bucket, upload, part) {
      const replaced = upload.parts.get(part.number);
      if (replaced) content.discard(replaced.content);
      upload.parts.set(part.number, part);
      if (!state.persistent) return;
      kept.parts.put(`${upload.uploadId}/${part.number}`, {
        ...part,
        bucket: bucket.name,
        uploadId: upload.uploadId,
        content: content.kept(part.content),
      });
    },
    removeUpload(bucket, upload) {
      bucket.uploads.delete(upload.uploadId);
      kept.uploads.delete(upload.uploadId);
      for (const part of upload.parts.values()) {
        content.discard(part.content);
        kept.parts.delete(`${upload.uploadId}/${part.number}`);
      }
    },
    close: () => content.close(),
  };

  for (const [name, bucket] of kept.buckets.entries()) {
    const restored = newBucket(name, bucket.createdAt);
    restored.versioning = bucket.versioning ?? undefined;
    restored.policy = bucket.policy ?? undefined;
    for (const [kind, tree] of Object.entries(bucket.configurations)) restored.configurations.set(kind, tree);
    buckets.set(name, restored);
  }
  // The newest of several that came in the same millisecond is the one that was put last.
  const versions = kept.objects
    .entries()
    .map(([, version]) => version)
    .toReversed();
  for (const { bucket: name, ...version } of versions.toSorted((a, b) => b.lastModified - a.lastModified)) {
    const bucket = buckets.get(name);
    const restored = version.content === null ? undefined : content.restored(version.content);
    if (bucket === undefined || (version.content !== null && restored === undefined)) continue;
    const others = bucket.objects.get(version.key) ?? [];
    bucket.objects.set(version.key, [...others, { ...version, content: restored }]);
  }
  for (const [uploadId, { bucket, ...upload }] of kept.uploads.entries()) {
    buckets.get(bucket)?.uploads.set(uploadId, { ...upload, parts: new Map() });
  }
  for (const [, { bucket, uploadId, ...part }] of kept.parts.entries()) {
    const restored = content.restored(part.content);
    const upload = buckets.get(bucket)?.uploads.get(uploadId);
    if (restored !== undefined) upload?.parts.set(part.number, { ...part, content: restored });
  }
  content.removeOthers();
  return store;
}

/** S3 lists keys in the order of their UTF-8 bytes, which is not always that of JavaScript's text. */
export function inByteOrder(a: string, b: string): number {
  // Below U+D800 both orders are the same.
  if (!/[\ud800-\uffff]/.test(a) && !/[\ud800-\uffff]/.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
