/** An S3 request as the input of its action: headers, query parameters and XML under the API's member names. */
import { AwsError } from '../errors.ts';
import type { StreamedRequest } from '../context.ts';
import { decodeChunks } from './aws-chunked.ts';
import { CONFIGURATIONS } from './buckets.ts';
import { CHECKSUM_ALGORITHMS, checksumHeader, checksumMember } from './checksums.ts';
import { piecesOf } from './content.ts';
import { malformedXml, notImplemented } from './errors.ts';
import { OBJECT_HEADERS } from './input.ts';
import type { Address } from './operations.ts';
import { child, children, parseXml, type XmlTree } from './xml.ts';

/** Above 1,000 keys of 1,024 bytes, the largest document there is. */
const MAXIMUM_DOCUMENT_BYTES = 8 * 1024 * 1024;

const HEADER_MEMBERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(OBJECT_HEADERS).map(([member, header]) => [header, member])),
  ...Object.fromEntries(CHECKSUM_ALGORITHMS.map((each) => [checksumHeader(each), checksumMember(each)])),
  'content-md5': 'ContentMD5',
  'if-match': 'IfMatch',
  'if-modified-since': 'IfModifiedSince',
  'if-none-match': 'IfNoneMatch',
  'if-unmodified-since': 'IfUnmodifiedSince',
  range: 'Range',
  'x-amz-checksum-algorithm': 'ChecksumAlgorithm',
  'x-amz-checksum-mode': 'ChecksumMode',
  'x-amz-checksum-type': 'ChecksumType',
  'x-amz-content-sha256': 'ContentSha256',
  'x-amz-copy-source': 'CopySource',
  'x-amz-copy-source-if-match': 'CopySourceIfMatch',
  'x-amz-copy-source-if-modified-since': 'CopySourceIfModifiedSince',
  'x-amz-copy-source-if-none-match': 'CopySourceIfNoneMatch',
  'x-amz-copy-source-if-unmodified-since': 'CopySourceIfUnmodifiedSince',
  'x-amz-copy-source-range': 'CopySourceRange',
  'x-amz-decoded-content-length': 'DecodedContentLength',
  'x-amz-expected-bucket-owner': 'ExpectedBucketOwner',
  'x-amz-metadata-directive': 'MetadataDirective',
  'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-storage-class': 'StorageClass',
  'x-amz-tagging': 'Tagging',
  'x-amz-tagging-directive': 'TaggingDirective',
  'x-amz-trailer': 'Trailer',
};

const QUERY_MEMBERS: Readonly<Record<string, string>> = {
  'continuation-token': 'ContinuationToken',
  delimiter: 'Delimiter',
  'encoding-type': 'EncodingType',
  'fetch-owner': 'FetchOwner',
  'key-marker': 'KeyMarker',
  marker: 'Marker',
  'max-keys': 'MaxKeys',
  'max-parts': 'MaxParts',
  'max-uploads': 'MaxUploads',
  'part-number-marker': 'PartNumberMarker',
  partNumber: 'PartNumber',
  prefix: 'Prefix',
  'response-cache-control': 'ResponseCacheControl',
  'response-content-disposition': 'ResponseContentDisposition',
  'response-content-encoding': 'ResponseContentEncoding',
  'response-content-language': 'ResponseContentLanguage',
  'response-content-type': 'ResponseContentType',
  'response-expires': 'ResponseExpires',
  'start-after': 'StartAfter',
  uploadId: 'UploadId',
  'upload-id-marker': 'UploadIdMarker',
  'version-id-marker': 'VersionIdMarker',
  versionId: 'VersionId',
};

/** What a header asks for that nothing here does. Better refused than forgotten. */
const REFUSED_HEADERS: Readonly<Record<string, string>> = {
  'x-amz-server-side-encryption-customer-key': 'encryption with keys of the customer',
  'x-amz-object-lock-mode': 'object lock',
  'x-amz-object-lock-legal-hold': 'object lock',
  'x-amz-website-redirect-location': 'website hosting',
};
const HARMLESS_ACLS = ['private', 'bucket-owner-full-control'];

/** Operations with an XML document in the body: its root element, and the input made of it. */
const DOCUMENTS: Readonly<
  Record<string, { readonly root: string; members(tree: XmlTree): Record<string, unknown> }>
> = {
  CreateBucket: {
    root: 'CreateBucketConfiguration',
    members: (CreateBucketConfiguration) => ({ CreateBucketConfiguration }),
  },
  DeleteObjects: {
    root: 'Delete',
    members: (tree) => ({
      Delete: { Objects: children(tree, 'Object'), Quiet: child(tree, 'Quiet') === 'true' },
    }),
  },
  CompleteMultipartUpload: {
    root: 'CompleteMultipartUpload',
    members: (tree) => ({ MultipartUpload: { Parts: children(tree, 'Part') } }),
  },
  PutObjectTagging: {
    root: 'Tagging',
    members: (tree) => ({ Tagging: { TagSet: children(child(tree, 'TagSet'), 'Tag') } }),
  },
  ...Object.fromEntries(
    CONFIGURATIONS.map(({ name, root }) => [
      `Put${name}`,
      { root, members: (Configuration: XmlTree) => ({ Configuration }) },
    ]),
  ),
};

/** @throws AwsError MalformedXML, NotImplemented, AccessControlListNotSupported */
export async function inputOf(
  action: string,
  { bucket, key }: Address,
  request: StreamedRequest,
): Promise<Record<string, unknown>> {
  const headers = withPresignedHeaders(request);
  const input: Record<string, unknown> = {};
  if (bucket !== undefined) input['Bucket'] = bucket;
  if (key !== undefined) input['Key'] = key;
  for (const [name, member] of Object.entries(HEADER_MEMBERS)) {
    const value = headers[name];
    if (value !== undefined) input[member] = value;
  }
  for (const [name, member] of Object.entries(QUERY_MEMBERS)) {
    const value = request.query.get(name);
    if (value !== null) input[member] = value;
  }
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  if (metadata.length > 0) {
    input['Metadata'] = Object.fromEntries(
      metadata.map(([name, value]) => [name.slice('x-amz-meta-'.length), value]),
    );
  }
  refuseUnknownWishes(headers);

  const encodings = (headers['content-encoding'] ?? '').split(',').map((each) => each.trim());
  const chunked =
    encodings.includes('aws-chunked') || (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  const kept = encodings.filter((each) => each !== 'aws-chunked' && each !== '');
  if (kept.length > 0) input['ContentEncoding'] = kept.join(',');
  else delete input['ContentEncoding'];

  if (action === 'PutObject' || action === 'UploadPart') {
    return { ...input, Body: request.body, AwsChunked: chunked };
  }
  if (action === 'GetObjectAttributes') {
    input['ObjectAttributes'] = (headers['x-amz-object-attributes'] ?? '')
      .split(',')
      .map((each) => each.trim());
  }
  if (action === 'PutBucketPolicy') return { ...input, Policy: await text(request, chunked) };
  const document = DOCUMENTS[action];
  if (document === undefined) return input;
  const source = await text(request, chunked);
  if (source === '' && action === 'CreateBucket') return input;
  const { name, content } = parseXml(source);
  if (name !== document.root) throw malformedXml();
  return { ...input, ...document.members(content) };
}

/** A presigned URL carries headers of its own choice as parameters. */
function withPresignedHeaders({ headers, query }: StreamedRequest): Readonly<Record<string, string>> {
  if (!query.has('X-Amz-Signature')) return headers;
  const hoisted = [...query]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => name.startsWith('x-amz-') && headers[name] === undefined);
  return { ...Object.fromEntries(hoisted), ...headers };
}

function refuseUnknownWishes(headers: Readonly<Record<string, string>>): void {
  for (const [name, what] of Object.entries(REFUSED_HEADERS)) {
    if (headers[name] !== undefined) throw notImplemented(what);
  }
  const acl = headers['x-amz-acl'];
  if (acl !== undefined && !HARMLESS_ACLS.includes(acl)) {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
}

async function text({ body }: StreamedRequest, chunked: boolean): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const source = chunked ? decodeChunks(piecesOf(body), () => {}) : piecesOf(body);
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > MAXIMUM_DOCUMENT_BYTES) throw malformedXml();
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
