/**
 * Finds a real RabbitMQ on this machine and starts it for tests and local runs: loopback only, free ports, a
 * directory of its own. Nothing of it outlives the process that started it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';

export interface RabbitmqInstallation {
  /** The script that runs the server in the foreground. */
  readonly server: string;
  /** Prepended to the PATH of the server: where its `erl` and `epmd` are. */
  readonly binaries: readonly string[];
}

export interface RealRabbitmqOptions {
  /** @default - see `findRabbitmq` */
  readonly installation?: RabbitmqInstallation;
  /**
   * Port of the AMQP listener.
   * @default 0 - a free one
   */
  readonly port?: number;
  /** @default - user `waybill` with a random password, an administrator */
  readonly user?: { readonly username: string; readonly password: string };
}

export interface RealRabbitmq {
  /** `amqp://` address with user and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Adds an administrator, or changes the password of one, as a rotation does. Connections that are open stay open. */
  setPassword(username: string, password: string): Promise<void>;
  /** Freezes the server: whoever asks it waits. */
  suspend(): void;
  resume(): void;
  /** Ends the server and removes its directory. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Where `npm run brokers:install` puts it. */
const INSTALLED = path.resolve(import.meta.dirname, '../../.waybill/brokers/rabbitmq');
/** The script of Debian's package itself: the one on the PATH changes to the user `rabbitmq`. */
const PACKAGED = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** Milliseconds. A start takes about 5 s here, and far longer on a machine under load. */
const START_TIMEOUT = 180_000;
/** Another process may take a free port between our looking and the server's binding. */
const START_ATTEMPTS = 3;

/**
 * Where a server is, first wins: RABBITMQ_HOME (with `sbin/rabbitmq-server`), what `npm run brokers:install` put
 * into .waybill/brokers/rabbitmq, Debian's package, `rabbitmq-server` on the PATH.
 *
 * @returns undefined when there is none
 */
export async function findRabbitmq(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RabbitmqInstallation | undefined> {
  const home = environment['RABBITMQ_HOME'];
  const candidates: RabbitmqInstallation[] = [
    ...(home ? [{ server: path.join(home, 'sbin', 'rabbitmq-server'), binaries: [] }] : []),
    {
      server: path.join(INSTALLED, 'bin', 'rabbitmq-server'),
      binaries: [path.join(INSTALLED, 'bin')],
    },
    { server: PACKAGED, binaries: [] },
    ...(environment['PATH'] ?? '')
      .split(path.delimiter)
      .filter((directory) => directory !== '')
      .map((directory) => ({ server: path.join(directory, 'rabbitmq-server'), binaries: [] })),
  ];
  for (const candidate of candidates) {
    if (await isExecutable(candidate.server)) return candidate;
  }
  return undefined;
}

/**
 * @example
 * const rabbitmq = await startRealRabbitmq();
 * const connection = await connect(rabbitmq.url);
 * // ...
 * await rabbitmq.stop();
 *
 * @throws Error when there is no RabbitMQ, or with the end of its log when it did not start
 */
export async function startRealRabbitmq(options: RealRabbitmqOptions = {}): Promise<RealRabbitmq> {
  const installation = options.installation ?? (await findRabbitmq());
  if (installation === undefined) {
    throw new Error(
      'no RabbitMQ on this machine: run `npm run brokers:install`, or set RABBITMQ_HOME to its directory',
    );
  }
  const user = options.user ?? { username: 'waybill', password: randomBytes(16).toString('hex') };
  for (let attempt = 1; ; attempt++) {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-rabbitmq-'));
    try {
      return await launch(installation, directory, options.port || (await freePort()), user);
    } catch (error) {
      await fs.rm(directory, { recursive: true, force: true, maxRetries: 5 });
      if (attempt === START_ATTEMPTS || options.port) throw error;
    }
  }
}

async function launch(
  installation: RabbitmqInstallation,
  directory: string,
  port: number,
  user: { readonly username: string; readonly password: string },
): Promise<RealRabbitmq> {
  const epmdPort = await freePort();
  const node = `waybill-${path.basename(directory).slice(-6)}@localhost`;
  await fs.writeFile(path.join(directory, 'rabbitmq.conf'), configuration(port, user));
  await fs.writeFile(path.join(directory, 'enabled_plugins'), '[].\n');
  const environment = {
    ...process.env,
    PATH: [...installation.binaries, process.env['PATH'] ?? ''].join(path.delimiter),
    HOME: directory,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: HOST,
    ERL_CRASH_DUMP: '/dev/null',
    RABBITMQ_NODENAME: node,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: path.join(directory, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(directory, 'enabled_plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: path.join(directory, 'generated'),
    RABBITMQ_MNESIA_BASE: path.join(directory, 'data'),
    RABBITMQ_LOG_BASE: path.join(directory, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: path.join(directory, 'pid'),
    RABBITMQ_DIST_PORT: String(await freePort()),
    // Two schedulers are enough for tests, and leave the machine to them.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none',
  };
  // Erlang would start a port mapper that outlives it; this one is ours, and ends with the server.
  const epmd = start('epmd', ['-address', HOST, '-port', String(epmdPort)], environment, directory);
  // Without one on the PATH the server starts its own.
  epmd.on('error', () => undefined);
  epmd.stdout?.resume();
  epmd.stderr?.resume();
  const server = start(installation.server, [], environment, directory);
  const outcome = await untilReady(server);
  const pid = await fs.readFile(path.join(directory, 'pid'), 'utf8').then(Number, () => undefined);
  const pids = [pid, server.pid, epmd.pid].filter((id): id is number => Number.isInteger(id) && id! > 0);
  const guardian = watchOver(pids, directory);

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      const ended = Promise.all([untilExit(server), untilExit(epmd)]);
      // Its data is thrown away: there is nothing to shut down in order.
      for (const id of pids) kill(id);
      await ended;
      guardian.stdin?.end('dismissed\n');
      await fs.rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    })());

  if (!outcome.ready) {
    await stop();
    throw new Error(`RabbitMQ (${installation.server}) did not start: ${outcome.output.trim().slice(-1500)}`);
  }
  for (const child of [server, epmd, guardian]) letParentEnd(child);
  return {
    url: `amqp://${encodeURIComponent(user.username)}:${encodeURIComponent(user.password)}@${HOST}:${port}`,
    host: HOST,
    port,
    ...user,
    async setPassword(username, password) {
      const tell = (...parameters: string[]): Promise<void> =>
        control(installation, environment, directory, parameters);
      try {
        await tell('change_password', username, password);
      } catch (error) {
        if (!/does not exist|no_such_user/.test(String(error))) throw error;
        await tell('add_user', username, password);
        await tell('set_permissions', username, '.*', '.*', '.*');
        await tell('set_user_tags', username, 'administrator');
      }
    },
    suspend: () => pids.forEach((id) => signal(id, 'SIGSTOP')),
    resume: () => pids.forEach((id) => signal(id, 'SIGCONT')),
    stop,
  };
}

function configuration(port: number, user: { readonly username: string; readonly password: string }): string {
  return `${[
    `listeners.tcp.1 = ${HOST}:${port}`,
    `default_user = ${user.username}`,
    `default_pass = ${user.password}`,
    'loopback_users = none',
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    // Bytes. The write-ahead log of quorum queues is 512 MB otherwise.
    'raft.wal_max_size_bytes = 16000000',
    'disk_free_limit.absolute = 50MB',
  ].join('\n')}\n`;
}

function start(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  // A session of its own, so that Ctrl-C does not end the broker under those who are being stopped in order.
  return spawn(command, parameters, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

function untilReady(child: ChildProcess): Promise<{ readonly ready: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const done = (ready: boolean): void => {
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) {
        stream?.off('data', read);
        // Nobody reads its log from here on, but a full pipe would block it.
        stream?.resume();
      }
      resolve({ ready, output });
    };
    const timer = setTimeout(() => done(false), START_TIMEOUT);
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (output.includes('Server startup complete')) done(true);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => {
      output += error.message;
      done(false);
    });
    // Not at `exit`: what it wrote last may not have been read by then.
    child.once('close', () => done(false));
  });
}

/** Ends the server when the process that started it is gone, even by `kill -9`: then the pipe is closed. */
function watchOver(pids: readonly number[], directory: string): ChildProcess {
  const script =
    'read -r line; [ "$line" = dismissed ] || { directory=$1; shift; kill -9 "$@"; rm -rf "$directory"; }';
  const child = spawn('/bin/sh', ['-c', script, 'guardian', directory, ...pids.map(String)], {
    cwd: os.tmpdir(),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  return child;
}

async function control(
  installation: RabbitmqInstallation,
  environment: NodeJS.ProcessEnv,
  directory: string,
  parameters: readonly string[],
): Promise<void> {
  const command = path.join(path.dirname(installation.server), 'rabbitmqctl');
  const child = start(
    command,
    ['-n', environment['RABBITMQ_NODENAME']!, ...parameters],
    environment,
    directory,
  );
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  await untilExit(child);
  if (child.exitCode !== 0) throw new Error(`rabbitmqctl ${parameters[0]} failed: ${output.trim()}`);
}

function untilExit(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve();
  return new Promise((resolve) => {
    child.ref();
    child.once('exit', () => resolve());
  });
}

function letParentEnd(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

function kill(pid: number): void {
  signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return fs.access(file, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
