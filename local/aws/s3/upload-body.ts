/** Reading an uploaded body: decoded, measured, and compared with every digest that its client gave. */
import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import {
  CHECKSUM_ALGORITHMS,
  checksumHeader,
  checksumMember,
  createHasher,
  type ChecksumAlgorithm,
} from './checksums.ts';
import { decodeChunks } from './aws-chunked.ts';
import { piecesOf, type ContentStore, type Stored } from './content.ts';
import { badDigest } from './errors.ts';
import { algorithmOf, optionalText } from './input.ts';

/** Bytes of an object in one request, or of one part. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAXIMUM_UPLOAD_BYTES = 5 * 1024 ** 3;
const MD5_BYTES = 16;
const HEX_SHA256 = /^[0-9a-f]{64}$/;

export interface Uploaded extends Stored {
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

/**
 * @throws AwsError BadDigest, InvalidDigest, IncompleteBody, EntityTooLarge, XAmzContentSHA256Mismatch: nothing is
 *   stored then
 */
export async function storeUpload(store: ContentStore, input: Input): Promise<Uploaded> {
  const md5 = expectedMd5(input);
  const trailers: Record<string, string> = {};
  const algorithm = checksumAlgorithmOf(input);
  const hasher = algorithm && createHasher(algorithm);
  const sha256 = optionalText(input, 'ContentSha256');
  const bodyHash = sha256 !== undefined && HEX_SHA256.test(sha256) ? createHash('sha256') : undefined;
  let received = 0;
  const pieces = piecesOf(input['Body']);
  const source =
    input['AwsChunked'] === true
      ? decodeChunks(pieces, (name, value) => {
          trailers[name] = value;
        })
      : pieces;
  const stored = await store.store(source, (bytes) => {
    received += bytes.length;
    if (received > MAXIMUM_UPLOAD_BYTES) {
      throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
    }
    hasher?.update(bytes);
    bodyHash?.update(bytes);
  });
  try {
    const length = optionalText(input, 'DecodedContentLength');
    if (length !== undefined && Number(length) !== stored.size) {
      throw new AwsError(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
      );
    }
    if (md5 !== undefined && md5 !== stored.md5) throw badDigest('Content-MD5');
    if (bodyHash && bodyHash.digest('hex') !== sha256) {
      throw new AwsError(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    if (algorithm === undefined || hasher === undefined) return { ...stored, checksum: undefined };
    const value = hasher.digest();
    const expected = trailers[checksumHeader(algorithm)] ?? optionalText(input, checksumMember(algorithm));
    if (expected !== undefined && expected !== value) throw badDigest(algorithm);
    return { ...stored, checksum: { algorithm, value } };
  } catch (error) {
    store.discard(stored.content);
    throw error;
  }
}

/** Named outright, by a checksum of that kind, or by the trailer that will bring one. */
function checksumAlgorithmOf(input: Input): ChecksumAlgorithm | undefined {
  const trailer = optionalText(input, 'Trailer')?.toLowerCase();
  return (
    CHECKSUM_ALGORITHMS.find((each) => input[checksumMember(each)] !== undefined) ??
    CHECKSUM_ALGORITHMS.find((each) => trailer?.split(/\s*,\s*/).includes(checksumHeader(each))) ??
    algorithmOf(input)
  );
}

/** Hexadecimal. */
function expectedMd5(input: Input): string | undefined {
  const text = optionalText(input, 'ContentMD5');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== MD5_BYTES) {
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  return bytes.toString('hex');
}
