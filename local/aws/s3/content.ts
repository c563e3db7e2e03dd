/** Where the bytes of objects are: small ones in memory, large ones in files of a directory of S3's own. */
import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { StateStore } from '../state/index.ts';

/** Bytes up to which an object is kept in memory. */
const MEMORY_BYTES = 1024 * 1024;

export type Content = { readonly bytes: Buffer } | { readonly file: string };

export interface Stored {
  readonly content: Content;
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
}

/** Content as the state directory keeps it. */
export type KeptContent = { readonly base64: string } | { readonly file: string };

export interface ContentStore {
  /** Reads the source to its end. `observe` sees each piece; what it throws ends the storing. */
  store(source: AsyncIterable<Buffer>, observe?: (bytes: Buffer) => void): Promise<Stored>;
  /** All bytes, or those from `start` to `end`, the end included. */
  read(content: Content, start?: number, end?: number): Buffer | Readable;
  copy(content: Content): Content;
  discard(content: Content | undefined): void;
  kept(content: Content): KeptContent;
  /** Undefined when the file is gone. */
  restored(kept: KeptContent): Content | undefined;
  /** Removes the files of an earlier process that were not restored: what it had begun to store, or to discard. */
  removeOthers(): void;
  close(): void;
}

/** Files go to the state directory, or without one to a temporary directory that is removed in the end. */
export function createContentStore(state: Pick<StateStore, 'directory' | 'flush'>): ContentStore {
  const { directory: stateDirectory } = state;
  const restoredFiles = new Set<string>();
  let directory: string | undefined;
  const place = (): string => {
    if (directory === undefined) {
      directory =
        stateDirectory === undefined
          ? mkdtempSync(join(tmpdir(), 'waybill-s3-'))
          : join(stateDirectory, 's3');
      mkdirSync(directory, { recursive: true });
    }
    return directory;
  };
  const discard = (content: Content | undefined): void => {
    if (content === undefined || !('file' in content)) return;
    const remove = (): void => rmSync(join(place(), content.file), { force: true });
    if (stateDirectory === undefined) {
      remove();
      return;
    }
    // Not before it is kept that nothing needs the file any more: the process may end in between.
    setImmediate(() => {
      try {
        state.flush();
        remove();
      } catch {
        // It stays until the next start. Whoever is answered next is told why.
      }
    });
  };

  return {
    async store(source, observe) {
      const hash = createHash('md5');
      const pieces: Buffer[] = [];
      let size = 0;
      let file: { readonly name: string; readonly stream: ReturnType<typeof createWriteStream> } | undefined;
      const write = async (bytes: Buffer): Promise<void> => {
        if (file !== undefined && !file.stream.write(bytes)) await once(file.stream, 'drain');
      };
      try {
        for await (const bytes of source) {
          hash.update(bytes);
          observe?.(bytes);
          size += bytes.length;
          if (file !== undefined) await write(bytes);
          else {
            pieces.push(bytes);
            if (size <= MEMORY_BYTES) continue;
            const name = randomUUID();
            file = { name, stream: createWriteStream(join(place(), name)) };
            for (const piece of pieces.splice(0)) await write(piece);
          }
        }
      } catch (error) {
        file?.stream.destroy();
        if (file !== undefined) discard({ file: file.name });
        throw error;
      }
      const md5 = hash.digest('hex');
      if (file === undefined) return { content: { bytes: Buffer.concat(pieces) }, size, md5 };
      file.stream.end();
      await once(file.stream, 'close');
      return { content: { file: file.name }, size, md5 };
    },
    read(content, start = 0, end = Infinity) {
      return 'bytes' in content
        ? content.bytes.subarray(start, end + 1)
        : createReadStream(join(place(), content.file), { start, end });
    },
    copy(content) {
      if ('bytes' in content) return content;
      const name = randomUUID();
      linkSync(join(place(), content.file), join(place(), name));
      return { file: name };
    },
    discard,
    kept: (content) => ('bytes' in content ? { base64: content.bytes.toString('base64') } : content),
    restored(kept) {
      if ('base64' in kept) return { bytes: Buffer.from(kept.base64, 'base64') };
      if (!existsSync(join(place(), kept.file))) return undefined;
      restoredFiles.add(kept.file);
      return kept;
    },
    removeOthers() {
      if (stateDirectory === undefined) return;
      for (const file of readdirSync(place())) if (!restoredFiles.has(file)) rmSync(join(place(), file));
    },
    close() {
      if (directory !== undefined && stateDirectory === undefined) {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

/** Any body a caller may give, as pieces. Text is UTF-8. */
export async function* piecesOf(body: unknown): AsyncGenerator<Buffer> {
  if (body === undefined || body === null) return;
  if (typeof body === 'string' || Buffer.isBuffer(body) || body instanceof Uint8Array) {
    yield Buffer.from(body as string);
  } else if (body instanceof Readable) {
    for await (const piece of body) yield piece as Buffer;
  } else yield Buffer.from(JSON.stringify(body));
}
