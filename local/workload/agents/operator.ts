/** Who moves agents: `waybill transport`, each time a process of its own, as a person runs it. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { FEEDBACK_STREAM } from '../../../lambda/agents/redis-stream.ts';

export interface OperatorOptions {
  /** Of the commands: what the runbook exports before the first of them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends a command that runs. */
  readonly signal: AbortSignal;
}

export interface CommandAnswer {
  readonly ok: boolean;
  /** The one JSON object on stdout; undefined where there was none. */
  readonly json: unknown;
  readonly stderr: string;
  /** It was killed before it ended: nobody knows how far it came. */
  readonly isCutOff: boolean;
}

/**
 * Runs `waybill transport` with these arguments.
 *
 * @param killAfter milliseconds until it is killed with `kill -9`, if it still runs then
 */
export type Operator = (args: readonly string[], killAfter?: number) => Promise<CommandAnswer>;

const PROGRAM = fileURLToPath(new URL('../../../bin/waybill.mjs', import.meta.url));

export function createOperator({ environment, signal }: OperatorOptions): Operator {
  return async (args, killAfter) => {
    const child = spawn(process.execPath, [PROGRAM, 'transport', ...args, '--json'], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    const timer = killAfter === undefined ? undefined : setTimeout(kill, killAfter);
    try {
      const ended = new Promise<{ readonly code: number | null }>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code }));
      });
      const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
      return { ok: code === 0, json: jsonOf(stdout), stderr: stderr.trim(), isCutOff: code === null };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
    }
  };
}

/** Arguments of a command that leaves Redis: its dead letters are looked at. */
export const STREAM_ARGUMENTS: readonly string[] = [
  '--stream',
  FEEDBACK_STREAM.stream,
  '--partitions',
  String(FEEDBACK_STREAM.partitions),
];

/** The code by which a command says why it did nothing; undefined where it says none. */
export function codeOf({ stderr }: Pick<CommandAnswer, 'stderr'>): string | undefined {
  return /^ *Code: (\w+)$/m.exec(stderr)?.[1];
}

function jsonOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
