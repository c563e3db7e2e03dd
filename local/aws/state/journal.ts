/**
 * The state directory: an append-only journal of JSON lines, `[collection, key, value]` for what was put and
 * `[collection, key]` for what was deleted. An empty line ends each write: what follows the last one was cut off and
 * counts for nothing, so that changes which belong together, such as a transaction's, are kept whole or not at all. What
 * was handed to the operating system survives kill -9 of this process (not a power cut: nothing is synced to the
 * disk). Lines that no longer count are dropped when the
 * journal is opened, and when they outweigh the others.
 */
import { closeSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory, StateError } from './directory.ts';
import type { Collection, StateStore } from './index.ts';

/** Below this size the journal is left as it is, in bytes. */
const SMALLEST_REWRITE_BYTES = 32 * 1024 * 1024;

/** The journal is rewritten when it is this many times as large as what counts in it. */
const REWRITE_RATIO = 3;

/** The same when it is opened, when there is time for it. */
const REWRITE_RATIO_AT_OPENING = 1.5;

/** How much is read or copied at once, in bytes. */
const CHUNK_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Where the line of a key that counts stands in the file. */
interface Line {
  readonly offset: number;
  readonly length: number;
}

/**
 * Opens or creates the state directory.
 * @throws StateError `StateDirectoryUnusable` when it can't be made or written, `StateDirectoryInUse` when another
 *   process has it open, `StateUnreadable` when the journal is damaged anywhere but at its very end
 */
export function openStateStore(path: string): StateStore {
  const { directory, unlock } = openDirectory(path);
  const journal = join(directory, 'journal.jsonl');
  /** The line that counts of each key, in the order in which the keys came. */
  const live = new Map<string, Line>();
  const kept = new Map<string, Map<string, unknown>>();
  let file: number;
  let size: number;
  try {
    file = openSync(journal, 'a+');
    size = readJournal(file, journal, live, kept);
  } catch (error) {
    unlock();
    throw error;
  }
  let liveBytes = [...live.values()].reduce((sum, { length }) => sum + length, 0);
  let buffer: string[] = [];
  let bufferedBytes = 0;
  let scheduled = false;
  let closed = false;

  const write = (): void => {
    scheduled = false;
    if (buffer.length === 0 || closed) return;
    try {
      writeAll(file, Buffer.from(`${buffer.join('')}\n`));
    } catch (error) {
      // The disk is full, say. The next attempt begins where this one did.
      ftruncateSync(file, size);
      throw error;
    }
    size += bufferedBytes + 1;
    buffer = [];
    bufferedBytes = 0;
    if (size > SMALLEST_REWRITE_BYTES && size > REWRITE_RATIO * liveBytes) rewrite();
  };

  const writeLater = (): void => {
    try {
      write();
    } catch {
      // Nobody is answered without another attempt, which then says why.
    }
  };

  const rewrite = (): void => {
    const fresh = `${journal}.new`;
    const target = openSync(fresh, 'w');
    size = copyLines(file, target, live);
    liveBytes = size;
    closeSync(target);
    closeSync(file);
    renameSync(fresh, journal);
    file = openSync(journal, 'a+');
  };

  const append = (record: readonly unknown[]): Line => {
    const text = `${JSON.stringify(record)}\n`;
    const line = { offset: size + bufferedBytes, length: Buffer.byteLength(text) };
    buffer.push(text);
    bufferedBytes += line.length;
    if (!scheduled) {
      scheduled = true;
      setImmediate(writeLater);
    }
    return line;
  };

  const collection = <Value>(name: string): Collection<Value> => ({
    put(key, value) {
      const liveKey = liveKeyOf(name, key);
      liveBytes -= live.get(liveKey)?.length ?? 0;
      const line = append([name, key, value]);
      live.set(liveKey, line);
      liveBytes += line.length;
    },
    delete(key) {
      const liveKey = liveKeyOf(name, key);
      const known = live.get(liveKey);
      if (known === undefined) return;
      live.delete(liveKey);
      liveBytes -= known.length;
      append([name, key]);
    },
    entries() {
      const entries = [...(kept.get(name) ?? [])] as [string, Value][];
      kept.delete(name);
      return entries;
    },
  });

  if (size > SMALLEST_REWRITE_BYTES && size > REWRITE_RATIO_AT_OPENING * liveBytes) rewrite();
  return {
    persistent: true,
    directory,
    collection,
    flush: write,
    close() {
      if (closed) return;
      write();
      closed = true;
      closeSync(file);
      unlock();
    },
  };
}

function liveKeyOf(collection: string, key: string): string {
  return `${collection}\n${key}`;
}

/** Reads every whole write into `live` and `kept`; cuts off an unfinished last one. Returns the size of what is left. */
function readJournal(
  file: number,
  path: string,
  live: Map<string, Line>,
  kept: Map<string, Map<string, unknown>>,
): number {
  let offset = 0;
  let whole = 0;
  let write: { readonly record: JournalRecord; readonly line: Line }[] = [];
  const apply = ({ record, line }: (typeof write)[number]): void => {
    const [name, key] = record;
    const values = kept.get(name) ?? new Map<string, unknown>();
    kept.set(name, values);
    if (record.length === 3) {
      values.set(key, record[2]);
      live.set(liveKeyOf(name, key), line);
    } else {
      values.delete(key);
      live.delete(liveKeyOf(name, key));
    }
  };
  for (const { text, length } of linesOf(file)) {
    if (text === '') {
      for (const each of write) apply(each);
      write = [];
      whole = offset += length;
      continue;
    }
    const record = parseRecord(text);
    if (record === undefined) {
      throw new StateError(
        'StateUnreadable',
        `${path} is damaged: the line at byte ${offset} is no record of this program. ` +
          'Move the state directory away to start empty, or restore it from a copy.',
      );
    }
    write.push({ record, line: { offset, length } });
    offset += length;
  }
  // What follows the last whole write was cut off by the end of the process, before anything was acknowledged.
  ftruncateSync(file, whole);
  return whole;
}

/** The whole lines of a file; an unfinished last one is left out. */
function* linesOf(file: number): Generator<{ readonly text: string; readonly length: number }> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  let position = 0;
  for (;;) {
    const read = readSync(file, chunk, 0, CHUNK_BYTES, position);
    if (read === 0) return;
    position += read;
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield { text: bytes.toString('utf8', start, end), length: end + 1 - start };
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}

type JournalRecord = readonly [string, string] | readonly [string, string, unknown];

function parseRecord(text: string): JournalRecord | undefined {
  try {
    const record: unknown = JSON.parse(text);
    const isRecord =
      Array.isArray(record) &&
      (record.length === 2 || record.length === 3) &&
      typeof record[0] === 'string' &&
      typeof record[1] === 'string';
    return isRecord ? (record as unknown as JournalRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Copies the lines that count into an empty file and enters their new places. Returns the new size. */
function copyLines(source: number, target: number, live: Map<string, Line>): number {
  let size = 0;
  let parts: Buffer[] = [];
  let bytes = 0;
  for (const [key, { offset, length }] of live) {
    const line = Buffer.allocUnsafe(length);
    readSync(source, line, 0, length, offset);
    parts.push(line);
    bytes += length;
    live.set(key, { offset: size, length });
    size += length;
    if (bytes < CHUNK_BYTES) continue;
    writeAll(target, Buffer.concat(parts));
    parts = [];
    bytes = 0;
  }
  writeAll(target, Buffer.concat([...parts, Buffer.from('\n')]));
  return size + 1;
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
