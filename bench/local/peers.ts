/**
 * The emulators that ours is compared with: installed on demand into `.waybill/bench-peers`, each started as a
 * process of its own on a free loopback port. One that can't be had is reported, not skipped in silence.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = '.waybill/bench-peers';
/** Milliseconds a server has until its first answer. */
const READY_LIMIT_MILLISECONDS = 30_000;

export type ServerName = 'waybill' | 'waybill --state' | 'fauxqs' | 'moto';

/** Versions of one day, so that figures can be compared. */
export const PEER_VERSIONS = { fauxqs: '2.4.1', moto: '5.2.1' } as const;

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first call it answered. */
  readonly readyMilliseconds: number;
  stop(): Promise<void>;
}

/** A peer that can't be installed or started here. */
export class PeerUnavailable extends Error {
  override readonly name = 'PeerUnavailable';
}

/** Starts a server; installs it first where that is needed. Rejects with {@link PeerUnavailable}. */
export async function startServer(name: ServerName): Promise<RunningServer> {
  const port = await freePort();
  const [command, ...parameters] = COMMANDS[name](port);
  const startedAt = performance.now();
  mkdirSync(ROOT, { recursive: true });
  const log = join(ROOT, `${name}.log`);
  // A file, not a pipe: a server that tells every request would wait for this process to read.
  const output = openSync(log, 'w');
  const child = spawn(command, parameters, { stdio: ['ignore', output, output] });
  closeSync(output);
  const url = `http://127.0.0.1:${port}`;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() - startedAt > READY_LIMIT_MILLISECONDS) {
      child.kill('SIGKILL');
      throw new PeerUnavailable(`${name} did not start: ${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    await sleep(2);
  }
  return {
    url,
    pid: child.pid ?? 0,
    readyMilliseconds: performance.now() - startedAt,
    stop: () => stop(child),
  };
}

/** The folder that holds the npm peer's packages. */
export function fauxqsFolder(): string {
  const folder = join(ROOT, 'fauxqs');
  if (!existsSync(join(folder, 'node_modules/fauxqs'))) {
    mkdirSync(folder, { recursive: true });
    install('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      `fauxqs@${PEER_VERSIONS.fauxqs}`,
    ]);
  }
  return folder;
}

function motoServer(): string {
  const folder = join(ROOT, 'moto');
  const server = join(folder, 'bin/moto_server');
  if (!existsSync(server)) {
    mkdirSync(ROOT, { recursive: true });
    install('python3', ['-m', 'venv', folder]);
    install(join(folder, 'bin/pip'), ['install', '--quiet', `moto[server]==${PEER_VERSIONS.moto}`]);
  }
  return server;
}

const COMMANDS: Readonly<Record<ServerName, (port: number) => [string, ...string[]]>> = {
  waybill: (port) => [process.execPath, 'bin/waybill.mjs', 'aws', '--port', String(port)],
  'waybill --state': (port) => [
    process.execPath,
    'bin/waybill.mjs',
    'aws',
    '--port',
    String(port),
    '--state',
    mkdtempSync(join(tmpdir(), 'waybill-bench-')),
  ],
  fauxqs: (port) => [process.execPath, 'bench/local/fauxqs-server.ts', fauxqsFolder(), String(port)],
  moto: (port) => [motoServer(), '-H', '127.0.0.1', '-p', String(port)],
};

function install(command: string, parameters: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8' });
  if (status !== 0) {
    throw new PeerUnavailable(
      `${command} ${parameters.join(' ')} failed: ${error?.message ?? stderr.slice(-500)}`,
    );
  }
}

/** True once ListQueues is answered. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.ListQueues',
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: '{}',
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await gone;
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
