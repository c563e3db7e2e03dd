/**
 * Finds a real Redis or Valkey on this machine and starts it for tests, benchmarks and local runs: loopback only, a free port,
 * a directory of its own. Nothing of it outlives the process that started it.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BrokerError } from './errors.ts';
import { freePort } from './free-port.ts';

export type RedisKind = 'redis' | 'valkey';

export interface RedisInstallation {
  readonly kind: RedisKind;
  /** For example `8.0.2`. */
  readonly version: string;
  /** The program that is the server. */
  readonly server: string;
}

export interface RealRedisOptions {
  /**
   * Whether what was written is there again after `kill` and `restart`: an append-only file, synced at each write.
   * @default false
   */
  readonly durable?: boolean;
  /**
   * One node with all slots of a cluster.
   * @default false
   */
  readonly cluster?: boolean;
  /** Added to the server's settings: `['--maxmemory', '4mb']`. */
  readonly settings?: readonly string[];
  /** @default - the first that `findRedis` finds */
  readonly installation?: RedisInstallation;
}

export interface RealRedis {
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly kind: RedisKind;
  readonly version: string;
  readonly pid: number;
  /** Ends the server as a crash would (`kill -9`). What is on disk stays. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, at its address. */
  restart(): Promise<void>;
  /** Freezes the server: whoever asks it waits. */
  suspend(): void;
  resume(): void;
  /** Ends the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Milliseconds. A start takes a few; a machine under load has shown seconds. */
const START_TIMEOUT = 60_000;
const PROBE_GAP = 25;
/** Another process may take a free port between our looking and the server's binding. */
const PORT_ATTEMPTS = 3;

/**
 * | first that runs | |
 * |---|---|
 * | the program in WAYBILL_REDIS_SERVER or WAYBILL_VALKEY_SERVER | one of your own |
 * | `.waybill/brokers/KIND` in the working directory | what `npm run brokers:install` makes |
 * | `redis-server` or `valkey-server` on the PATH | the system's |
 *
 * @returns undefined when there is none
 */
export async function findRedis(
  kind: RedisKind = 'redis',
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RedisInstallation | undefined> {
  const given = environment[`WAYBILL_${kind.toUpperCase()}_SERVER`];
  const places = [
    ...(given ? [given] : []),
    resolve('.waybill/brokers', kind, 'bin', `${kind}-server`),
    `${kind}-server`,
  ];
  for (const server of places) {
    const version = await versionOf(server);
    if (version !== undefined) return { kind, version, server };
  }
  return undefined;
}

async function versionOf(server: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(server, ['--version']);
    return /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/**
 * @example
 * const redis = await startRealRedis({ durable: true });
 * const transport = redisTransport({ server: { url: redis.url }, stream: 'orders' });
 * // ...
 * await redis.stop();
 *
 * @throws BrokerError WAYBILL_BROKER_NOT_INSTALLED, WAYBILL_BROKER_FAILED
 */
export async function startRealRedis(options: RealRedisOptions = {}): Promise<RealRedis> {
  const installation = options.installation ?? (await findRedis('redis')) ?? (await findRedis('valkey'));
  if (installation === undefined) {
    throw new BrokerError(
      'WAYBILL_BROKER_NOT_INSTALLED',
      "neither Redis nor Valkey is installed here: run 'npm run brokers:install', or put redis-server on the PATH",
    );
  }
  for (let attempt = 1; ; attempt += 1) {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-redis-'));
    const server = new Server(installation, directory, await freePort(), options);
    try {
      await server.restart();
      if (options.cluster === true) await server.takeAllSlots();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === PORT_ATTEMPTS || !/Address already in use/i.test(String(error))) throw error;
    }
  }
}

/** https://redis.io/docs/latest/operate/oss_and_stack/management/config/ */
function serverSettings(port: number, directory: string, options: RealRedisOptions): string[] {
  const settings: Readonly<Record<string, string>> = {
    bind: HOST,
    port: String(port),
    dir: directory,
    save: '',
    daemonize: 'no',
    appendonly: options.durable === true ? 'yes' : 'no',
    appendfsync: 'always',
    ...(options.cluster === true && { 'cluster-enabled': 'yes', 'cluster-announce-ip': HOST }),
  };
  const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return [...given, ...(options.settings ?? [])];
}

class Server implements RealRedis {
  readonly url: string;
  readonly port: number;
  readonly kind: RedisKind;
  readonly version: string;
  readonly #installation: RedisInstallation;
  readonly #directory: string;
  readonly #options: RealRedisOptions;
  #running: Running | undefined;

  constructor(installation: RedisInstallation, directory: string, port: number, options: RealRedisOptions) {
    this.#installation = installation;
    this.#directory = directory;
    this.#options = options;
    this.port = port;
    this.kind = installation.kind;
    this.version = installation.version;
    this.url = `redis://${HOST}:${port}`;
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  async restart(): Promise<void> {
    if (this.#running !== undefined) await this.kill();
    const settings = serverSettings(this.port, this.#directory, this.#options);
    const child = spawn(this.#installation.server, settings, {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C in a terminal is for the parent, which then stops things in order.
      detached: true,
    });
    const running = watched(child, this.#directory);
    this.#running = running;
    const over = Date.now() + START_TIMEOUT;
    // A server that reads its data answers LOADING.
    while (!/^\+PONG|^-NOAUTH/.test(await ask(this.port, 'PING\r\n'))) {
      if (running.hasEnded()) throw failed('it ended', running);
      if (Date.now() > over) throw failed(`it did not answer within ${START_TIMEOUT / 1000} s`, running);
      await sleep(PROBE_GAP);
    }
  }

  async takeAllSlots(): Promise<void> {
    const answer = await ask(this.port, 'CLUSTER ADDSLOTSRANGE 0 16383\r\n');
    if (!answer.startsWith('+OK')) throw new BrokerError('WAYBILL_BROKER_FAILED', `no slots: ${answer}`);
    while (!(await ask(this.port, 'CLUSTER INFO\r\n')).includes('cluster_state:ok')) await sleep(PROBE_GAP);
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    // A process that only waits for its end would not wait for it otherwise.
    running?.child.ref();
    running?.child.kill('SIGKILL');
    await running?.exited;
  }

  suspend(): void {
    this.#running?.child.kill('SIGSTOP');
  }

  resume(): void {
    this.#running?.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    // Its data is thrown away: there is nothing to shut down in order.
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  hasEnded(): boolean;
  /** The end of what it wrote. */
  output(): string;
}

const OUTPUT_CHARACTERS = 4_000;

function watched(child: ChildProcess, directory: string): Running {
  let output = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS);
    });
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
  child.unref();
  const dismiss = watchOver(child.pid, directory);
  const exited = new Promise<void>((done) => {
    const end = (): void => {
      ended = true;
      dismiss();
      done();
    };
    child.once('error', (error) => {
      output += error.message;
      end();
    });
    child.once('exit', end);
  });
  return { child, exited, hasEnded: () => ended, output: () => output };
}

/** A shell that waits on a pipe which only this process holds open: it ends the server when this process is gone. */
function watchOver(pid: number | undefined, directory: string): () => void {
  if (pid === undefined) return () => {};
  const program = 'read _ || { kill -9 "$1"; rm -rf "$2"; }';
  const shell = spawn('sh', ['-c', program, 'sh', String(pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  return () => void shell.stdin.end('\n');
}

const PROBE_TIMEOUT = 5_000;

/** The answer to one inline command; empty where there is none. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((done) => {
    const socket = connect({ host: HOST, port });
    const end = (answer: string): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT, () => end(''));
    socket.once('error', () => end(''));
    socket.once('close', () => end(''));
    socket.once('data', (data: Buffer) => end(data.toString()));
    socket.write(command);
  });
}

function failed(what: string, running: Running): BrokerError {
  return new BrokerError('WAYBILL_BROKER_FAILED', `the server did not start: ${what}\n${running.output()}`);
}
