/** Conditional requests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed } from './errors.ts';
import { optionalText } from './input.ts';
import type { ObjectVersion } from './model.ts';

/** Thrown for a read whose client already has the object; it has no body. */
export function notModified(version: ObjectVersion): AwsError {
  return new AwsError('NotModified', 'Not Modified', 304, { fields: { ETag: version.etag } });
}

/** @throws AwsError PreconditionFailed, NotModified; `prefix` is `CopySource` for the source of a copy. */
export function checkReadConditions(input: Input, version: ObjectVersion, prefix = ''): void {
  const ifMatch = optionalText(input, `${prefix}IfMatch`);
  const ifNoneMatch = optionalText(input, `${prefix}IfNoneMatch`);
  const modifiedSince = timeOf(input, `${prefix}IfModifiedSince`);
  const unmodifiedSince = timeOf(input, `${prefix}IfUnmodifiedSince`);
  const modified = Math.floor(version.lastModified / 1000) * 1000;
  const unchanged = (condition: string): AwsError =>
    prefix === '' ? notModified(version) : preconditionFailed(condition);

  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) throw preconditionFailed('If-Match');
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) throw unchanged('If-None-Match');
  } else if (modifiedSince !== undefined && modified <= modifiedSince) {
    throw unchanged('If-Modified-Since');
  }
}

/** @throws AwsError PreconditionFailed, NoSuchKey */
export function checkWriteConditions(input: Input, key: string, current: ObjectVersion | undefined): void {
  const ifMatch = optionalText(input, 'IfMatch');
  const ifNoneMatch = optionalText(input, 'IfNoneMatch');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw notImplemented('If-None-Match with anything but * for writes');
    if (current !== undefined) throw preconditionFailed('If-None-Match');
  }
  if (ifMatch !== undefined) {
    if (current === undefined) throw noSuchKey(key);
    if (!matches(ifMatch, current.etag)) throw preconditionFailed('If-Match');
  }
}

export interface ByteRange {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** Undefined when the whole object is meant: no range, one that is not understood, or several, which S3 does not do. */
export function rangeOf(range: string | undefined, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= size || (first === '' && Number(last) === 0)) {
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, {
      fields: { ActualObjectSize: String(size), RangeRequested: range },
    });
  }
  return { start, end };
}

function matches(condition: string, etag: string): boolean {
  const bare = etag.replaceAll('"', '');
  return condition
    .split(',')
    .map((each) => each.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((each) => each === '*' || each === bare);
}

function timeOf(input: Input, name: string): number | undefined {
  const text = optionalText(input, name);
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalidArgument(`${name} is not a date`, name, text);
  return time;
}
