/** Watches the sources of a project, and deploys it again after each change. */
import { existsSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** What the synthesized app and its handlers are made of, below the project's directory. */
const SOURCE_DIRECTORIES = ['bin', 'catalog', 'lambda', 'lib'];
const SOURCE_FILES: ReadonlySet<string> = new Set(['cdk.json', 'package.json']);
/** Milliseconds without another change before the sources count as saved: an editor or git writes many at once. */
const SETTLED_MS = 150;

export interface SourceWatch {
  /** Stops watching; resolves when an update that runs has ended. */
  close(): Promise<void>;
}

/**
 * Calls `update` after the sources have changed, one call at a time: what changes meanwhile is taken by the next.
 *
 * @param update must not throw
 */
export function watchSources(directory: string, update: () => Promise<void>): SourceWatch {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let changedMeanwhile = false;

  const run = async (): Promise<void> => {
    do {
      changedMeanwhile = false;
      await update();
    } while (changedMeanwhile);
    running = undefined;
  };
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (running === undefined) running = run();
      else changedMeanwhile = true;
    }, SETTLED_MS);
  };

  const watchers = [
    // The directory and not the files: many an editor saves by putting a new file in the place of the old one.
    watcherOf(directory, false, (file) => SOURCE_FILES.has(file) && changed()),
    ...SOURCE_DIRECTORIES.map((name) => join(directory, name))
      .filter((path) => existsSync(path))
      .map((path) => watcherOf(path, true, (file) => isSource(file) && changed())),
  ];
  return {
    async close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      changedMeanwhile = false;
      await running;
    },
  };
}

function watcherOf(path: string, recursive: boolean, changed: (file: string) => void): FSWatcher {
  const watcher = watch(path, { recursive, persistent: false }, (_event, file) => {
    if (file !== null) changed(file);
  });
  // A directory that goes away is watched no more; the run goes on with what it has.
  watcher.on('error', () => watcher.close());
  return watcher;
}

/** What editors write beside a file while they save it is none. */
function isSource(file: string): boolean {
  const name = file.split(/[/\\]/).at(-1) ?? file;
  return !name.startsWith('.') && !name.endsWith('~') && name.includes('.');
}
