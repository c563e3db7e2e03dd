/** Hot reload: tells when the code of a function changed on disk. */
import { watch, type FSWatcher } from 'node:fs';

/** A bundler writes a file in several steps; this long after the last of them, in milliseconds, it is read. */
const SETTLED_MILLISECONDS = 50;

export interface CodeWatch {
  /** Watches a directory for the function; `changed` is called after each change. Replaces an earlier watch of it. */
  add(functionName: string, directory: string, changed: () => void): void;
  remove(functionName: string): void;
  close(): void;
}

export function createCodeWatch(): CodeWatch {
  const watches = new Map<string, { readonly watcher: FSWatcher; timer: NodeJS.Timeout | undefined }>();

  const remove = (functionName: string): void => {
    const entry = watches.get(functionName);
    clearTimeout(entry?.timer);
    entry?.watcher.close();
    watches.delete(functionName);
  };

  return {
    add(functionName, directory, changed) {
      remove(functionName);
      const watcher = watch(directory, { recursive: true, persistent: false }, () => {
        const entry = watches.get(functionName);
        if (!entry) return;
        clearTimeout(entry.timer);
        entry.timer = setTimeout(changed, SETTLED_MILLISECONDS);
      });
      // The directory may go away, or the system may have no watches left: the function runs on as it is.
      watcher.on('error', () => remove(functionName));
      watches.set(functionName, { watcher, timer: undefined });
    },
    remove,
    close() {
      for (const functionName of watches.keys()) remove(functionName);
    },
  };
}
