/** Child processes of tests, and their end. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends it by force, if it has not ended, and resolves when it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
