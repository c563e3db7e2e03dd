/** Reading the members of an S3 request. */
import { isChecksumAlgorithm, type ChecksumAlgorithm } from './checksums.ts';
import { AwsError } from '../errors.ts';
import { inputReader, type Input } from '../input.ts';
import { invalidArgument } from './errors.ts';
import type { ObjectDescription } from './model.ts';

export const { requiredText, optionalText } = inputReader({
  missing: (name) => new AwsError('MissingParameter', `The request must contain the parameter ${name}.`),
  wrongType: (name, expected) => invalidArgument(`${name} must be ${expected}`, name, ''),
  outOfRange: (name, value) => invalidArgument(`${name} is out of range`, name, String(value)),
});

/** UTF-8 bytes of a key. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAXIMUM_KEY_BYTES = 1024;
/** UTF-8 bytes of all user metadata. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const MAXIMUM_METADATA_BYTES = 2048;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const MAXIMUM_TAGS = 10;
const MAXIMUM_TAG_KEY = 128;
const MAXIMUM_TAG_VALUE = 256;

/** Members of requests and answers that are a header of the object. */
export const OBJECT_HEADERS: Readonly<Record<string, string>> = {
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  ContentLanguage: 'content-language',
  ContentType: 'content-type',
  Expires: 'expires',
};

export function keyOf(input: Input): string {
  const key = requiredText(input, 'Key');
  if (Buffer.byteLength(key) > MAXIMUM_KEY_BYTES)
    throw new AwsError('KeyTooLongError', 'Your key is too long');
  return key;
}

/** A number, or text that is one, within a range. */
export function numberOf(input: Input, name: string, minimum: number, maximum: number): number | undefined {
  const value = input[name];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < minimum || number > maximum) {
    throw invalidArgument(
      `${name} must be an integer between ${minimum} and ${maximum}`,
      name,
      JSON.stringify(value) ?? '',
    );
  }
  return number;
}

export function algorithmOf(input: Input): ChecksumAlgorithm | undefined {
  const name = optionalText(input, 'ChecksumAlgorithm');
  if (name === undefined) return undefined;
  if (!isChecksumAlgorithm(name)) {
    throw new AwsError('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  return name;
}

export function descriptionOf(input: Input): ObjectDescription {
  const metadata = (input['Metadata'] ?? {}) as Record<string, string>;
  const bytes = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (bytes > MAXIMUM_METADATA_BYTES) {
    throw new AwsError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size');
  }
  const headers: Record<string, string> = {};
  for (const [member, header] of Object.entries(OBJECT_HEADERS)) {
    const value = optionalText(input, member);
    if (value !== undefined) headers[header] = value;
  }
  return {
    headers: { 'content-type': 'binary/octet-stream', ...headers },
    metadata,
    storageClass: optionalText(input, 'StorageClass') ?? 'STANDARD',
    encryption: optionalText(input, 'ServerSideEncryption') ?? 'AES256',
    kmsKeyId: optionalText(input, 'SSEKMSKeyId'),
  };
}

/** `a=1&b=2`, as the header `x-amz-tagging` has it. */
export function tagsOfHeader(header: string | undefined): Record<string, string> {
  return checkedTags([...new URLSearchParams(header ?? '')]);
}

export function checkedTags(
  tags: readonly (readonly [key: string, value: string])[],
): Record<string, string> {
  const invalid = (message: string): AwsError => new AwsError('InvalidTag', message);
  if (tags.length > MAXIMUM_TAGS) {
    throw new AwsError('BadRequest', `Object tags cannot be greater than ${MAXIMUM_TAGS}`);
  }
  const checked: Record<string, string> = {};
  for (const [key, value] of tags) {
    if (key === '' || key.length > MAXIMUM_TAG_KEY) throw invalid('The TagKey you have provided is invalid');
    if (value.length > MAXIMUM_TAG_VALUE) throw invalid('The TagValue you have provided is invalid');
    if (Object.hasOwn(checked, key)) throw invalid('Cannot provide multiple Tags with the same key');
    checked[key] = value;
  }
  return checked;
}
