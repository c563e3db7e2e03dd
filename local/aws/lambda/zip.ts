/**
 * Unpacks a ZIP archive, as functions are uploaded: stored and deflated entries, no encryption, no ZIP64.
 *
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
/** The end record is 22 bytes and a comment of at most 64 KB. */
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
const STORED = 0;
const DEFLATED = 8;

export class ZipError extends Error {
  override readonly name = 'ZipError';
}

/** Writes the files of the archive below a directory. Throws a {@link ZipError} for what is no such archive. */
export function unzip(archive: Buffer, directory: string): void {
  for (const { name, content } of readArchive(archive)) {
    const path = normalize(name);
    if (path.startsWith('..') || path.startsWith(sep)) {
      throw new ZipError(`the entry ${name} lies outside of the archive`);
    }
    const target = join(directory, path);
    if (name.endsWith('/')) {
      mkdirSync(target, { recursive: true });
    } else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  }
}

function readArchive(archive: Buffer): readonly { readonly name: string; readonly content: Buffer }[] {
  try {
    const end = findEnd(archive);
    const count = archive.readUInt16LE(end + 10);
    let at = archive.readUInt32LE(end + 16);
    return Array.from({ length: count }, () => {
      if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new ZipError('its directory is damaged');
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
        archive.readUInt16LE(at + offset),
      ) as [number, number, number];
      const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
      const content = contentOf(archive, at);
      at += 46 + nameLength + extraLength + commentLength;
      return { name, content };
    });
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw new ZipError(`it can't be read: ${(error as Error).message}`);
  }
}

function contentOf(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const size = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + size);
  if (method === STORED) return packed;
  if (method === DEFLATED) return inflateRawSync(packed);
  throw new ZipError(`it uses the compression method ${method}`);
}

function findEnd(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_BYTES - LONGEST_COMMENT);
  for (let at = archive.length - END_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new ZipError('it has no end record');
}
