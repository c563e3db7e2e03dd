/** The stand-alone server in a process of its own, to be killed and started again on the same directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Server {
  readonly endpointUrl: string;
  /** Everything it wrote to stderr. */
  readonly errors: readonly string[];
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** As Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Rejects with what the server wrote when it ends before it listens. */
export async function startServer(stateDirectory: string, ...more: readonly string[]): Promise<Server> {
  const child = spawn(
    process.execPath,
    ['bin/waybill.mjs', 'aws', '--port', '0', '--json', '--state', stateDirectory, ...more],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const gone = once(child, 'exit') as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, 'line') as Promise<[string]>;
  const first = await Promise.race([ready, gone.then(() => undefined)]);
  if (first === undefined) throw new Error(`the server ended before it listened:\n${errors.join('\n')}`);
  const { endpointUrl } = JSON.parse(first[0]) as { endpointUrl: string };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await gone)[0];
  };
  return {
    endpointUrl,
    errors,
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}
