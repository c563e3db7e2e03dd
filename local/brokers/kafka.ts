/**
 * Starts a real Kafka: one node in KRaft mode, on free ports of the loopback interface, with its data in a temporary
 * directory. Nothing of it outlives the process that started it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from './errors.ts';
import { freePort } from './free-port.ts';
import { findKafka } from './kafka-installation.ts';
import type { KafkaInstallation } from './kafka-installation.ts';

export interface RealKafkaOptions {
  /** Added to the server's properties, or in their place. */
  readonly properties?: Readonly<Record<string, string>>;
  /** @default - the one that `findKafka` finds */
  readonly installation?: KafkaInstallation;
}

export interface RealKafka {
  /** `127.0.0.1:PORT`, plaintext. */
  readonly bootstrapServers: string;
  readonly version: string;
  readonly pid: number;
  /** Ends the server as a crash would (`kill -9`). Its data stays. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, with its data and at its address. */
  restart(): Promise<void>;
  /** Freezes the server: whoever asks it waits. */
  suspend(): void;
  resume(): void;
  /** Ends the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Milliseconds. A start takes about four seconds; a machine under load has shown a minute. */
const START_TIMEOUT = 180_000;
const STOP_TIMEOUT = 20_000;
const PROBE_GAP = 100;
/** Another process may take a free port between our looking and the server's binding. */
const PORT_ATTEMPTS = 3;
/** Small, and quick to start rather than fast in the long run. */
const JAVA_OPTIONS = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/**
 * @example
 * const kafka = await startRealKafka();
 * const producer = new Producer({ clientId: 'x', bootstrapBrokers: [kafka.bootstrapServers] });
 * // ...
 * await kafka.stop();
 *
 * @throws BrokerError WAYBILL_BROKER_NOT_INSTALLED, WAYBILL_BROKER_FAILED
 */
export async function startRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const installation = options.installation ?? (await findKafka());
  if (installation === undefined) {
    throw new BrokerError(
      'WAYBILL_BROKER_NOT_INSTALLED',
      "no Kafka is installed here: run 'npm run brokers:install', or set KAFKA_HOME, and have Java 17 or later on the PATH",
    );
  }
  for (let attempt = 1; ; attempt += 1) {
    const server = await prepare(installation, options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === PORT_ATTEMPTS || !/BindException|Address already in use/.test(String(error)))
        throw error;
    }
  }
}

async function prepare(installation: KafkaInstallation, { properties }: RealKafkaOptions): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-kafka-'));
  const port = await freePort();
  const settings = { ...serverProperties(port, await freePort(), join(directory, 'data')), ...properties };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(directory, 'server.properties'), lines.join(''));
  return new Server(installation, directory, port);
}

/** https://kafka.apache.org/documentation/#brokerconfigs */
function serverProperties(port: number, controllerPort: number, dataDirectory: string) {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDirectory,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '2',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // After a crash the node waits until its former session is over.
    'broker.session.timeout.ms': '5000',
    'broker.heartbeat.interval.ms': '1000',
    'num.network.threads': '2',
    'num.io.threads': '3',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'log.cleaner.io.buffer.size': '262144',
  };
}

class Server implements RealKafka {
  readonly bootstrapServers: string;
  readonly version: string;
  readonly #installation: KafkaInstallation;
  readonly #directory: string;
  readonly #port: number;
  #running: Running | undefined;

  constructor(installation: KafkaInstallation, directory: string, port: number) {
    this.#installation = installation;
    this.#directory = directory;
    this.#port = port;
    this.bootstrapServers = `${HOST}:${port}`;
    this.version = installation.version;
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  async start(): Promise<void> {
    const format = this.#java(
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      this.#properties(),
    );
    if ((await format.exited) !== 0) throw failed('its storage could not be formatted', format);
    await this.restart();
  }

  async restart(): Promise<void> {
    if (this.#running !== undefined) await this.kill();
    const running = this.#java('kafka.Kafka', this.#properties());
    this.#running = running;
    const over = Date.now() + START_TIMEOUT;
    while (!(await answers(this.#port))) {
      if (running.child.exitCode !== null || running.child.signalCode !== null) {
        throw failed(`it ended with ${running.child.exitCode ?? running.child.signalCode}`, running);
      }
      if (Date.now() > over) throw failed(`it did not answer within ${START_TIMEOUT / 1000} s`, running);
      await sleep(PROBE_GAP);
    }
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
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
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) {
      running.child.kill('SIGTERM');
      const late = setTimeout(() => running.child.kill('SIGKILL'), STOP_TIMEOUT);
      await running.exited;
      clearTimeout(late);
    }
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #properties(): string {
    return join(this.#directory, 'server.properties');
  }

  #java(...main: string[]): Running {
    const { java, classPath } = this.#installation;
    const child = spawn(java, [...JAVA_OPTIONS, '-cp', classPath, ...main], {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C in a terminal is for the parent, which then stops things in order.
      detached: true,
    });
    return watched(child, this.#directory);
  }
}

/** Any 16 bytes in base64url: the cluster lives and dies alone. */
const CLUSTER_ID = 'd2F5YmlsbC1icm9rZXJzLg';

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** The end of what it wrote. */
  output(): string;
}

const OUTPUT_CHARACTERS = 4_000;

function watched(child: ChildProcess, directory: string): Running {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS);
    });
  }
  const guardian = watchOver(child.pid, directory);
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      guardian.dismiss();
      resolve(-1);
    });
    child.once('exit', (code) => {
      guardian.dismiss();
      resolve(code);
    });
  });
  return { child, exited, output: () => output };
}

/** A shell that waits on a pipe which only this process holds open: it ends Kafka when this process is gone. */
function watchOver(pid: number | undefined, directory: string): { dismiss(): void } {
  if (pid === undefined) return { dismiss: () => {} };
  const program = 'read _ || { kill -9 "$1"; rm -rf "$2"; }';
  const shell = spawn('sh', ['-c', program, 'sh', String(pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  return { dismiss: () => void shell.stdin.end('\n') };
}

/** ApiVersions, version 0: the port opens long before requests are answered. */
const API_VERSIONS = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
const PROBE_TIMEOUT = 5_000;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT, end(false));
    socket.once('error', end(false));
    socket.once('close', end(false));
    socket.once('data', end(true));
    socket.write(API_VERSIONS);
  });
}

function failed(what: string, running: Running): BrokerError {
  return new BrokerError('WAYBILL_BROKER_FAILED', `Kafka did not start: ${what}\n${running.output()}`);
}
