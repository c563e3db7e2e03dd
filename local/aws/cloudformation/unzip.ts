/** Unpacks a zip archive. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
/** A comment behind the directory has at most so many bytes. */
const MAXIMUM_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const EXECUTABLE = 0o111;

/** @throws Error when it is no zip archive, or an entry would land outside the directory */
export async function unzip(archive: Buffer, directory: string): Promise<void> {
  const end = endOfDirectory(archive);
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY)
      throw new Error('the directory of the archive is broken');
    const method = archive.readUInt16LE(at + 10);
    const compressedBytes = archive.readUInt32LE(at + 20);
    const nameBytes = archive.readUInt16LE(at + 28);
    const skipped = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    const mode = archive.readUInt32LE(at + 38) >>> 16;
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    at += ENTRY_BYTES + nameBytes + skipped;

    const file = normalize(join(directory, name));
    if (!file.startsWith(normalize(directory) + sep)) throw new Error(`${name} points outside the archive`);
    if (name.endsWith('/')) {
      await mkdir(file, { recursive: true });
      continue;
    }
    const from =
      local + LOCAL_HEADER_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const bytes = archive.subarray(from, from + compressedBytes);
    if (method !== STORED && method !== DEFLATED)
      throw new Error(`${name} is packed in a way not known here`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, method === STORED ? bytes : inflateRawSync(bytes));
    if ((mode & EXECUTABLE) !== 0) await chmod(file, mode & 0o777);
  }
}

function endOfDirectory(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_BYTES - MAXIMUM_COMMENT_BYTES);
  for (let at = archive.length - END_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('it is not a zip archive');
}
