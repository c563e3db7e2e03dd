/** One container as a process of this machine: what it writes, line by line, how it ends, and how it is made to end. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import type { Launch } from './launch.ts';

export interface ContainerProcess {
  /** 0 for a process that did not start. */
  readonly pid: number;
  /** Resolves when it has ended and everything it wrote was read. Never rejects. */
  readonly ended: Promise<Exit>;
  /** SIGTERM, and SIGKILL for all it started when it is still there after so many milliseconds. */
  stop(graceMilliseconds: number): Promise<Exit>;
}

export interface Exit {
  /** As Docker has it: 128 and the signal's number for one that a signal ended. */
  readonly exitCode: number;
  /** Set for a process that could not be started. */
  readonly reason?: string;
}

export interface ContainerOutput {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** A longer line is cut in pieces, as the awslogs driver cuts it. CloudWatch Logs, "quotas": the size of an event. */
const LINE_CHARACTERS = 256 * 1024;
/** Docker's. */
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
const SIGNALLED = 128;
/** What a shell says of a program that cannot be started. */
const NOT_STARTED = 126;

export function startContainer(
  launch: Launch,
  environment: Readonly<Record<string, string>>,
  onOutput: (output: ContainerOutput) => void,
): ContainerProcess {
  const child = spawn(launch.program, [...launch.parameters], {
    cwd: launch.directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C in a terminal is for this process, which then stops things in order.
    detached: true,
  });
  readLines(child.stdout, (text) => onOutput({ stream: 'stdout', text }));
  readLines(child.stderr, (text) => onOutput({ stream: 'stderr', text }));
  const dismiss = endWithThisProcess(child.pid);
  const ended = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      dismiss();
      resolve({ exitCode: NOT_STARTED, reason: error.message });
    });
    // As in a container: with its first process everything ends, which would hold the pipes open otherwise.
    child.once('exit', () => killAll(child));
    child.once('close', (code, signal) => {
      dismiss();
      resolve({ exitCode: code ?? SIGNALLED + (SIGNALS[signal ?? ''] ?? 0) });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    async stop(graceMilliseconds) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killAll(child), graceMilliseconds);
      const exit = await ended;
      clearTimeout(timer);
      return exit;
    },
  };
}

/** The process is the first of a group, which has what it started, too. */
function killAll(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

function readLines(stream: Readable, onLine: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    rest += decoder.write(chunk);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, ''));
    while (rest.length > LINE_CHARACTERS) {
      onLine(rest.slice(0, LINE_CHARACTERS));
      rest = rest.slice(LINE_CHARACTERS);
    }
  });
  stream.on('end', () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
  });
  stream.on('error', () => undefined);
}

/** A shell that waits on a pipe which only this process holds open: it ends the group when this process is gone. */
function endWithThisProcess(pid: number | undefined): () => void {
  if (pid === undefined) return () => {};
  const shell = spawn('sh', ['-c', 'read _ || kill -9 "-$1"', 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  return () => void shell.stdin.end('\n');
}
