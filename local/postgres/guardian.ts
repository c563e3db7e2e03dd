/**
 * Ends PostgreSQL when the process that started it is gone, even by `kill -9`: a small process that waits on a
 * pipe which only that process holds open.
 */
import { spawn } from 'node:child_process';
import * as os from 'node:os';

export interface Guardian {
  /** PostgreSQL has ended in order: nothing is left to do. */
  dismiss(): void;
}

// Plain JavaScript in a string, so that no file has to be found at run time, in the source or in the built package.
// It asks postmaster.pid before it kills: by then the process id may belong to somebody else.
const PROGRAM = `
const fs = require('node:fs');
const [pid, dataDirectory, removed] = process.argv.slice(1);
let dismissed = false;
const running = () => {
  try { return fs.readFileSync(dataDirectory + '/postmaster.pid', 'utf8').split('\\n')[0] === pid; }
  catch { return false; }
};
const signal = (name) => { try { process.kill(Number(pid), name); } catch {} };
const tidy = (left) => {
  if (running() && left > 0) {
    if (left === 1) signal('SIGKILL');
    return setTimeout(tidy, 100, left - 1);
  }
  if (removed) fs.rmSync(removed, { recursive: true, force: true, maxRetries: 5 });
};
process.stdin.on('data', () => { dismissed = true; });
process.stdin.on('close', () => {
  if (dismissed) return;
  if (running()) signal('SIGINT');
  tidy(100);
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});
`;

/**
 * @param pid PostgreSQL's process
 * @param removed a temporary directory to delete afterwards
 */
export function watchOver(pid: number, dataDirectory: string, removed: string | undefined): Guardian {
  const child = spawn(process.execPath, ['-e', PROGRAM, String(pid), dataDirectory, removed ?? ''], {
    // A session of its own: Ctrl-C in a terminal is for the parent, which then stops things in order.
    detached: true,
    cwd: os.tmpdir(),
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  const pipe = child.stdin;
  // Without a guardian the server still runs; a broken pipe is no reason to end the local run.
  child.on('error', () => undefined);
  pipe.on('error', () => undefined);
  child.unref();
  (pipe as unknown as { unref?: () => void }).unref?.();
  return { dismiss: () => void pipe.end('dismissed') };
}
