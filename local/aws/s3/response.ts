/** What S3 answers: members of the output as headers, as XML, or as the body itself. */
import { Readable } from 'node:stream';
import type { StreamedResponse } from '../context.ts';
import type { AwsError } from '../errors.ts';
import { element } from '../protocols/xml.ts';
import { CONFIGURATIONS } from './buckets.ts';
import { CHECKSUM_ALGORITHMS, checksumHeader, checksumMember } from './checksums.ts';
import { OBJECT_HEADERS } from './input.ts';
import type { Output } from './objects.ts';
import { writeXml } from './xml.ts';

const MEMBER_HEADERS: Readonly<Record<string, string>> = {
  ...OBJECT_HEADERS,
  ...Object.fromEntries(CHECKSUM_ALGORITHMS.map((each) => [checksumMember(each), checksumHeader(each)])),
  AcceptRanges: 'accept-ranges',
  BucketRegion: 'x-amz-bucket-region',
  ChecksumAlgorithm: 'x-amz-checksum-algorithm',
  ChecksumType: 'x-amz-checksum-type',
  ContentLength: 'content-length',
  ContentRange: 'content-range',
  CopySourceVersionId: 'x-amz-copy-source-version-id',
  DeleteMarker: 'x-amz-delete-marker',
  ETag: 'etag',
  LastModified: 'last-modified',
  Location: 'location',
  PartsCount: 'x-amz-mp-parts-count',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  StorageClass: 'x-amz-storage-class',
  TagCount: 'x-amz-tagging-count',
  VersionId: 'x-amz-version-id',
};

/** Operations that answer a document: its root, and its members where they differ from the output's. */
const DOCUMENTS: Readonly<Record<string, { readonly root: string; members?(output: Output): object }>> = {
  CompleteMultipartUpload: { root: 'CompleteMultipartUploadResult' },
  CopyObject: { root: 'CopyObjectResult', members: (output) => output['CopyObjectResult'] as object },
  CreateMultipartUpload: {
    root: 'InitiateMultipartUploadResult',
    members: ({ Bucket, Key, UploadId }) => ({ Bucket, Key, UploadId }),
  },
  DeleteObjects: {
    root: 'DeleteResult',
    members: ({ Deleted, Errors }) => ({ Deleted, Error: Errors }),
  },
  GetObjectAttributes: {
    root: 'GetObjectAttributesResponse',
    members: ({ ETag, Checksum, ObjectParts, StorageClass, ObjectSize }) => ({
      ETag,
      Checksum,
      ObjectParts,
      StorageClass,
      ObjectSize,
    }),
  },
  GetObjectTagging: { root: 'Tagging', members: ({ TagSet }) => ({ TagSet: { Tag: TagSet } }) },
  ListBuckets: {
    root: 'ListAllMyBucketsResult',
    members: ({ Buckets, Owner }) => ({ Owner, Buckets: { Bucket: Buckets } }),
  },
  ListMultipartUploads: {
    root: 'ListMultipartUploadsResult',
    members: ({ Uploads, ...rest }) => ({ ...rest, Upload: Uploads }),
  },
  ListObjectVersions: {
    root: 'ListVersionsResult',
    members: ({ Versions, DeleteMarkers, ...rest }) => ({
      ...rest,
      Version: Versions,
      DeleteMarker: DeleteMarkers,
    }),
  },
  ListObjects: { root: 'ListBucketResult' },
  ListObjectsV2: { root: 'ListBucketResult' },
  ListParts: { root: 'ListPartsResult', members: ({ Parts, ...rest }) => ({ ...rest, Part: Parts }) },
  UploadPartCopy: { root: 'CopyPartResult', members: (output) => output['CopyPartResult'] as object },
  ...Object.fromEntries(
    CONFIGURATIONS.map(({ name, root }) => [
      `Get${name}`,
      { root, members: ({ Configuration }: Output) => Configuration as object },
    ]),
  ),
};

/** Documents beside which nothing of the output is a header. */
const WITHOUT_HEADERS =
  /^(List|CompleteMultipartUpload$|Get.*(Configuration|Encryption|Block|Controls|Versioning)$)/;
const NO_CONTENT = /^(Delete(?!Objects$)|AbortMultipartUpload$|PutBucketPolicy$)/;

export function responseOf(action: string, output: Output): StreamedResponse {
  const document = DOCUMENTS[action];
  const headers = document && WITHOUT_HEADERS.test(action) ? {} : headersOf(output, document !== undefined);
  if (action === 'GetBucketLocation') {
    return xml(200, headers, writeXml('LocationConstraint', output['LocationConstraint'] ?? ''));
  }
  if (action === 'GetBucketPolicy') {
    return withBody(200, { 'content-type': 'application/json' }, Buffer.from(String(output['Policy'])));
  }
  if (document !== undefined) {
    return xml(200, headers, writeXml(document.root, document.members?.(output) ?? output));
  }
  if (NO_CONTENT.test(action)) return { status: 204, headers };
  const { Body } = output;
  if (Body instanceof Readable) {
    return { status: output['ContentRange'] === undefined ? 200 : 206, headers, body: Body };
  }
  if (action === 'HeadObject') {
    return { status: output['ContentRange'] === undefined ? 200 : 206, headers };
  }
  return withBody(
    output['ContentRange'] === undefined ? 200 : 206,
    headers,
    Buffer.isBuffer(Body) ? Body : Buffer.alloc(0),
  );
}

export function errorResponse(error: AwsError, path: string, requestId: string): StreamedResponse {
  const { fields } = error;
  const headers: Record<string, string> = {};
  if (fields['DeleteMarker'] === 'true') headers['x-amz-delete-marker'] = 'true';
  if (typeof fields['ETag'] === 'string') headers['etag'] = fields['ETag'];
  if (error.httpStatus === 304) return { status: 304, headers };
  const members: Output = { Code: error.code, Message: error.message, ...fields, Resource: path };
  const texts = Object.entries(members).map(([name, value]) => element(name, String(value)));
  return xml(
    error.httpStatus,
    headers,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${texts.join('')}${element('RequestId', requestId)}</Error>`,
  );
}

function headersOf(output: Output, hasDocument: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [member, header] of Object.entries(MEMBER_HEADERS)) {
    const value = output[member];
    const isDocuments = hasDocument && (member === 'ETag' || member === 'StorageClass');
    if (value !== undefined && !isDocuments) headers[header] = headerText(value);
  }
  for (const [name, value] of Object.entries((output['Metadata'] ?? {}) as Record<string, string>)) {
    headers[`x-amz-meta-${name}`] = value;
  }
  return headers;
}

function headerText(value: unknown): string {
  return String(value);
}

function xml(status: number, headers: Readonly<Record<string, string>>, text: string): StreamedResponse {
  return withBody(status, { ...headers, 'content-type': 'application/xml' }, Buffer.from(text));
}

function withBody(status: number, headers: Readonly<Record<string, string>>, body: Buffer): StreamedResponse {
  return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
}
