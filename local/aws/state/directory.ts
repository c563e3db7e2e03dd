/** The state directory itself: made when it is not there, and locked while a process has it open. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The state directory can't be used. `code` is `StateDirectoryUnusable`, `StateDirectoryInUse` or `StateUnreadable`. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * @returns the absolute path, and what gives the directory back
 * @throws StateError `StateDirectoryUnusable`, `StateDirectoryInUse`
 */
export function openDirectory(path: string): { readonly directory: string; readonly unlock: () => void } {
  const directory = resolve(path);
  try {
    make(directory);
    return { directory, unlock: lock(directory) };
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(
      'StateDirectoryUnusable',
      `The state directory ${directory} can't be used: ${(error as Error).message}. Give a directory that can be made and written.`,
      error,
    );
  }
}

/** One level at a time: Node's own `recursive` never ends where the system refuses with "not there", as /proc does. */
function make(directory: string): void {
  if (existsSync(directory)) return;
  make(dirname(directory));
  mkdirSync(directory);
}

/** The lock files of this process. */
const locks = new Set<string>();

/** Keeps two from writing one journal. A lock whose process is gone counts for nothing, though another has its id now. */
function lock(directory: string): () => void {
  const path = join(directory, 'lock');
  if (existsSync(path)) {
    const holder = Number(readFileSync(path, 'utf8'));
    if (holder === process.pid ? locks.has(path) : isRunning(holder)) {
      throw new StateError(
        'StateDirectoryInUse',
        `The state directory ${directory} is in use by process ${holder}. Stop that process, or give another directory.`,
      );
    }
  }
  writeFileSync(path, String(process.pid));
  locks.add(path);
  return () => {
    locks.delete(path);
    rmSync(path, { force: true });
  };
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
