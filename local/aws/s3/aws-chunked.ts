/**
 * The body encoding in which SDKs upload: chunks with their size, and checksums behind the last one. Signatures of
 * chunks are not checked.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
import { AwsError } from '../errors.ts';

/** What follows a size or a trailer is short; a longer line is no chunk header. */
const MAXIMUM_LINE_BYTES = 16_384;

type State = 'size' | 'data' | 'line end' | 'trailers' | 'end';

/** The decoded bytes. `onTrailer` is called for each trailer, name in lower case, before the end. */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Buffer> {
  let buffered: Buffer = Buffer.alloc(0);
  /** Bytes of the current chunk still to come, and the line end behind it. */
  let left = 0;
  let state = 'size' as State;
  for await (const bytes of source) {
    buffered = buffered.length === 0 ? bytes : Buffer.concat([buffered, bytes]);
    for (;;) {
      if (state === 'data') {
        const taken = buffered.subarray(0, left);
        if (taken.length > 0) yield taken;
        buffered = buffered.subarray(taken.length);
        left -= taken.length;
        if (left > 0) break;
        state = 'line end';
      }
      if (state === 'end') break;
      const lineEnd = buffered.indexOf('\r\n');
      if (lineEnd < 0) {
        if (buffered.length > MAXIMUM_LINE_BYTES) throw malformed();
        break;
      }
      const line = buffered.subarray(0, lineEnd).toString('latin1');
      buffered = buffered.subarray(lineEnd + 2);
      if (state === 'line end') {
        if (line !== '') throw malformed();
        state = 'size';
      } else if (state === 'size') {
        const size = /^([0-9a-fA-F]+)(?:;.*)?$/.exec(line)?.[1];
        if (size === undefined) throw malformed();
        left = Number.parseInt(size, 16);
        state = left === 0 ? 'trailers' : 'data';
      } else if (line === '') state = 'end';
      else {
        const colon = line.indexOf(':');
        onTrailer(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
      }
    }
  }
  // Some clients leave out the empty line behind the last chunk when there is no trailer.
  if (state !== 'end' && state !== 'trailers') throw malformed();
}

function malformed(): AwsError {
  return new AwsError('IncompleteBody', 'The request body terminated unexpectedly');
}
