/** What is dear to make and the same for every file of tests is made once in a run of the tests. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDirectory } from '../runner/run-directory.ts';

/**
 * The first file of tests that asks makes it; the others read it. Two that ask at the same moment both make it.
 *
 * @param key all that it depends on, other than the sources
 * @param make gives plain data
 */
export function oncePerRun<Made>(key: string, make: () => Made): Made {
  const directory = runDirectory();
  if (directory === undefined) return make();
  const file = join(directory, `${createHash('sha256').update(key).digest('hex')}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Made;
  const made = make();
  // Another worker sees all of it or nothing.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(made));
  renameSync(unfinished, file);
  return made;
}
