/**
 * A directory that lives as long as one run of the tests, for what several files of tests need and one of them makes. The sources
 * are taken not to change during a run, so nothing in it can be out of date.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VARIABLE = 'WAYBILL_TEST_RUN_DIRECTORY';

/** Jest calls it before it starts its workers, which inherit the variable. */
export default function makeRunDirectory(): void {
  process.env[VARIABLE] = mkdtempSync(join(tmpdir(), 'waybill-test-run-'));
}

export function removeRunDirectory(): void {
  const directory = runDirectory();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}

/** Absent outside of jest, as where a script uses the support of the tests. */
export function runDirectory(): string | undefined {
  return process.env[VARIABLE];
}
